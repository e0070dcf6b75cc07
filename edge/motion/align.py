"""Lays one small picture over another and says how well they agree."""

import cv2
import numpy as np

from crackscan.edge.motion.values import Grey, Motion, motion_of

_LEAST_OVERLAP = 0.12
_STEPS = 8


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


def refine(before: Grey, after: Grey, guess: Motion) -> Motion:
    """Least squares over all pixels of the part in both pictures, a few steps at the most."""
    rows, cols = before.shape
    part = part_of(rows, cols, guess)
    if before[part].size < _LEAST_OVERLAP * before.size:
        return guess
    y, x = np.mgrid[part].astype(np.float32)
    x, y = (x - (cols - 1) / 2).ravel(), (y - (rows - 1) / 2).ravel()
    gx = cv2.Sobel(before, cv2.CV_32F, 1, 0, scale=1 / 8)[part].ravel()
    gy = cv2.Sobel(before, cv2.CV_32F, 0, 1, scale=1 / 8)[part].ravel()
    slopes = np.stack([gx, gy, gx * x + gy * y, gy * x - gx * y])
    normal = (slopes @ slopes.T).astype(np.float64)
    normal[np.diag_indices(4)] *= 1 + 1e-6
    old = before[part].ravel()
    gain = float(np.sqrt(old @ old))
    found = guess
    for _ in range(_STEPS):
        new = _back(after, found)[part].ravel()
        # Exposure and blur change the newer picture's contrast.
        error = new * (gain / max(float(np.sqrt(new @ new)), 1e-6)) - old
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
        if np.abs(step[:2]).max() < 0.005:
            break
    return found
