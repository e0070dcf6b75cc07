"""A camera's focal length and distortion from pictures of the printed sheet."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.errors import ScaleError
from crackscan.edge.measurement.scale.camera_file import Calibrated
from crackscan.edge.measurement.scale.detect import Corners
from crackscan.edge.measurement.scale.lens import Lens

FEWEST_VIEWS, MOST_VIEWS = 8, 40
ANOTHER = 0.03
"""Views differ if corners seen in both lie, in the mean, so many frame widths apart."""
LEAST_COVERED = 0.4
"""So much of the frame's width and height must the corners of all views span."""
STEEP_DEG, FEWEST_STEEP = 8.0, 4
"""Without so many tilted views nothing tells a near sheet from a long lens (Zhang 2000), and least
squares ends at some focal length that it believes in."""
WORST_FOCAL = 0.02
"""A focal length that the views leave more uncertain than this (90 %) is refused."""
WORST_RMS = 0.003
"""A reprojection error above this, in frame widths, is no camera looking at a flat sheet."""
MODEL_SHARE = 0.003
"""What the focal length may be off beyond the views' own scatter: focus, paper, lens model."""
_90 = 1.645
_ADVICE = "fill the frame with the sheet, and tilt it to 40° each way, in all corners of the frame"


@dataclass(frozen=True, eq=False)
class Seen:
    """The views that a calibration uses, all of frames of one size."""

    views: tuple[Corners, ...]
    width_px: int
    height_px: int


def another(view: Corners, kept: Sequence[Corners], width_px: int) -> bool:
    """Whether a view differs from all that were kept, so that it tells something new."""
    for old in kept:
        _, mine, its = np.intersect1d(view.ids, old.ids, return_indices=True)
        if len(mine) < 4:
            continue
        gap = view.places[mine] - old.places[its]
        if float(np.hypot(gap[:, 0], gap[:, 1]).mean()) < ANOTHER * width_px:
            return False
    return True


def chosen(views: Sequence[Corners], width_px: int) -> list[Corners]:
    """At most MOST_VIEWS views that differ from each other, spread over all that do."""
    kept: list[Corners] = []
    for view in views:
        if another(view, kept, width_px):
            kept.append(view)
    if len(kept) <= MOST_VIEWS:
        return kept
    at = np.linspace(0, len(kept) - 1, MOST_VIEWS).round().astype(int)
    return [kept[i] for i in at]


def calibrate(seen: Seen, name: str) -> Calibrated:
    """Focal length, middle and distortion from views of the sheet: Zhang (2000), as in OpenCV.

    The views should be `chosen`. A view whose error is more than three times the usual one is left
    out. Raises ScaleError, in one line with advice, for too few views, too similar ones, ones that
    cover little of the frame, and ones that fit no camera.
    """
    views = list(seen.views)
    if len(views) < FEWEST_VIEWS:
        raise ScaleError(
            f"only {len(views)} different views of the target, at least {FEWEST_VIEWS} are needed: "
            f"{_ADVICE}"
        )
    places = np.concatenate([view.places for view in views])
    low, high = np.percentile(places, (1, 99), axis=0)
    covered = float(((high - low) / (seen.width_px, seen.height_px)).min())
    if covered < LEAST_COVERED:
        raise ScaleError(
            f"the target covers only {covered:.0%} of the frame in all views together, at least "
            f"{LEAST_COVERED:.0%} is needed: {_ADVICE}"
        )
    fit = _fit(views, seen)
    good = [v for v, e in zip(views, fit.each, strict=True) if e <= 3 * np.median(fit.each)]
    if FEWEST_VIEWS <= len(good) < len(views):
        views = good
        fit = _fit(views, seen)
    steep = int((fit.tilts_deg >= STEEP_DEG).sum())
    if steep < FEWEST_STEEP:
        raise ScaleError(
            f"the views are too alike: only {steep} of {len(views)} are tilted by {STEEP_DEG:.0f}° "
            f"or more, at least {FEWEST_STEEP} are needed: {_ADVICE}"
        )
    focal_share = _90 * fit.focal_deviation
    if not focal_share <= WORST_FOCAL:
        raise ScaleError(
            f"the views are too alike: they leave the focal length uncertain by {focal_share:.1%} "
            f"(at most {WORST_FOCAL:.0%}): {_ADVICE}"
        )
    if fit.rms_px > WORST_RMS * seen.width_px:
        raise ScaleError(
            f"the views fit no camera (reprojection error {fit.rms_px:.1f} px): is the sheet flat, "
            "the focus fixed, and all from one camera?"
        )
    (fx, _, cx), (_, fy, cy), _ = fit.matrix.tolist()
    lens = Lens(
        seen.width_px,
        seen.height_px,
        fx,
        fy,
        cx,
        cy,
        float(np.hypot(focal_share, MODEL_SHARE)),
        name,
        tuple(fit.distortion.tolist()),
    )
    return Calibrated(lens, len(views), fit.rms_px)


@dataclass(frozen=True, eq=False)
class _Fit:
    rms_px: float
    matrix: NDArray[np.float64]
    distortion: NDArray[np.float64]
    """(5,) k1, k2, p1, p2, k3."""
    each: NDArray[np.float64]
    """(n,) error of each view, px."""
    focal_deviation: float
    """Relative standard deviation."""
    tilts_deg: NDArray[np.float64]
    """(n,) angle between the sheet and the picture's plane in each view."""


def _fit(views: Sequence[Corners], seen: Seen) -> _Fit:
    """Without k3, unless it makes the error smaller by a tenth: wide lenses need it."""
    plain = _fit_with(views, seen, cv2.CALIB_FIX_K3)
    full = _fit_with(views, seen, 0)
    return full if full.rms_px < 0.9 * plain.rms_px else plain


def _fit_with(views: Sequence[Corners], seen: Seen, flags: int) -> _Fit:
    flat = [np.column_stack([v.mm, np.zeros(len(v.mm))]).astype(np.float32) for v in views]
    places = [v.places.astype(np.float32).reshape(-1, 1, 2) for v in views]
    try:
        rms, matrix, distortion, turns, _, spread, _, each = cv2.calibrateCameraExtended(
            flat,
            places,
            (seen.width_px, seen.height_px),
            np.eye(3),
            np.zeros(5),
            flags=flags,
        )
    except cv2.error:
        raise ScaleError(f"the views are too alike to calibrate with: {_ADVICE}") from None
    found = np.asarray(matrix, np.float64)
    # OpenCV's deviations take the corners' scatter as it is found.
    deviation = float(np.asarray(spread).ravel()[:2].max() / found[0, 0])
    return _Fit(
        float(rms),
        found,
        np.asarray(distortion, np.float64).ravel()[:5],
        np.asarray(each, np.float64).ravel(),
        deviation,
        np.array([_tilt_deg(np.asarray(turn, np.float64)) for turn in turns]),
    )


def _tilt_deg(turn: NDArray[np.float64]) -> float:
    normal = np.asarray(cv2.Rodrigues(turn)[0])[:, 2]
    return float(np.rad2deg(np.arccos(min(abs(float(normal[2])), 1.0))))
