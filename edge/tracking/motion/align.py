"""Lays one small picture over another and says how well they agree."""

import math

import cv2
import numpy as np

from crackscan.edge.tracking.motion.values import STEP, Grey, Motion, Small

_LEAST_OVERLAP = 0.12
_STEPS = 8
_ENOUGH_PX = 0.05
"""A smaller step is the last: it is an eightieth of a cell."""
_REGULAR = 1 + 1e-6 * np.eye(4)
_LONGEST_PX, _LARGEST = 3.0, 0.1
"""A longer step, or a larger one in zoom and turn, leads away."""


def part_of(rows: int, cols: int, motion: Motion) -> tuple[slice, slice]:
    """The rows and columns of the older picture that the newer one still shows."""
    x, y = round(motion.dx), round(motion.dy)
    return (
        slice(min(max(-y, 0), rows), max(rows - max(y, 0), 0)),
        slice(min(max(-x, 0), cols), max(cols - max(x, 0), 0)),
    )


def agreement_of(before: Grey, after: Grey, motion: Motion) -> float:
    """Normalised correlation of what both pictures show; -1 where that is little."""
    rows, cols = before.shape
    part = part_of(rows, cols, motion)
    old = before[part]
    if old.size < _LEAST_OVERLAP * before.size:
        return -1.0
    return _cosine(old.ravel(), _back(after, motion, part).ravel())


def refine(older: Small, after: Grey, guess: Motion) -> tuple[Motion, float]:
    """Least squares over the part in both pictures, a few steps at the most.

    Returns:
        The motion, and the normalised correlation as in `agreement_of`.
    """
    rows, cols = older.coarse.shape
    part = part_of(rows, cols, guess)
    inside = tuple(
        slice(-(-one.start // step), -(-one.stop // step))
        for one, step in zip(part, STEP, strict=True)
    )
    pixels = older.aligned[:, inside[0], inside[1]].reshape(5, -1)
    if pixels.shape[1] * STEP[0] * STEP[1] < _LEAST_OVERLAP * older.coarse.size:
        return guess, agreement_of(older.coarse, after, guess)
    # Of the old picture and its slopes with each other, and of both with the newer picture.
    products = pixels @ pixels.T
    gain = math.sqrt(products[0, 0])
    try:
        solve = np.linalg.inv(products[1:, 1:] * _REGULAR)
    except np.linalg.LinAlgError:
        return guess, agreement_of(older.coarse, after, guess)
    found = guess
    for _ in range(_STEPS):
        new = _back(after, found, (inside[0], inside[1]), STEP).ravel()
        strength = math.sqrt(new @ new)
        told = pixels @ new
        # Exposure and blur change the newer picture's contrast.
        error = told[1:] * (gain / max(strength, 1e-6)) - products[0, 1:]
        x, y, zoom, turn = (solve @ error).tolist()
        if max(abs(x), abs(y)) > _LONGEST_PX or max(abs(zoom), abs(turn)) > _LARGEST:
            break
        factor = found.factor / complex(1 + zoom, turn)
        found = Motion.of(factor, found.shift - factor * complex(x, y))
        if max(abs(x), abs(y)) < _ENOUGH_PX:
            return found, float(told[0]) / (gain * strength) if gain * strength > 0 else -1.0
    return found, agreement_of(older.coarse, after, found)


def _back(
    after: Grey, motion: Motion, part: tuple[slice, slice], step: tuple[int, int] = (1, 1)
) -> Grey:
    """A part of the newer picture, moved to where the older one was.

    Args:
        part: rows and columns of the older picture.
        step: of its rows and columns, which `part` counts, only every so manieth is wanted.
    """
    rows, cols = after.shape
    down, along = step
    top, left = part[0].start * down, part[1].start * along
    factor = motion.factor
    c, s = factor.real, factor.imag
    x, y = (cols - 1) / 2, (rows - 1) / 2
    matrix = np.array(
        (
            (c * along, -s * down, x + motion.dx + c * (left - x) - s * (top - y)),
            (s * along, c * down, y + motion.dy + s * (left - x) + c * (top - y)),
        )
    )
    size = part[1].stop - part[1].start, part[0].stop - part[0].start
    moved = cv2.warpAffine(after, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.asarray(moved, np.float32)


def _cosine(old: Grey, new: Grey) -> float:
    strength = math.sqrt(float(old @ old) * float(new @ new))
    return float(old @ new) / strength if strength > 0 else -1.0
