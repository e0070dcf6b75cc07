"""Which squares of evidence belong to one crack: pieces, joined over gaps along the crack."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.evidence import FINE

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
    labels = np.zeros(mask.shape, np.int32)
    part = around(mask)
    if mask[part].size:
        labels[part] = _labels(mask[part])
    return labels


def around(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rows and columns that hold all of a mask; none where it is empty."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)


def _labels(mask: NDArray[np.bool_]) -> Labels:
    weak = mask.astype(np.uint8)
    count, grown = cv2.connectedComponents(cv2.dilate(weak, _DISC), connectivity=8)
    labels = np.asarray(grown * weak, np.int32)
    if count <= 2:
        return labels
    rows, cols = np.nonzero(labels)
    owner = labels[rows, cols]
    order = np.argsort(owner, kind="stable")
    places = np.stack([cols, rows], 1)[order].astype(np.float32) / np.float32(FINE)
    # Every label has squares: it grew from them.
    ends = np.cumsum(np.bincount(owner, minlength=count)[1:-1])
    parts = [_piece(one) for one in np.split(places, ends)]
    into = list(range(count))
    for i, one in enumerate(parts, 1):
        for j, other in enumerate(parts[: i - 1], 1):
            if into[i] != into[j] and _belong(one, other):
                into = [into[j] if number == into[i] else number for number in into]
    table = np.array(into, np.int32)
    return table[labels]


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


def _piece(places: Points) -> _Piece:
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
