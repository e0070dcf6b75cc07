"""The grid of a crack map: the network says one probability for each square cell of the picture."""

CELL_PX = 16
"""Side of a cell, px: the stride of the network."""
