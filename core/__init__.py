"""What the desktop and the device share: errors, pictures, the model card, pooling, files."""
