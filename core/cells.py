"""The grid of a crack map: the network gives one probability for each square cell of a picture."""

CELL_PX = 16
"""Side of a cell in px, which is the stride of the network."""
