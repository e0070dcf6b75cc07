"""The skeleton of a mask, without spurs, and the width of the mask along it."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
NEIGHBOURS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
"""Offsets of a pixel's neighbours, clockwise from the one above, (row, column)."""
SPUR_HALF_WIDTHS = 1.3
"""Branches shorter than this many half-widths (plus 2 px) are corners of the mask, not cracks."""


def skeletonize_mask(mask: Mask) -> Mask:
    """The skeleton (centre line) of a bool (height, width) mask, without spurs.

    Thinning after Zhang & Suen, "A fast parallel algorithm for thinning digital patterns" (1984).
    """
    thin = _thin_mask(mask)
    half = half_width(mask)
    for _ in range(3):
        spurs = _find_spurs(thin, half)
        if not spurs.any():
            break
        thin = _thin_mask(thin & ~spurs)
    return thin


def half_width(mask: Mask) -> NDArray[np.float32]:
    """Distance of each pixel to the nearest one outside, where the picture's border is not one."""
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1], np.float32)


def length_px(line: Mask) -> float:
    """Length of a one-pixel line: 1 for a side step, the square root of 2 for a diagonal one."""
    one = line.astype(np.int64)
    straight = (one[:, 1:] & one[:, :-1]).sum() + (one[1:] & one[:-1]).sum()
    down = one[1:, 1:] & one[:-1, :-1] & ~one[1:, :-1] & ~one[:-1, 1:]
    up = one[1:, :-1] & one[:-1, 1:] & ~one[1:, 1:] & ~one[:-1, :-1]
    return float(straight + np.sqrt(2) * ((down & 1).sum() + (up & 1).sum()))


@lru_cache(maxsize=1)
def _removal_tables() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each of the 256 neighbourhoods, whether either half-step may take the pixel away."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    count = bits.sum(axis=1)
    rises = ((bits == 0) & (np.roll(bits, -1, axis=1) == 1)).sum(axis=1)
    edge = (count >= 2) & (count <= 6) & (rises == 1)
    up, right, down, left = bits[:, 0], bits[:, 2], bits[:, 4], bits[:, 6]
    return (
        edge & (up * right * down == 0) & (right * down * left == 0),
        edge & (up * right * left == 0) & (up * down * left == 0),
    )


def _thin_mask(mask: Mask) -> Mask:
    line = np.pad(mask, 1)
    while True:
        before = line.sum()
        for table in _removal_tables():
            row, column = np.nonzero(line)
            code = np.zeros(len(row), np.intp)
            for bit, (down, right) in enumerate(NEIGHBOURS):
                code |= line[row + down, column + right].astype(np.intp) << bit
            gone = table[code]
            line[row[gone], column[gone]] = False
        if line.sum() == before:
            return line[1:-1, 1:-1]


def _find_spurs(line: Mask, half: NDArray[np.float32]) -> Mask:
    """Short branches that begin at a fork and end free."""
    one = line.astype(np.uint8)
    around = np.ones((3, 3), np.float32)
    count = cv2.filter2D(one, cv2.CV_32F, around, borderType=cv2.BORDER_CONSTANT) - 1
    fork = cv2.dilate((line & (count > 2.5)).astype(np.uint8), around.astype(np.uint8)) > 0
    _, label, stats, _ = cv2.connectedComponentsWithStats((line & ~fork).astype(np.uint8))
    spurs = np.zeros_like(line)
    for piece in np.unique(label[line & (count < 1.5)]):
        x, y, width, height = stats[piece, :4]
        box = np.s_[max(y - 1, 0) : y + height + 1, max(x - 1, 0) : x + width + 1]
        own = label[box] == piece
        touched = fork[box] & line[box] & (cv2.dilate(own.astype(np.uint8), around) > 0)
        if piece and touched.any() and own.sum() < SPUR_HALF_WIDTHS * half[box][touched].max() + 2:
            spurs[box] |= own
    return spurs
