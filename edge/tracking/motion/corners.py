"""Follows corners from one registration image to another."""

import cv2
import numpy as np

from crackscan.edge.tracking.motion.align import overlap_slices
from crackscan.edge.tracking.motion.parameters import DEFAULTS, MotionParameters
from crackscan.edge.tracking.motion.values import Bytes, Motion, motion_from_matrix


def follow_corners(
    before: Bytes, after: Bytes, guess: Motion, parameters: MotionParameters = DEFAULTS
) -> Motion | None:
    """The similarity that most corners agree on; None if they are few or disagree.

    Corners (Shi & Tomasi 1994) are followed by the pyramidal method of Lucas & Kanade (Bouguet
    2001); the similarity is fitted with RANSAC (Fischler & Bolles 1981).
    """
    rows, cols = before.shape
    part = overlap_slices(rows, cols, guess)
    corners = cv2.goodFeaturesToTrack(before[part].copy(), parameters.corners, 0.02, 8, blockSize=5)
    if corners is None or len(corners) < parameters.least_corners:
        return None
    old = corners.reshape(-1, 2) + np.array([part[1].start, part[0].start], np.float32)
    start = cv2.transform(old[None], guess.matrix(cols, rows)[:2])[0].astype(np.float32)
    new, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, old, start, winSize=(15, 15), maxLevel=2, flags=cv2.OPTFLOW_USE_INITIAL_FLOW
    )
    kept = found.ravel() == 1
    if kept.sum() < parameters.least_corners:
        return None
    fit, agree = cv2.estimateAffinePartial2D(old[kept], new[kept], ransacReprojThreshold=1.0)
    if fit is None or agree.sum() < max(
        parameters.least_corners, parameters.corner_agreement * kept.sum()
    ):
        return None
    motion = motion_from_matrix(fit, cols, rows)
    zoom_log = abs(np.log(max(motion.scale, 1e-6)))
    if zoom_log > parameters.most_zoom_log or abs(motion.turn_rad) > parameters.most_turn_rad:
        return None
    return motion
