"""Detection of the corners of a printed board in a picture."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.scale.aruco import detect_charuco
from crackscan.edge.measurement.scale.charuco_board import CharucoBoard
from crackscan.edge.measurement.scale.parameters import PARAMETERS


@dataclass(frozen=True, eq=False)
class DetectedCorners:
    """Inner corners of a board that were detected in a picture."""

    board: CharucoBoard
    ids: NDArray[np.intp]
    """(n,) numbers of the corners."""
    points: NDArray[np.float64]
    """(n, 2) x, y in the picture, sub-pixel; pixel centres are at whole numbers."""

    @property
    def board_mm(self) -> NDArray[np.float64]:
        """(n, 2) positions on the board."""
        return self.board.locate_corners(self.ids)


def detect_corners(grey: NDArray[np.uint8], board: CharucoBoard) -> DetectedCorners | None:
    """Detect the corners of a board in a picture (height, width); None if there are too few.

    Corners that lie on one line are too few, too, because they do not determine a plane. Markers:
    Garrido-Jurado et al., "Automatic generation and detection of highly reliable fiducial markers
    under occlusion" (2014). Raises ScaleError if OpenCV was built without ArUco.
    """
    detected = detect_charuco(grey, board)
    if detected is None:
        return None
    ids, points = detected
    if len(ids) < PARAMETERS.fewest_corners:
        return None
    if np.linalg.matrix_rank(points - points.mean(axis=0), tol=2.0) < 2:
        return None
    return DetectedCorners(board, ids, _refine_points(grey, points))


def _refine_points(grey: NDArray[np.uint8], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move points onto the corners of the squares; the search does not reach the markers."""
    gap = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    np.fill_diagonal(gap, np.inf)
    reach_px = int(np.clip(0.13 * float(np.median(gap.min(axis=1))), 2, 11))
    until = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 40, 0.005)
    start = np.array(points, np.float32).reshape(-1, 1, 2)
    moved = cv2.cornerSubPix(grey, start, (reach_px, reach_px), (-1, -1), until)
    return np.asarray(moved, np.float64).reshape(-1, 2)
