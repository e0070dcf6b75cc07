"""Views of the printed sheet through a known lens, as corners."""

import numpy as np

from crackscan.convert.scale_renderings import CameraPose, pose_at
from crackscan.edge.measurement.scale.charuco_board import SHEET
from crackscan.edge.measurement.scale.corner_detection import DetectedCorners
from crackscan.edge.measurement.scale.lens import Lens

LENS = Lens(640, 480, 620.0, 620.0, 316.0, 243.0, 0.0, "true", (-0.25, 0.08, 0.0, 0.0, 0.0))


def poses(
    count: int, seed: int = 0, tilt_deg: float = 35.0, share: float = 0.75
) -> list[CameraPose]:
    """Poses of the sheet, distributed over the frame."""
    rng = np.random.default_rng(seed)
    return [
        pose_at(rng, SHEET, LENS, share * rng.uniform(0.7, 1.1), rng.uniform(0.4, 1) * tilt_deg)
        for _ in range(count)
    ]


def corners_of(pose: CameraPose, noise_px: float = 0.1, seed: int = 0) -> DetectedCorners:
    """The corners inside the frame with a little noise, as a detection would give them."""
    ids = np.arange(SHEET.corner_count)
    places = pose.project_points(SHEET.locate_corners(ids), LENS)
    places = places + np.random.default_rng(seed).normal(0, noise_px, places.shape)
    inside = ((places > 3) & (places < (LENS.width_px - 4, LENS.height_px - 4))).all(axis=1)
    return DetectedCorners(SHEET, ids[inside], places[inside])
