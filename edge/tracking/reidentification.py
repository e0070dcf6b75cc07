"""Re-identification: recognises a crack that left the window and came back."""

from collections import Counter
from collections.abc import Container

import numpy as np

from crackscan.edge.detection.finding import Mask
from crackscan.edge.tracking.components import Labels
from crackscan.edge.tracking.evidence_grid import SUBCELLS, Window

WallCell = tuple[int, int]
"""Row and column of a cell of the wall section."""

_SAME_SHARE = 0.5
"""Share of a track's cells that a lost track must have covered to be the same; hand-tuned."""
_DRIFT_CELLS = range(-1, 2)
"""Cells by which the registration may have drifted while the camera was away."""


class LostCells:
    """The wall cells of tracks that the window has left.

    Cells are kept until their track is dropped, so that the memory grows with the number of open
    tracks, not with the wall.
    """

    def __init__(self) -> None:
        self._numbers: dict[WallCell, int] = {}

    def store_cells(self, tracks: Container[int], owners: Labels, window: Window) -> None:
        """Keep the cells of a window that some tracks own."""
        owned = owners > 0
        numbers = owners[owned].tolist()
        for cell, number in zip(_wall_cells(owned, window), numbers, strict=True):
            if number in tracks:
                self._numbers[cell] = number

    def match_track(self, number: int, owners: Labels, window: Window) -> int | None:
        """The lost track that lay where a track lies now; None if there is none."""
        if not self._numbers:
            return None
        cells = set(_wall_cells(owners == number, window))
        covered = Counter(one for cell in cells for one in self._numbers_near(cell))
        del covered[number]
        for lost, shared in covered.most_common(1):
            return lost if shared >= _SAME_SHARE * len(cells) else None
        return None

    def merge_tracks(self, kept: int, gone: int) -> None:
        """Note that one track has become part of another."""
        for cell, number in self._numbers.items():
            if number == gone:
                self._numbers[cell] = kept

    def drop_track(self, number: int) -> None:
        """Forget the cells of a track that is complete."""
        self._numbers = {at: one for at, one in self._numbers.items() if one != number}

    def _numbers_near(self, cell: WallCell) -> set[int]:
        row, col = cell
        near = ((row + down, col + across) for down in _DRIFT_CELLS for across in _DRIFT_CELLS)
        return {self._numbers[one] for one in near if one in self._numbers}


def _wall_cells(subcells: Mask, window: Window) -> list[WallCell]:
    """The wall cells that the marked subcells of a window lie in, in their order."""
    rows, cols = np.divmod(np.flatnonzero(subcells), window.cols)
    down, across = (rows + window.top) // SUBCELLS, (cols + window.left) // SUBCELLS
    return list(zip(down.tolist(), across.tolist(), strict=True))
