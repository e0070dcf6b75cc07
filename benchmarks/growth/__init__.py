"""How cost grows: with a frame's pixels, its cracks, a record's findings, a folder's pictures."""
