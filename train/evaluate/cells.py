"""The cell protocol: does the crack map mark the right cells of a photograph with a known mask?

A cell is crack with at least 4 crack pixels in it. A predicted cell is right if a crack cell is
within one cell of it (8 neighbours or itself); a crack cell is found if a predicted one is. F1 is
taken of the two rates over all cells of the set, so the counts of the pictures are summed first.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

MIN_CRACK_PIXELS = 4

Cells = NDArray[np.bool_]


@dataclass(frozen=True)
class CellCounts:
    """Sums over pictures; `+` joins two."""

    cells: int = 0
    predicted: int = 0
    right: int = 0
    cracks: int = 0
    found: int = 0

    def __add__(self, other: "CellCounts") -> "CellCounts":
        return CellCounts(
            self.cells + other.cells,
            self.predicted + other.predicted,
            self.right + other.right,
            self.cracks + other.cracks,
            self.found + other.found,
        )

    @property
    def precision(self) -> float:
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        return self.found / self.cracks if self.cracks else 0.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def crack_cells(mask: NDArray[np.generic], cell_px: int) -> Cells:
    """(height, width) mask, non-zero = crack, to (rows, cols) of bool.

    The last row and column may be cut by the border: only the pixels that exist count.
    """
    height, width = mask.shape
    whole = np.pad(mask != 0, ((0, -height % cell_px), (0, -width % cell_px)))
    blocks = whole.reshape(whole.shape[0] // cell_px, cell_px, whole.shape[1] // cell_px, cell_px)
    counted: NDArray[np.int64] = blocks.sum(axis=(1, 3))
    return counted >= MIN_CRACK_PIXELS


def match_cells(predicted: Cells, cracks: Cells) -> CellCounts:
    """Both (rows, cols) of bool, one picture."""
    return CellCounts(
        cells=cracks.size,
        predicted=int(predicted.sum()),
        right=int((predicted & _grow_cells(cracks)).sum()),
        cracks=int(cracks.sum()),
        found=int((cracks & _grow_cells(predicted)).sum()),
    )


def _grow_cells(cells: Cells) -> Cells:
    """Each marked cell and its 8 neighbours."""
    grown: Cells = cv2.dilate(cells.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return grown
