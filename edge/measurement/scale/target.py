"""The printed target in a picture gives the wall's plane: the scale at every place, tilt undone."""

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.scale.board import BOARDS
from crackscan.edge.measurement.scale.detect import Corners, find_corners
from crackscan.edge.measurement.scale.lens import Lens, unknown_lens
from crackscan.edge.measurement.scale.view import View

PRINT_SHARE = 0.005
"""90 % uncertainty of the printed size: 1 mm on the sheet's control ruler of 200 mm."""
OFF_PX = 2.0
"""A board whose corners lie further from one plane, in the median, is none: markers misread."""
_LEAST_OFF_PX = 0.1
"""Corners are believed to no better than this (one standard deviation)."""
_THICK = 0.005
"""The sheet lies flat on the wall to within so much of the distance (90 %)."""


def find_target(grey: NDArray[np.uint8], lens: Lens | None = None) -> View | None:
    """The wall's plane from the sheet or the gauge that lies on it, None where none is seen.

    `grey` is uint8 (H, W). With a calibrated lens its distortion is undone first. The scale's
    uncertainty grows away from the target, the faster the smaller it appears. Raises ScaleError
    where OpenCV lacks ArUco.
    """
    for board in BOARDS:
        found = find_corners(grey, board)
        if found is not None:
            view = plane_of(found, lens or unknown_lens(grey.shape[1], grey.shape[0]))
            if view is not None:
                return view
    return None


def plane_of(corners: Corners, lens: Lens) -> View | None:
    """The view of the plane that a board's corners lie on; None where they do not fit one.

    The homography's own uncertainty is that of least squares from the corners' scatter: Hartley &
    Zisserman, "Multiple View Geometry" (2003), section 5.2.
    """
    straight = lens.undistorted(corners.places)
    to_mm, _ = cv2.findHomography(straight, corners.mm, 0)
    if to_mm is None or not np.isfinite(to_mm).all():
        return None
    slope, off_px = _residuals(np.asarray(to_mm, np.float64), straight, corners.mm)
    if float(np.median(np.hypot(off_px[::2], off_px[1::2]))) > OFF_PX:
        return None
    noise_px = float(np.sqrt((off_px**2).sum() / max(len(off_px) - 8, 1)))
    noise_px = max(noise_px, _LEAST_OFF_PX)
    unit = np.linalg.norm(slope, axis=0)
    scaled = np.linalg.pinv((slope / unit).T @ (slope / unit), rcond=1e-12, hermitian=True)
    x, y = corners.places.mean(axis=0)
    return View(
        to_mm=np.asarray(to_mm, np.float64),
        relative_uncertainty=float(np.hypot(PRINT_SHARE, _THICK)),
        sure_at=(float(x), float(y)),
        source=f"printed {corners.board.name}",
        lens=lens,
        covariance=noise_px**2 * scaled / np.outer(unit, unit),
    )


def _residuals(
    to_mm: NDArray[np.float64], places: NDArray[np.float64], mm: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of the homography's first eight numbers the slope (2 n, 8), and the misfit (2 n,), in px."""
    full = np.column_stack([places, np.ones(len(places))])
    seen = full @ to_mm.T
    found, depth = seen[:, :2] / seen[:, 2:], seen[:, 2]
    # How many mm a px is, here: the root of the mapping's determinant.
    mm_per_px = np.sqrt(np.abs(np.linalg.det(to_mm) / depth**3))
    slope = np.zeros((len(places), 2, 8))
    for axis in (0, 1):
        slope[:, axis, 3 * axis : 3 * axis + 3] = full / depth[:, None]
        slope[:, axis, 6:8] = -found[:, axis, None] * full[:, :2] / depth[:, None]
    off = (found - mm) / mm_per_px[:, None]
    return (slope / mm_per_px[:, None, None]).reshape(-1, 8), off.ravel()
