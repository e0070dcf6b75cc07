"""What the desktop and the device share: errors, pictures, crack maps, the model card, files."""
