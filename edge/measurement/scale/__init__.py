"""Millimetres per pixel: from distance and lens, a printed target, or two points.

scaling = Scaling.of(settings)      # once, ScaleSettings from the options
scaling.scale_of(frame, geotag, measure=measure)      # for each crack; None: px only
"""

from crackscan.edge.measurement.scale.camera_file import read_camera
from crackscan.edge.measurement.scale.lens import Lens
from crackscan.edge.measurement.scale.measures import (
    figure_text,
    in_mm,
    lines_of,
    measures_of,
    mm_dict,
    scale_dict,
    width_text,
)
from crackscan.edge.measurement.scale.modules import MODULES
from crackscan.edge.measurement.scale.scaling import Scaling, by_distance, by_points
from crackscan.edge.measurement.scale.settings import Distance90, ScaleSettings, TwoPoints
from crackscan.edge.measurement.scale.view import View

__all__ = [
    "MODULES",
    "Distance90",
    "Lens",
    "ScaleSettings",
    "Scaling",
    "TwoPoints",
    "View",
    "by_distance",
    "by_points",
    "figure_text",
    "in_mm",
    "lines_of",
    "measures_of",
    "mm_dict",
    "read_camera",
    "scale_dict",
    "width_text",
]
