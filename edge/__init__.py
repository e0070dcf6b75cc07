"""What runs on the Raspberry Pi: frames in, crack maps, findings and records out."""
