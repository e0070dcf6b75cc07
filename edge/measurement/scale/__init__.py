"""The scale: millimetres per pixel from distance and lens, a printed target, or two points.

estimator = ScaleEstimator.from_settings(settings)  # once per source, from ScaleSettings
scale = estimator.estimate_scale(frame, geotag, measure=measure)  # per crack; None: px only
"""

from crackscan.edge.measurement.scale.camera_file import read_camera
from crackscan.edge.measurement.scale.camera_modules import CAMERA_MODULES
from crackscan.edge.measurement.scale.estimator import ScaleEstimator
from crackscan.edge.measurement.scale.lens import Lens
from crackscan.edge.measurement.scale.measures import (
    figure_text,
    in_mm,
    lines_of,
    measurements_dict,
    measures_of,
    scale_dict,
    width_text,
)
from crackscan.edge.measurement.scale.settings import ScaleSettings, TwoPoints, WallDistance
from crackscan.edge.measurement.scale.wall_plane import (
    WallPlane,
    assume_plane,
    plane_from_points,
)

__all__ = [
    "CAMERA_MODULES",
    "Lens",
    "ScaleEstimator",
    "ScaleSettings",
    "TwoPoints",
    "WallDistance",
    "WallPlane",
    "assume_plane",
    "figure_text",
    "in_mm",
    "lines_of",
    "measurements_dict",
    "measures_of",
    "plane_from_points",
    "read_camera",
    "scale_dict",
    "width_text",
]
