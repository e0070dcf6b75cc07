"""OpenCV's ArUco module with one interface for OpenCV 4.6 and for 4.7 and later."""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.errors import ScaleError
from crackscan.edge.measurement.scale.charuco_board import CharucoBoard

DetectedIds = tuple[NDArray[np.intp], NDArray[np.float64]]
"""Numbers of corners (n,) and their points in the picture (n, 2), px."""


@cache
def import_aruco() -> Any:
    """Return the module `cv2.aruco`. Raises ScaleError if OpenCV was built without it."""
    module = getattr(cv2, "aruco", None)
    if module is None:
        raise ScaleError(
            f"this OpenCV ({cv2.__version__}) has no ArUco module, which the printed target needs: "
            "install OpenCV 4.7 or later, or the OS's own: apt install python3-opencv"
        )
    return module


def detect_charuco(grey: NDArray[np.uint8], board: CharucoBoard) -> DetectedIds | None:
    """Detect the inner corners of a board in a picture (height, width); None if there are none.

    Raises ScaleError if OpenCV was built without ArUco.
    """
    module = import_aruco()
    if _is_modern():
        corners, ids, _, _ = _charuco_detector(board).detectBoard(grey)
    else:
        parameters = module.DetectorParameters_create()
        dictionary = _load_dictionary(board.dictionary)
        markers, numbers, _ = module.detectMarkers(grey, dictionary, parameters=parameters)
        if numbers is None or not len(numbers):
            return None
        _, corners, ids = module.interpolateCornersCharuco(
            markers, numbers, grey, build_opencv_board(board)
        )
    if corners is None or ids is None or not len(ids):
        return None
    return np.asarray(ids, np.intp).ravel(), np.asarray(corners, np.float64).reshape(-1, 2)


@cache
def build_opencv_board(board: CharucoBoard) -> Any:
    """Build OpenCV's object for a board; its unit is mm."""
    size = board.columns, board.rows
    sides = board.square_mm, board.marker_mm
    dictionary = _load_dictionary(board.dictionary)
    module = import_aruco()
    if _is_modern():
        return module.CharucoBoard(size, *sides, dictionary)
    return module.CharucoBoard_create(*size, *sides, dictionary)


def draw_marker(board: CharucoBoard, number: int) -> NDArray[np.bool_]:
    """Return the bits of a marker with its border, (marker_bits + 2,) * 2; True is black."""
    side = board.marker_bits + 2
    module = import_aruco()
    dictionary = _load_dictionary(board.dictionary)
    if _is_modern():
        picture = module.generateImageMarker(dictionary, number, side)
    else:
        picture = module.drawMarker(dictionary, number, side)
    return np.asarray(picture) < 128


def _is_modern() -> bool:
    """Whether ArUco has the interface of OpenCV 4.7 and later."""
    return hasattr(import_aruco(), "CharucoDetector")


@cache
def _charuco_detector(board: CharucoBoard) -> Any:
    return import_aruco().CharucoDetector(build_opencv_board(board))


@cache
def _load_dictionary(name: str) -> Any:
    module = import_aruco()
    return module.getPredefinedDictionary(getattr(module, name))
