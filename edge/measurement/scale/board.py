"""The printed targets: chess boards with ArUco markers in their white squares."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.errors import ScaleError


@dataclass(frozen=True)
class Board:
    """A ChArUco board; the number of its rows is odd, where all versions of OpenCV agree on it."""

    name: str
    columns: int
    rows: int
    square_mm: float
    marker_mm: float
    dictionary: str
    """Of ArUco; each board has its own, so that none is taken for another."""
    modules: int
    """Cells along the side of a marker, without its black border."""

    @property
    def width_mm(self) -> float:
        return self.columns * self.square_mm

    @property
    def height_mm(self) -> float:
        return self.rows * self.square_mm

    @property
    def corners(self) -> int:
        """How many inner corners it has."""
        return (self.columns - 1) * (self.rows - 1)

    def corner_mm(self, ids: Sequence[int] | NDArray[np.integer]) -> NDArray[np.float64]:
        """Where inner corners lie, (n, 2): x, y from the board's upper left corner."""
        row, column = np.divmod(np.asarray(ids, np.intp), self.columns - 1)
        return np.stack([column + 1, row + 1], axis=1) * self.square_mm

    def squares(self) -> list[tuple[int, int, int | None]]:
        """(row, column, marker): the marker's number in white squares, None in black ones."""
        found, number = [], 0
        for row in range(self.rows):
            for column in range(self.columns):
                white = (row + column) % 2 == 1
                found.append((row, column, number if white else None))
                number += white
        return found


SHEET = Board("target", 5, 7, 35.0, 24.0, "DICT_4X4_50", 4)
"""Fills a sheet of A4."""
GAUGE = Board("gauge", 9, 3, 8.0, 5.6, "DICT_5X5_50", 5)
"""A strip to hold beside a crack in close-ups."""
BOARDS = (SHEET, GAUGE)


@cache
def aruco() -> Any:
    """OpenCV's ArUco module. Raises ScaleError where OpenCV was built without it."""
    found = getattr(cv2, "aruco", None)
    if found is None:
        raise ScaleError(
            f"this OpenCV ({cv2.__version__}) has no ArUco module, which the printed target needs: "
            "take OpenCV 4.7 or newer, or the OS's own: apt install python3-opencv"
        )
    return found


def modern() -> bool:
    """Whether ArUco has the interface of OpenCV 4.7 and later."""
    return hasattr(aruco(), "CharucoDetector")


@cache
def dictionary(name: str) -> Any:
    module = aruco()
    return module.getPredefinedDictionary(getattr(module, name))


@cache
def opencv_board(board: Board) -> Any:
    """The board as OpenCV has it, in mm."""
    size = board.columns, board.rows
    sides = board.square_mm, board.marker_mm
    words = dictionary(board.dictionary)
    module = aruco()
    if modern():
        return module.CharucoBoard(size, *sides, words)
    return module.CharucoBoard_create(*size, *sides, words)


def marker_modules(board: Board, number: int) -> NDArray[np.bool_]:
    """The cells of a marker with its border, (modules + 2, modules + 2), true where black."""
    side = board.modules + 2
    module = aruco()
    words = dictionary(board.dictionary)
    if modern():
        picture = module.generateImageMarker(words, number, side)
    else:
        picture = module.drawMarker(words, number, side)
    return np.asarray(picture) < 128
