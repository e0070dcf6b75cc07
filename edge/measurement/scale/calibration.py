"""Camera calibration: focal length and distortion from pictures of the printed sheet."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.errors import ScaleError
from crackscan.edge.measurement.interval import NORMAL_90
from crackscan.edge.measurement.scale.camera_file import CalibratedCamera
from crackscan.edge.measurement.scale.corner_detection import DetectedCorners
from crackscan.edge.measurement.scale.lens import Lens


@dataclass(frozen=True)
class CalibrationParameters:
    """Limits of a calibration, chosen on rendered views (tests/edge/measurement/scale)."""

    fewest_views: int = 8
    """Fewer different views are refused."""
    most_views: int = 40
    """Number of views that the fit uses at most."""
    new_view_shift: float = 0.03
    """Two views differ if their common corners are this far apart on average, in frame widths."""
    least_covered: float = 0.4
    """Share of the frame's width and height that the corners of all views must span."""
    tilt_deg: float = 8.0
    """A view is tilted if the sheet is at least this far from parallel to the picture."""
    fewest_tilted: int = 4
    """Tilted views that are needed. Without them, a near sheet and a long lens look the same
    (Zhang 2000), and least squares stops at an arbitrary focal length."""
    worst_focal_share: float = 0.02
    """Largest accepted uncertainty of the focal length (half of the 90 % interval, relative)."""
    worst_rms: float = 0.003
    """Largest accepted reprojection error, in frame widths; larger ones mean a bent sheet, a moving
    focus or several cameras."""
    outlier_ratio: float = 3.0
    """A view is left out if its error exceeds the median error by this factor."""
    k3_gain: float = 0.9
    """The coefficient k3 is fitted only if it reduces the error to this share, as with wide
    lenses."""
    model_share: float = 0.003
    """Uncertainty of the focal length that the views do not show: focus, paper, lens model."""


PARAMETERS = CalibrationParameters()
_ADVICE = "fill the frame with the sheet, and tilt it to 40° each way, in all corners of the frame"


@dataclass(frozen=True, eq=False)
class CalibrationViews:
    """The views of the sheet that a calibration uses, all in frames of one size."""

    views: tuple[DetectedCorners, ...]
    width_px: int
    height_px: int


def select_views(views: Sequence[DetectedCorners], width_px: int) -> list[DetectedCorners]:
    """Select views that differ from each other; at most `most_views`, evenly spread."""
    kept: list[DetectedCorners] = []
    for view in views:
        if _is_new_view(view, kept, width_px):
            kept.append(view)
    if len(kept) <= PARAMETERS.most_views:
        return kept
    chosen = np.linspace(0, len(kept) - 1, PARAMETERS.most_views).round().astype(int)
    return [kept[i] for i in chosen]


def _is_new_view(view: DetectedCorners, kept: Sequence[DetectedCorners], width_px: int) -> bool:
    for old in kept:
        _, mine, others = np.intersect1d(view.ids, old.ids, return_indices=True)
        if len(mine) < 4:
            continue
        shift = view.points[mine] - old.points[others]
        mean_px = float(np.hypot(shift[:, 0], shift[:, 1]).mean())
        if mean_px < PARAMETERS.new_view_shift * width_px:
            return False
    return True


def calibrate_camera(views: CalibrationViews, name: str) -> CalibratedCamera:
    """Calibrate a camera with the method of Zhang (2000), as implemented in OpenCV.

    Views with an exceptionally large error are left out.

    Args:
        views: different views, from `select_views`.
        name: name of the camera for messages and the record.

    Raises ScaleError, with advice, if there are too few views, if they are too similar or cover
    too little of the frame, or if no camera fits them.
    """
    used = list(views.views)
    _check_views(used, views)
    fit = _fit_camera(used, views)
    largest = PARAMETERS.outlier_ratio * np.median(fit.view_errors_px)
    good = [v for v, e in zip(used, fit.view_errors_px, strict=True) if e <= largest]
    if PARAMETERS.fewest_views <= len(good) < len(used):
        used = good
        fit = _fit_camera(used, views)
    focal_share = _check_fit(fit, len(used), views.width_px)
    (fx, _, cx), (_, fy, cy), _ = fit.matrix.tolist()
    lens = Lens(
        views.width_px,
        views.height_px,
        fx,
        fy,
        cx,
        cy,
        float(np.hypot(focal_share, PARAMETERS.model_share)),
        name,
        tuple(fit.distortion.tolist()),
    )
    return CalibratedCamera(lens, len(used), fit.rms_px)


