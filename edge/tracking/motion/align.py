"""Aligns one registration image with another, and correlates them."""

import math

import cv2
import numpy as np

from crackscan.edge.tracking.motion.parameters import DEFAULTS, MotionParameters
from crackscan.edge.tracking.motion.values import ALIGN_STEP, Grey, Motion, RegistrationImage

_REGULARIZATION = 1 + 1e-6 * np.eye(4)


def overlap_slices(rows: int, cols: int, motion: Motion) -> tuple[slice, slice]:
    """The rows and columns of the older picture that the newer one still shows, by the shift."""
    x, y = round(motion.dx), round(motion.dy)
    return (
        slice(min(max(-y, 0), rows), max(rows - max(y, 0), 0)),
        slice(min(max(-x, 0), cols), max(cols - max(x, 0), 0)),
    )


def correlate_images(
    before: Grey, after: Grey, motion: Motion, parameters: MotionParameters = DEFAULTS
) -> float:
    """Normalised correlation of the part that both pictures show; -1 if that part is too small."""
    rows, cols = before.shape
    part = overlap_slices(rows, cols, motion)
    old = before[part]
    if old.size < parameters.least_overlap * before.size:
        return -1.0
    return _cosine_similarity(old.ravel(), _warp_back(after, motion, part).ravel())


def align_images(
    older: RegistrationImage,
    after: Grey,
    guess: Motion,
    parameters: MotionParameters = DEFAULTS,
) -> tuple[Motion, float]:
    """Refine a motion by least squares over the part that both pictures show.

    The method is inverse compositional alignment (Baker & Matthews 2004), at most
    `parameters.align_steps` iterations.

    Returns:
        The motion, and the normalised correlation as in `correlate_images`.
    """
    rows, cols = older.coarse.shape
    part = overlap_slices(rows, cols, guess)
    inside = tuple(
        slice(-(-one.start // step), -(-one.stop // step))
        for one, step in zip(part, ALIGN_STEP, strict=True)
    )
    pixels = older.alignment_basis[:, inside[0], inside[1]].reshape(5, -1)
    if (
        pixels.shape[1] * ALIGN_STEP[0] * ALIGN_STEP[1]
        < parameters.least_overlap * older.coarse.size
    ):
        return guess, correlate_images(older.coarse, after, guess, parameters)
    # Products of the template with its derivatives (the normal equations), then with the picture.
    products = pixels @ pixels.T
    gain = math.sqrt(products[0, 0])
    try:
        solve = np.linalg.inv(products[1:, 1:] * _REGULARIZATION)
    except np.linalg.LinAlgError:
        return guess, correlate_images(older.coarse, after, guess, parameters)
    found = guess
    for _ in range(parameters.align_steps):
        new = _warp_back(after, found, (inside[0], inside[1]), ALIGN_STEP).ravel()
        strength = math.sqrt(new @ new)
        products_new = pixels @ new
        # Exposure and blur change the newer picture's contrast.
        error = products_new[1:] * (gain / max(strength, 1e-6)) - products[0, 1:]
        x, y, zoom, turn = (solve @ error).tolist()
        if (
            max(abs(x), abs(y)) > parameters.align_longest_px
            or max(abs(zoom), abs(turn)) > parameters.align_largest_turn
        ):
            break
        factor = found.factor / complex(1 + zoom, turn)
        found = Motion.from_factor(factor, found.shift - factor * complex(x, y))
        if max(abs(x), abs(y)) < parameters.align_stop_px:
            return found, float(products_new[0]) / (
                gain * strength
            ) if gain * strength > 0 else -1.0
    return found, correlate_images(older.coarse, after, found, parameters)


def _warp_back(
    after: Grey, motion: Motion, part: tuple[slice, slice], step: tuple[int, int] = (1, 1)
) -> Grey:
    """A part of the newer picture, warped back onto the older one.

    Args:
        part: rows and columns of the older picture.
        step: only every step-th row and column is computed; `part` counts in steps.
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


def _cosine_similarity(old: Grey, new: Grey) -> float:
    strength = math.sqrt(float(old @ old) * float(new @ new))
    return float(old @ new) / strength if strength > 0 else -1.0
