"""The live view: what the scan sees, on a phone or a desktop, in a browser."""
