"""Lays one small picture over another and says how well they agree."""

import cv2
import numpy as np

from crackscan.edge.motion.values import Grey, Motion, Small, motion_of

_LEAST_OVERLAP = 0.12
_STEPS = 8
_ENOUGH_PX = 0.02
"""A smaller step is the last: it is a hundredth of a cell."""


def part_of(rows: int, cols: int, motion: Motion) -> tuple[slice, slice]:
    """The rows and columns of the older picture that the newer one still shows."""
    x, y = round(motion.dx), round(motion.dy)
    return (
        slice(min(max(-y, 0), rows), max(rows - max(y, 0), 0)),
        slice(min(max(-x, 0), cols), max(cols - max(x, 0), 0)),
    )


def _back(after: Grey, motion: Motion) -> Grey:
    """The newer picture, moved to where the older one was."""
    rows, cols = after.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(after, motion.matrix(cols, rows)[:2], (cols, rows), flags=flags)
    return np.asarray(moved, np.float32)


def agreement_of(before: Grey, after: Grey, motion: Motion) -> float:
    """Normalised correlation of what both pictures show; -1 where that is little."""
    rows, cols = before.shape
    part = part_of(rows, cols, motion)
    old = before[part]
    if old.size < _LEAST_OVERLAP * before.size:
        return -1.0
    old, new = old.ravel(), _back(after, motion)[part].ravel()
    strength = float(np.sqrt((old @ old) * (new @ new)))
    return float(old @ new) / strength if strength > 0 else -1.0


def refine(older: Small, after: Grey, guess: Motion) -> Motion:
    """Least squares over all pixels of the part in both pictures, a few steps at the most."""
    before = older.coarse
    rows, cols = before.shape
    part = part_of(rows, cols, guess)
    if before[part].size < _LEAST_OVERLAP * before.size:
        return guess
    slopes = older.slopes[:, part[0], part[1]].reshape(4, -1)
    normal = (slopes @ slopes.T).astype(np.float64)
    normal[np.diag_indices(4)] *= 1 + 1e-6
    old = before[part].ravel()
    gain = float(np.sqrt(old @ old))
    found = guess
    for _ in range(_STEPS):
        new = _back(after, found)[part].ravel()
        # Exposure and blur change the newer picture's contrast.
        error = new * np.float32(gain / max(float(np.sqrt(new @ new)), 1e-6)) - old
        try:
            step = np.linalg.solve(normal, (slopes @ error).astype(np.float64))
        except np.linalg.LinAlgError:
            return found
        if np.abs(step[:2]).max() > 3 or np.abs(step[2:]).max() > 0.1:
            return found
        turned = complex(1 + step[2], step[3])
        back = Motion(float(step[0]), float(step[1]), abs(turned), float(np.angle(turned))).matrix(
            cols, rows
        )
        found = motion_of(found.matrix(cols, rows) @ np.linalg.inv(back), cols, rows)
        if np.abs(step[:2]).max() < _ENOUGH_PX:
            break
    return found
