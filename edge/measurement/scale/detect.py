"""Finds the printed targets' corners in a picture, with the ArUco of OpenCV 4.6 and of today's."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.scale.board import Board, aruco, dictionary, modern, opencv_board

FEWEST = 6
"""Corners of a board that are seen at once; fewer tell no plane."""


@dataclass(frozen=True, eq=False)
class Corners:
    """Inner corners of a board as seen in a picture."""

    board: Board
    ids: NDArray[np.intp]
    """(n,) their numbers."""
    places: NDArray[np.float64]
    """(n, 2) x, y in the picture, sub-pixel, pixel centres at whole numbers."""

    @property
    def mm(self) -> NDArray[np.float64]:
        """(n, 2) where they lie on the board."""
        return self.board.corner_mm(self.ids)


def find_corners(grey: NDArray[np.uint8], board: Board) -> Corners | None:
    """The corners of a board in a picture (H, W), None where fewer than FEWEST are seen.

    Markers: Garrido-Jurado et al., "Automatic generation and detection of highly reliable fiducial
    markers" (2014). Raises ScaleError where OpenCV lacks ArUco.
    """
    found = _modern(grey, board) if modern() else _older(grey, board)
    if found is None:
        return None
    ids, places = found
    if len(ids) < FEWEST or np.linalg.matrix_rank(places - places.mean(axis=0), tol=2.0) < 2:
        return None
    refined = _refined(grey, places)
    return Corners(board, ids, refined)


def _modern(
    grey: NDArray[np.uint8], board: Board
) -> tuple[NDArray[np.intp], NDArray[np.float64]] | None:
    corners, ids, _, _ = _detector(board).detectBoard(grey)
    return _table(corners, ids)


@cache
def _detector(board: Board) -> Any:
    return aruco().CharucoDetector(opencv_board(board))


def _older(
    grey: NDArray[np.uint8], board: Board
) -> tuple[NDArray[np.intp], NDArray[np.float64]] | None:
    module = aruco()
    parameters = module.DetectorParameters_create()
    words = dictionary(board.dictionary)
    markers, numbers, _ = module.detectMarkers(grey, words, parameters=parameters)
    if numbers is None or not len(numbers):
        return None
    _, corners, ids = module.interpolateCornersCharuco(markers, numbers, grey, opencv_board(board))
    return _table(corners, ids)


def _table(corners: Any, ids: Any) -> tuple[NDArray[np.intp], NDArray[np.float64]] | None:
    if corners is None or ids is None or not len(ids):
        return None
    return np.asarray(ids, np.intp).ravel(), np.asarray(corners, np.float64).reshape(-1, 2)


def _refined(grey: NDArray[np.uint8], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The places, moved onto the corners of the squares, looking no further than the markers."""
    gap = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    np.fill_diagonal(gap, np.inf)
    reach = int(np.clip(0.13 * float(np.median(gap.min(axis=1))), 2, 11))
    until = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 40, 0.005)
    start = np.array(places, np.float32).reshape(-1, 1, 2)
    moved = cv2.cornerSubPix(grey, start, (reach, reach), (-1, -1), until)
    return np.asarray(moved, np.float64).reshape(-1, 2)
