"""Width and length of cracks, and the scale that turns pixels into millimetres."""
