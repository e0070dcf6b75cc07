"""Which squares of evidence belong to one crack: pieces, joined over gaps along the crack."""

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
    reach = 2 * round(JOINED_CELLS * FINE) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    count, grown = cv2.connectedComponents(cv2.dilate(weak, disc), connectivity=8)
    labels = np.asarray(grown * weak, np.int32)
    if count <= 2:
        return labels
    rows, cols = np.nonzero(labels)
    owner = labels[rows, cols]
    order = np.argsort(owner, kind="stable")
    places = np.stack([cols, rows], 1)[order].astype(np.float32) / np.float32(FINE)
    parts = np.split(places, np.flatnonzero(np.diff(owner[order])) + 1)
    numbers = np.unique(owner)
    table = np.arange(count, dtype=np.int32)
    for i, one in enumerate(parts):
        for j in range(i):
            if table[numbers[i]] != table[numbers[j]] and _belong(one, parts[j]):
                table[table == table[numbers[i]]] = table[numbers[j]]
    return table[labels]


def _belong(one: Points, other: Points) -> bool:
    """Whether two pieces, (n, 2) in cells, are of one crack."""
    apart = np.maximum(one.min(0) - other.max(0), other.min(0) - one.max(0))
    if np.hypot(*np.maximum(apart, 0)) > FAR_CELLS:
        return False
    a = one[:: len(one) // _MOST_POINTS + 1]
    b = other[:: len(other) // _MOST_POINTS + 1]
    square = ((a[:, None] - b[None]) ** 2).sum(2)
    i, j = np.unravel_index(int(square.argmin()), square.shape)
    gap = b[j] - a[i]
    length = float(np.hypot(*gap))
    if length <= NEAR_CELLS:
        return True
    if length > FAR_CELLS or min(len(one), len(other)) < _LEAST_CELLS * FINE**2:
        return False
    return _points(one, a[i], gap / length) and _points(other, b[j], -gap / length)


def _points(piece: Points, end: Points, along: Points) -> bool:
    """Whether a piece's end goes on in a direction."""
    near = piece[((piece - end) ** 2).sum(1) <= _END_CELLS**2]
    out = end - near.mean(0)
    length = float(np.hypot(*out))
    # A round piece, or the side of a long one, does not point anywhere.
    return length > 0.25 * _END_CELLS and float(out @ along) > _POINTED * length
