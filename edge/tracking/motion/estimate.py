"""Estimates the motion between two frames from their small grey pictures."""

import math
from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from crackscan.core.pictures import RGB
from crackscan.edge.tracking.motion.align import agreement_of, refine
from crackscan.edge.tracking.motion.corners import follow_corners
from crackscan.edge.tracking.motion.values import Bytes, Grey, Lost, Motion, Small

COARSE_PX = 160
"""Longer side of the picture that is aligned."""
LEAST_TEXTURE = 1.0
"""Deviation of the coarse picture, in grey levels, below which there is nothing to match."""
_FINER = 2
"""Corners are followed on a picture so much larger."""
_ALIKE, _ALIKE_ALONE, _ALIKE_LESS = 0.3, 0.5, 0.15
"""Correlation from which on two pictures belong together: where corners agree, where none do, and
how much more is asked where the overlap is small. Of pairs of different walls one in fifty reaches
it, of pairs of the same wall all but one in fifty."""
BEYOND_DOUBT, _AS_GOOD = 0.9, 0.05
"""Correlation with which the expected motion needs no other guess, and by how much another must be
better to be preferred."""
_FAST = 0.3
"""Share of the picture's shorter side: a pace at which a lost wall was lost for its speed."""
_CLIP = 1.5
"""In deviations: one strong edge must not outweigh the rest of the wall."""


