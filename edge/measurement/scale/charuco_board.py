"""The printed boards: chessboards with ArUco markers in their white squares (ChArUco)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class CharucoBoard:
    """A ChArUco board; the number of rows is odd, because OpenCV versions differ for even ones."""

    name: str
    columns: int
    rows: int
    square_mm: float
    marker_mm: float
    dictionary: str
    """Name of the ArUco dictionary; each board has its own, so that they are never confused."""
    marker_bits: int
    """Bits along the side of a marker, without its black border."""

    @property
    def width_mm(self) -> float:
        return self.columns * self.square_mm

    @property
    def height_mm(self) -> float:
        return self.rows * self.square_mm

    @property
    def corner_count(self) -> int:
        """Number of inner corners."""
        return (self.columns - 1) * (self.rows - 1)

    def locate_corners(self, ids: Sequence[int] | NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the position (n, 2) of inner corners: x, y from the upper left corner, mm."""
        row, column = np.divmod(np.asarray(ids, np.intp), self.columns - 1)
        return np.stack([column + 1, row + 1], axis=1) * self.square_mm

    def list_squares(self) -> list[tuple[int, int, int | None]]:
        """List (row, column, number of the marker); black squares have the number None."""
        squares, number = [], 0
        for row in range(self.rows):
            for column in range(self.columns):
                white = (row + column) % 2 == 1
                squares.append((row, column, number if white else None))
                number += white
        return squares


SHEET = CharucoBoard("target", 5, 7, 35.0, 24.0, "DICT_4X4_50", 4)
"""The calibration target, which fills a sheet of A4 or Letter."""
GAUGE = CharucoBoard("gauge", 9, 3, 8.0, 5.6, "DICT_5X5_50", 5)
"""A strip to lay beside a crack in close-ups."""
BOARDS = (SHEET, GAUGE)
