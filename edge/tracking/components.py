"""Which squares of evidence belong to one crack: pieces, joined over gaps along the crack."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.tracking.evidence_grid import FINE

Labels = NDArray[np.int32]
Points = NDArray[np.float32]

JOINED_CELLS = 1.5
"""Pieces grow by this on each side before they are told apart."""
NEAR_CELLS = 5.0
"""Pieces closer than this are one crack,"""
FAR_CELLS = 14.0
"""and those closer than this are, if their ends point at each other."""
_END_CELLS = 5.0
"""How much of a piece tells where its end points."""
_POINTED = 0.75
"""Cosine of the angle between an end and the gap."""
_LEAST_CELLS = 3
"""A smaller piece has no direction."""
_MOST_POINTS = 150
"""Of a piece, for the distance to another: exact to a cell."""
_REACH = 2 * round(JOINED_CELLS * FINE) + 1
_DISC = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_REACH, _REACH))


def pieces(mask: NDArray[np.bool_]) -> Labels:
    """Number the pieces of a mask of squares, from 1; 0 is outside.

    A crack that fades, or passes under a stain, leaves several pieces of evidence. They are one
    where they nearly touch, or where each has an end that points at the other over the gap: good
    continuation, as perceptual grouping has it (Lowe 1985).
    """
    found = touching(mask)
    return np.array(joined(found, lambda one, other: one != other), np.int32)[found.labels]


@dataclass(frozen=True, eq=False)
class Touching:
    """Pieces of which none nearly touches another."""

    labels: Labels
    """Of each square, from 1; 0 is outside."""
    count: int
    """One more than there are pieces."""
    boxes: list[list[int]]
    """Of each label: left, top, width, height and area, as grown."""


def around(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rows and columns that hold a mask's squares and all that nearly touches them."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    reach = _REACH // 2
    return (
        slice(max(top - reach, 0), top + height + reach),
        slice(max(left - reach, 0), left + width + reach),
    )


def touching(mask: NDArray[np.bool_]) -> Touching:
    """Number the pieces of a mask by what nearly touches."""
    weak = mask.view(np.uint8)
    wide = cv2.dilate(weak, _DISC)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(
        wide, connectivity=8, ltype=cv2.CV_16U
    )
    return Touching(np.asarray(labels * weak, np.int32), int(count), boxes.tolist())


def grown(labels: Labels) -> Labels:
    """Labels spread to what nearly touches them; where two meet, the larger one."""
    spread = cv2.dilate(labels.astype(np.float32), _DISC)  # exact up to 2**24 of them
    return spread.astype(np.int32)


def joined(found: Touching, may_be: Callable[[int, int], bool]) -> list[int]:
    """Join pieces over gaps along the crack, where two of them may be one.

    Returns the label of the whole, for each label.
    """
    near = [
        (i, j)
        for i in range(1, found.count)
        for j in range(1, i)
        if _are_near(found.boxes[i], found.boxes[j]) and may_be(i, j)
    ]
    points = {
        label: _piece(found, label) for label in sorted({label for pair in near for label in pair})
    }
    into = list(range(found.count))
    for i, j in near:
        if into[i] != into[j] and _belong(points[i], points[j]):
            into = [into[j] if number == into[i] else number for number in into]
    return into


def _are_near(one: list[int], other: list[int]) -> bool:
    """Whether two boxes are so near that there may be no more than FAR_CELLS between them."""
    far = FAR_CELLS * FINE
    return (
        one[0] - other[0] - other[2] <= far
        and other[0] - one[0] - one[2] <= far
        and one[1] - other[1] - other[3] <= far
        and other[1] - one[1] - one[3] <= far
    )


@dataclass(frozen=True, eq=False)
class _Piece:
    """The squares of a piece, in cells."""

    places: Points
    some: Points
    """Of them, _MOST_POINTS at the most."""
    from_some: Points
    to_some: Points
    """Their product is the square of each distance: (x, y, x² + y², 1), (-2x, -2y, 1, x² + y²)."""
    box: tuple[float, float, float, float]
    """Least x and y, greatest x and y."""


def _piece(found: Touching, label: int) -> _Piece:
    left, top, width, height, _ = found.boxes[label]
    rows, cols = np.nonzero(found.labels[top : top + height, left : left + width] == label)
    places = np.stack([cols + left, rows + top], 1).astype(np.float32) / np.float32(FINE)
    low, high = places.min(0).tolist(), places.max(0).tolist()
    some = places[:: len(places) // _MOST_POINTS + 1]
    square, one = (some * some).sum(1, keepdims=True), np.ones((len(some), 1), np.float32)
    return _Piece(
        places,
        some,
        np.hstack([some, square, one]),
        np.hstack([-2 * some, one, square]),
        (low[0], low[1], high[0], high[1]),
    )


def _belong(one: _Piece, other: _Piece) -> bool:
    """Whether two pieces are of one crack."""
    left, top, right, bottom = one.box
    other_left, other_top, other_right, other_bottom = other.box
    across = max(left - other_right, other_left - right, 0.0)
    down = max(top - other_bottom, other_top - bottom, 0.0)
    if math.hypot(across, down) > FAR_CELLS:
        return False
    a, b = one.some, other.some
    i, j = divmod(int((one.from_some @ other.to_some.T).argmin()), len(b))
    gap = b[j] - a[i]
    length = math.hypot(*gap.tolist())
    if length <= NEAR_CELLS:
        return True
    if length > FAR_CELLS or min(len(one.places), len(other.places)) < _LEAST_CELLS * FINE**2:
        return False
    along = gap / length
    return _points(one.places, a[i], along) and _points(other.places, b[j], -along)


def _points(piece: Points, end: Points, along: Points) -> bool:
    """Whether a piece's end goes on in a direction."""
    near = piece[((piece - end) ** 2).sum(1) <= _END_CELLS**2]
    out = end - near.mean(0)
    length = float(np.hypot(*out))
    # A round piece, or the side of a long one, does not point anywhere.
    return length > 0.25 * _END_CELLS and float(out @ along) > _POINTED * length
