"""The widths and lengths of cracks, with their uncertainty.

`measure_crack` runs these steps: search for centre lines (ridges, linking, bridging of gaps),
estimation of the width at each point (profiles, likelihood, posterior), acceptance of the lines,
and their summary.
"""

from crackscan.edge.measurement.width.crack_measurement import measure_crack
from crackscan.edge.measurement.width.drawing import draw_width
from crackscan.edge.measurement.width.tone_curve import ENCODED, LINEAR, ToneCurve
from crackscan.edge.measurement.width.values import (
    Branch,
    CrackMeasure,
    Reason,
    Width,
    WidthStatistics,
)

__all__ = [
    "ENCODED",
    "LINEAR",
    "Branch",
    "CrackMeasure",
    "Reason",
    "ToneCurve",
    "Width",
    "WidthStatistics",
    "draw_width",
    "measure_crack",
]
