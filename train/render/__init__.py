"""Cracks and look-alikes rendered on real concrete, with exact masks and widths."""
