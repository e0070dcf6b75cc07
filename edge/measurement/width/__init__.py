"""Widths and lengths of cracks, in pixels and in millimetres."""

from crackscan.edge.measurement.width.drawing import draw_width
from crackscan.edge.measurement.width.light import LIGHT, PICTURE, Tone
from crackscan.edge.measurement.width.measure import measure_crack
from crackscan.edge.measurement.width.values import (
    Branch,
    CrackMeasure,
    Reason,
    Spread,
    Width,
)

__all__ = [
    "LIGHT",
    "PICTURE",
    "Branch",
    "CrackMeasure",
    "Reason",
    "Spread",
    "Tone",
    "Width",
    "draw_width",
    "measure_crack",
]