def _check_views(used: Sequence[DetectedCorners], views: CalibrationViews) -> None:
    """Raise ScaleError if there are too few views, or if they cover too little of the frame."""
    if len(used) < PARAMETERS.fewest_views:
        raise ScaleError(
            f"only {len(used)} different views of the target, at least {PARAMETERS.fewest_views} "
            f"are needed: {_ADVICE}"
        )
    points = np.concatenate([view.points for view in used])
    low, high = np.percentile(points, (1, 99), axis=0)
    covered = float(((high - low) / (views.width_px, views.height_px)).min())
    if covered < PARAMETERS.least_covered:
        raise ScaleError(
            f"the target covers only {covered:.0%} of the frame in all views together, at least "
            f"{PARAMETERS.least_covered:.0%} is needed: {_ADVICE}"
        )


@dataclass(frozen=True, eq=False)
class _CameraFit:
    rms_px: float
    matrix: NDArray[np.float64]
    distortion: NDArray[np.float64]
    """(5,) k1, k2, p1, p2, k3."""
    view_errors_px: NDArray[np.float64]
    """(n,) reprojection error of each view."""
    focal_deviation: float
    """Standard deviation of the focal length, relative to it."""
    tilts_deg: NDArray[np.float64]
    """(n,) angle between the sheet and the picture plane in each view."""


def _check_fit(fit: _CameraFit, view_count: int, width_px: int) -> float:
    """Return the uncertainty of the focal length; raise ScaleError if the fit is too poor."""
    tilted = int((fit.tilts_deg >= PARAMETERS.tilt_deg).sum())
    if tilted < PARAMETERS.fewest_tilted:
        raise ScaleError(
            f"the views are too alike: only {tilted} of {view_count} are tilted by "
            f"{PARAMETERS.tilt_deg:.0f}° or more, at least {PARAMETERS.fewest_tilted} are needed: "
            f"{_ADVICE}"
        )
    focal_share = NORMAL_90 * fit.focal_deviation
    if not focal_share <= PARAMETERS.worst_focal_share:
        raise ScaleError(
            f"the views are too alike: they leave the focal length uncertain by {focal_share:.1%} "
            f"(at most {PARAMETERS.worst_focal_share:.0%}): {_ADVICE}"
        )
    if fit.rms_px > PARAMETERS.worst_rms * width_px:
        raise ScaleError(
            f"no camera fits the views (reprojection error {fit.rms_px:.1f} px): keep the sheet "
            "flat and the focus fixed, and use one camera only"
        )
    return focal_share


def _fit_camera(views: Sequence[DetectedCorners], frame: CalibrationViews) -> _CameraFit:
    """Fit without k3, and with it if the error becomes clearly smaller."""
    without_k3 = _fit_with_flags(views, frame, cv2.CALIB_FIX_K3)
    with_k3 = _fit_with_flags(views, frame, 0)
    return with_k3 if with_k3.rms_px < PARAMETERS.k3_gain * without_k3.rms_px else without_k3


def _fit_with_flags(
    views: Sequence[DetectedCorners], frame: CalibrationViews, flags: int
) -> _CameraFit:
    on_board = [
        np.column_stack([v.board_mm, np.zeros(len(v.board_mm))]).astype(np.float32) for v in views
    ]
    in_picture = [v.points.astype(np.float32).reshape(-1, 1, 2) for v in views]
    try:
        rms, matrix, distortion, rotations, _, deviations, _, errors = cv2.calibrateCameraExtended(
            on_board,
            in_picture,
            (frame.width_px, frame.height_px),
            np.eye(3),
            np.zeros(5),
            flags=flags,
        )
    except cv2.error:
        raise ScaleError(f"the views are too alike for a calibration: {_ADVICE}") from None
    camera_matrix = np.asarray(matrix, np.float64)
    # OpenCV derives these deviations from the observed scatter of the corners.
    focal_deviation = float(np.asarray(deviations).ravel()[:2].max() / camera_matrix[0, 0])
    return _CameraFit(
        float(rms),
        camera_matrix,
        np.asarray(distortion, np.float64).ravel()[:5],
        np.asarray(errors, np.float64).ravel(),
        focal_deviation,
        np.array([_compute_tilt_deg(np.asarray(turn, np.float64)) for turn in rotations]),
    )


def _compute_tilt_deg(rotation: NDArray[np.float64]) -> float:
    normal = np.asarray(cv2.Rodrigues(rotation)[0])[:, 2]
    return float(np.rad2deg(np.arccos(min(abs(float(normal[2])), 1.0))))
