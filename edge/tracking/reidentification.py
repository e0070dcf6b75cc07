"""Where findings lie on the wall that is out of reach: one that comes back is known."""

from collections import Counter
from collections.abc import Container

import numpy as np

from crackscan.edge.detection.finding import Mask
from crackscan.edge.tracking.components import Labels
from crackscan.edge.tracking.evidence_grid import FINE, Window

Place = tuple[int, int]
"""Row and column of a cell of the wall."""

_SAME = 0.5
"""Share of a finding's places where another one lay, from which on it is that one."""
_DRIFT = range(-1, 2)
"""Cells by which the wall may seem to have moved while the camera was away."""


class Remembered:
    """The places of findings that the window has left.

    It holds what it is given until it is told to `forget` a finding, and so grows with the findings
    that are still open, not with the wall.
    """

    def __init__(self) -> None:
        self._numbers: dict[Place, int] = {}

    def keep(self, findings: Container[int], owners: Labels, window: Window) -> None:
        """Remember the squares of a window that some findings own."""
        owned = owners > 0
        numbers = owners[owned].tolist()
        for place, number in zip(_places(owned, window), numbers, strict=True):
            if number in findings:
                self._numbers[place] = number

    def known(self, number: int, owners: Labels, window: Window) -> int | None:
        """The finding that lay where another one is now; None if that one is new."""
        if not self._numbers:
            return None
        places = set(_places(owners == number, window))
        lay = Counter(one for place in places for one in self._near(place))
        del lay[number]
        for known, shared in lay.most_common(1):
            return known if shared >= _SAME * len(places) else None
        return None

    def become(self, kept: int, gone: int) -> None:
        """A finding is part of another from now on."""
        for place, number in self._numbers.items():
            if number == gone:
                self._numbers[place] = kept

    def forget(self, number: int) -> None:
        """A finding is complete."""
        self._numbers = {at: one for at, one in self._numbers.items() if one != number}

    def _near(self, place: Place) -> set[int]:
        row, col = place
        around = ((row + down, col + across) for down in _DRIFT for across in _DRIFT)
        return {self._numbers[one] for one in around if one in self._numbers}


def _places(squares: Mask, window: Window) -> list[Place]:
    """The cells of the wall that some squares of a window lie in, in their order."""
    rows, cols = np.divmod(np.flatnonzero(squares), window.cols)
    down, across = (rows + window.top) // FINE, (cols + window.left) // FINE
    return list(zip(down.tolist(), across.tolist(), strict=True))
