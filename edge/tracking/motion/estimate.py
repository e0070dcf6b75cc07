"""Estimates the motion between two frames from their registration images."""

import math
from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from crackscan.core.pictures import RGB
from crackscan.edge.tracking.motion.align import align_images, correlate_images
from crackscan.edge.tracking.motion.corners import follow_corners
from crackscan.edge.tracking.motion.parameters import DEFAULTS, MotionParameters
from crackscan.edge.tracking.motion.values import (
    Bytes,
    Grey,
    LostReason,
    Motion,
    RegistrationImage,
)

COARSE_PX = 160
"""Longer side of the picture that is aligned."""
_CORNER_SCALE = 2
"""Size of the picture that corners are followed on, by that of the coarse one."""


def make_registration_image(rgb: RGB, parameters: MotionParameters = DEFAULTS) -> RegistrationImage:
    """The registration image of a frame, uint8 (height, width, 3)."""
    height, width = rgb.shape[:2]
    px = max(height, width) / COARSE_PX
    cols, rows = (max(round(side / px), 8) for side in (width, height))
    # Two rows of the frame per row of the coarse picture: more would cost time and add little.
    every = max(height // (2 * rows), 1)
    grey_rows = np.asarray(cv2.cvtColor(rgb[every // 2 :: every], cv2.COLOR_RGB2GRAY), np.uint8)
    half = grey_rows
    while half.shape[0] >= 2 * rows and half.shape[1] >= 2 * cols:
        half = _halve_image(half)  # faster than one large step
    edge_strength = _measure_edges(half)
    while half.shape[0] == rows and half.shape[1] % 2 == 0 and half.shape[1] >= 2 * cols:
        half = _halve_image(half.repeat(2, 0))  # the mean of two px, by the faster resize
    small = half
    if half.shape != (rows, cols):
        small = np.asarray(cv2.resize(half, (cols, rows), interpolation=cv2.INTER_AREA), np.uint8)
    band = np.asarray(cv2.boxFilter(small, cv2.CV_32F, (3, 3)), np.float32)
    band -= cv2.boxFilter(small, cv2.CV_32F, (15, 15))
    texture = cv2.norm(band) / math.sqrt(band.size)  # its mean is next to nothing
    most = parameters.clip_deviations * texture
    np.clip(band, -most, most, out=band)
    return RegistrationImage(grey_rows, band, texture, edge_strength, width / cols, width, height)


def _halve_image(grey: Bytes) -> Bytes:
    rows, cols = grey.shape
    smaller = cv2.resize(grey, (cols // 2, rows // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.uint8)


def _measure_edges(grey: Bytes) -> tuple[float, float]:
    x = cv2.norm(grey[:, 1:], grey[:, :-1], cv2.NORM_L1)
    y = cv2.norm(grey[1:], grey[:-1], cv2.NORM_L1)
    return x / grey.size, y / grey.size


def estimate_motion(
    before: RegistrationImage,
    after: RegistrationImage,
    expected: Motion | None = None,
    enough: float | None = None,
    parameters: MotionParameters = DEFAULTS,
) -> Motion:
    """The motion of the wall from one frame to another.

    The first guesses come from phase correlation (Kuglin & Hines 1975), which confuses a shift
    with the same shift less the picture's width, and, if a doubt is left, from corners that were
    followed and agree on a similarity (see `follow_corners`). The guess under which the two
    pictures correlate best is refined over all pixels (see `align_images`); the correlation then
    decides whether the pictures belong together at all.

    Args:
        before, after: images of frames of one size; with two sizes the motion is lost (a cut).
        expected: the motion at the predicted pace, one more guess. It chooses among the periods
            of tiles, and carries the registration through a blurred frame.
        enough: correlation with which the expected motion needs no other guess; without it,
            `parameters.certain_correlation`.
    """
    if enough is None:
        enough = parameters.certain_correlation
    if (before.width, before.height) != (after.width, after.height):
        return Motion(lost=LostReason.CUT)
    if min(before.texture, after.texture) < parameters.least_texture:
        return Motion(lost=_find_reason(before, after, expected, parameters))
    old, new, unit = before.coarse, after.coarse, before.reduction
    rows, cols = old.shape
    kept: Motion | None = None
    if expected is not None and expected.lost is None:
        kept, agreement = align_images(before, new, expected.rescaled(1 / unit), parameters)
        if agreement >= enough:
            return replace(kept.rescaled(unit), confidence=min(agreement, 1.0))

    def correlation_of(motion: Motion) -> float:
        return correlate_images(old, new, motion, parameters)

    guess = max(_guess_shifts(old, new), key=correlation_of)
    found, agreement = align_images(before, new, guess, parameters)
    if agreement >= max(enough, parameters.certain_correlation):
        return replace(found.rescaled(unit), confidence=min(agreement, 1.0))
    followed = follow_corners(before.grey, after.grey, guess.rescaled(_CORNER_SCALE), parameters)
    if followed is not None:
        followed = followed.rescaled(1 / _CORNER_SCALE)
        guess = max(followed, guess, key=correlation_of)
    found, _ = align_images(before, new, guess, parameters)
    agreement = correlation_of(found)
    if kept is not None and correlation_of(kept) > agreement - parameters.preference_margin:
        found, agreement = kept, correlation_of(kept)
    overlap = max(1 - abs(found.dx) / cols, 0) * max(1 - abs(found.dy) / rows, 0)
    alone = followed is None
    asked = parameters.least_correlation_alone if alone else parameters.least_correlation
    odd = abs(np.log(max(found.scale, 1e-6))) + abs(found.turn_rad)
    if agreement < asked + parameters.small_overlap_penalty * (1 - overlap) + odd:
        reason = _find_reason(before, after, expected, parameters)
        return Motion(confidence=max(agreement, 0.0), lost=reason)
    return replace(found.rescaled(unit), confidence=min(agreement, 1.0))


def _guess_shifts(before: Grey, after: Grey) -> list[Motion]:
    """The shifts that phase correlation, which wraps around the picture's edges, may have meant."""
    rows, cols = before.shape
    # Copies, because OpenCV multiplies pictures of some sizes by the window in place.
    (dx, dy), _ = cv2.phaseCorrelate(before.copy(), after.copy(), _make_window(rows, cols))
    xs = (dx, dx - np.copysign(cols, dx)) if abs(dx) > 0.25 * cols else (dx,)
    ys = (dy, dy - np.copysign(rows, dy)) if abs(dy) > 0.25 * rows else (dy,)
    return [Motion(float(x), float(y)) for x in xs for y in ys]


@lru_cache(maxsize=4)
def _make_window(rows: int, cols: int) -> Grey:
    return np.asarray(cv2.createHanningWindow((cols, rows), cv2.CV_32F), np.float32)


def _find_reason(
    before: RegistrationImage,
    after: RegistrationImage,
    expected: Motion | None,
    parameters: MotionParameters,
) -> LostReason:
    least_texture = parameters.least_texture
    faded = before.texture >= 2 * least_texture and after.texture < 0.5 * before.texture
    if faded and _match_thumbnails(before.grey, after.grey):
        return LostReason.BLUR
    if min(before.texture, after.texture) < least_texture:
        return LostReason.NO_TEXTURE
    if expected is not None and expected.length_px > (
        parameters.fast_share * min(before.width, before.height)
    ):
        return LostReason.TOO_FAST
    return LostReason.CUT


def _match_thumbnails(before: Bytes, after: Bytes) -> bool:
    """Whether thumbnails, which hide a blur, share their middle part somewhere."""
    size = (20, 15) if before.shape[0] < before.shape[1] else (15, 20)
    old, new = (cv2.resize(grey, size, interpolation=cv2.INTER_AREA) for grey in (before, after))
    middle = old[3:-3, 3:-3]
    return float(cv2.matchTemplate(new, middle, cv2.TM_CCOEFF_NORMED).max()) > 0.7
