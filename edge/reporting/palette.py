"""The colours of overlays and captions, RGB."""

Colour = tuple[int, int, int]

AMBER: Colour = (255, 196, 0)
"""A finding at the threshold, and a frame that cannot be judged."""
RED: Colour = (232, 16, 36)
"""A certain finding."""
GREEN: Colour = (24, 122, 62)
"""Caption of a frame without a finding."""
ALARM: Colour = (206, 12, 30)
"""Caption of a frame with findings."""
INK: Colour = (16, 16, 18)
PAPER: Colour = (255, 255, 255)