def shrink(rgb: RGB) -> Small:
    """The small pictures of a frame, uint8 (height, width, 3)."""
    height, width = rgb.shape[:2]
    px = max(height, width) / COARSE_PX
    cols, rows = (max(round(side / px), 8) for side in (width, height))
    # Two rows for each of the coarse picture: those between would cost more than they tell.
    every = max(height // (2 * rows), 1)
    lines = np.asarray(cv2.cvtColor(rgb[every // 2 :: every], cv2.COLOR_RGB2GRAY), np.uint8)
    half = lines
    while half.shape[0] >= 2 * rows and half.shape[1] >= 2 * cols:
        half = _halved(half)  # quicker than all in one step
    edges = _edges(half)
    while half.shape[0] == rows and half.shape[1] % 2 == 0 and half.shape[1] >= 2 * cols:
        half = _halved(half.repeat(2, 0))  # the mean of two px, and quicker
    small = half
    if half.shape != (rows, cols):
        small = np.asarray(cv2.resize(half, (cols, rows), interpolation=cv2.INTER_AREA), np.uint8)
    band = np.asarray(cv2.boxFilter(small, cv2.CV_32F, (3, 3)), np.float32)
    band -= cv2.boxFilter(small, cv2.CV_32F, (15, 15))
    texture = cv2.norm(band) / math.sqrt(band.size)  # its mean is next to nothing
    most = _CLIP * texture
    np.clip(band, -most, most, out=band)
    return Small(lines, band, texture, edges, width / cols, width, height)


def _halved(grey: Bytes) -> Bytes:
    rows, cols = grey.shape
    smaller = cv2.resize(grey, (cols // 2, rows // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.uint8)


def _edges(grey: Bytes) -> tuple[float, float]:
    x = cv2.norm(grey[:, 1:], grey[:, :-1], cv2.NORM_L1)
    y = cv2.norm(grey[1:], grey[:-1], cv2.NORM_L1)
    return x / grey.size, y / grey.size


def estimate(
    before: Small,
    after: Small,
    expected: Motion | None = None,
    enough: float = BEYOND_DOUBT,
) -> Motion:
    """The wall's motion from one frame to another.

    First guesses come from phase correlation (Kuglin & Hines 1975), which leaves open whether a
    shift or the same less the picture's width is meant, and, where a shift leaves a doubt, from
    corners that were followed (Lucas & Kanade 1981, in pyramids: Bouguet 2001) and agree on a
    similarity (RANSAC: Fischler & Bolles 1981). The guess under which the two pictures correlate
    best is refined over all pixels by inverse compositional alignment (Baker & Matthews 2004); the
    correlation then says whether the pictures belong together at all.

    Args:
        before, after: of frames of the same size; of different sizes it is a cut.
        expected: the motion if the wall kept its pace, one more guess: it chooses among the
            periods of tiles, and follows the wall through a smeared frame.
        enough: correlation with which the expected motion needs no other guess.
    """
    if (before.width, before.height) != (after.width, after.height):
        return Motion(lost=Lost.CUT)
    if min(before.texture, after.texture) < LEAST_TEXTURE:
        return Motion(lost=_why(before, after, expected))
    old, new, unit = before.coarse, after.coarse, before.px
    rows, cols = old.shape
    kept: Motion | None = None
    if expected is not None and expected.lost is None:
        kept, agreement = refine(before, new, expected.zoomed(1 / unit))
        if agreement >= enough:
            return replace(kept.zoomed(unit), confidence=min(agreement, 1.0))
    guess = max(_guesses(old, new), key=lambda one: agreement_of(old, new, one))
    found, agreement = refine(before, new, guess)
    if agreement >= max(enough, BEYOND_DOUBT):
        return replace(found.zoomed(unit), confidence=min(agreement, 1.0))
    followed = follow_corners(before.grey, after.grey, guess.zoomed(_FINER))
    if followed is not None:
        followed = followed.zoomed(1 / _FINER)
        guess = max(followed, guess, key=lambda one: agreement_of(old, new, one))
    found, _ = refine(before, new, guess)
    agreement = agreement_of(old, new, found)
    if kept is not None and agreement_of(old, new, kept) > agreement - _AS_GOOD:
        found, agreement = kept, agreement_of(old, new, kept)
    overlap = max(1 - abs(found.dx) / cols, 0) * max(1 - abs(found.dy) / rows, 0)
    asked = _ALIKE if followed is not None else _ALIKE_ALONE
    odd = abs(np.log(max(found.scale, 1e-6))) + abs(found.turn_rad)
    if agreement < asked + _ALIKE_LESS * (1 - overlap) + odd:
        return Motion(confidence=max(agreement, 0.0), lost=_why(before, after, expected))
    return replace(found.zoomed(unit), confidence=min(agreement, 1.0))


def _guesses(before: Grey, after: Grey) -> list[Motion]:
    """Shifts that phase correlation, which goes round the picture's edges, may have meant."""
    rows, cols = before.shape
    # OpenCV multiplies pictures of some sizes by the window in place.
    (dx, dy), _ = cv2.phaseCorrelate(before.copy(), after.copy(), _hanning(rows, cols))
    xs = (dx, dx - np.copysign(cols, dx)) if abs(dx) > 0.25 * cols else (dx,)
    ys = (dy, dy - np.copysign(rows, dy)) if abs(dy) > 0.25 * rows else (dy,)
    return [Motion(float(x), float(y)) for x in xs for y in ys]


@lru_cache(maxsize=4)
def _hanning(rows: int, cols: int) -> Grey:
    return np.asarray(cv2.createHanningWindow((cols, rows), cv2.CV_32F), np.float32)


def _why(before: Small, after: Small, expected: Motion | None) -> Lost:
    faded = before.texture >= 2 * LEAST_TEXTURE and after.texture < 0.5 * before.texture
    if faded and _alike_from_afar(before.grey, after.grey):
        return Lost.BLUR
    if min(before.texture, after.texture) < LEAST_TEXTURE:
        return Lost.NO_TEXTURE
    if expected is not None and expected.length_px > _FAST * min(before.width, before.height):
        return Lost.TOO_FAST
    return Lost.CUT


def _alike_from_afar(before: Bytes, after: Bytes) -> bool:
    """Whether thumbnails, on which no blur shows, have the same middle somewhere."""
    size = (20, 15) if before.shape[0] < before.shape[1] else (15, 20)
    old, new = (cv2.resize(grey, size, interpolation=cv2.INTER_AREA) for grey in (before, after))
    middle = old[3:-3, 3:-3]
    return float(cv2.matchTemplate(new, middle, cv2.TM_CCOEFF_NORMED).max()) > 0.7
