"""Widths and lengths of cracks, in pixels and in millimetres."""

from crackscan.edge.width.drawing import draw_width
from crackscan.edge.width.light import LIGHT, PICTURE, Tone
from crackscan.edge.width.measure import measure_crack
from crackscan.edge.width.values import Branch, CrackMeasure, Length, Reason, Scale, Spread, Width

__all__ = [
    "LIGHT",
    "PICTURE",
    "Branch",
    "CrackMeasure",
    "Length",
    "Reason",
    "Scale",
    "Spread",
    "Tone",
    "Width",
    "draw_width",
    "measure_crack",
]
