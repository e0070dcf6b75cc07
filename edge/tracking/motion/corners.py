"""Follows corners from one small picture to another."""

import cv2
import numpy as np

from crackscan.edge.tracking.motion.align import part_of
from crackscan.edge.tracking.motion.values import Bytes, Motion, motion_of

_CORNERS, _LEAST_CORNERS, _AGREE = 100, 10, 0.35
_MOST_TURN, _MOST_ZOOM = 0.35, 0.3
"""Between two frames, rad and logarithm; a fit beyond is a fluke."""


def follow_corners(before: Bytes, after: Bytes, guess: Motion) -> Motion | None:
    """The similarity that most corners agree on, or None where they are few or disagree."""
    rows, cols = before.shape
    part = part_of(rows, cols, guess)
    corners = cv2.goodFeaturesToTrack(before[part].copy(), _CORNERS, 0.02, 8, blockSize=5)
    if corners is None or len(corners) < _LEAST_CORNERS:
        return None
    old = corners.reshape(-1, 2) + np.array([part[1].start, part[0].start], np.float32)
    start = cv2.transform(old[None], guess.matrix(cols, rows)[:2])[0].astype(np.float32)
    new, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, old, start, winSize=(15, 15), maxLevel=2, flags=cv2.OPTFLOW_USE_INITIAL_FLOW
    )
    kept = found.ravel() == 1
    if kept.sum() < _LEAST_CORNERS:
        return None
    fit, agree = cv2.estimateAffinePartial2D(old[kept], new[kept], ransacReprojThreshold=1.0)
    if fit is None or agree.sum() < max(_LEAST_CORNERS, _AGREE * kept.sum()):
        return None
    motion = motion_of(fit, cols, rows)
    fluke = abs(np.log(max(motion.scale, 1e-6))) > _MOST_ZOOM or abs(motion.turn_rad) > _MOST_TURN
    return None if fluke else motion
