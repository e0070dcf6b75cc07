"""Summary of the measured lines of a crack: branches, length, and width statistics."""

import numpy as np

from crackscan.edge.measurement.interval import NORMAL_90
from crackscan.edge.measurement.width.fast_quantile import compute_median, compute_quantile
from crackscan.edge.measurement.width.line_acceptance import AcceptedLines
from crackscan.edge.measurement.width.parameters import WIDTH
from crackscan.edge.measurement.width.values import (
    Branch,
    CrackMeasure,
    FloatArray,
    Reason,
    Width,
    WidthStatistics,
)

_MAD_TO_DEVIATION = 1.48
"""Standard deviation of a normal distribution over its median absolute deviation."""


def summarize_lines(
    accepted: AcceptedLines, corner: tuple[int, int], blur_px: float
) -> CrackMeasure:
    """Summarise the lines of a crack.

    Args:
        accepted: the lines.
        corner: x, y that is added to their points, px.
        blur_px: the blur that they share.
    """
    if not accepted.lines:
        return make_unmeasurable(accepted.rejection)
    moved = []
    for line in accepted.lines:
        position = line[:, :2] + np.array(corner)
        moved.append(np.column_stack([position, line[:, 2:]]).astype(np.float32))
    branches = tuple(
        Branch(line, _measure_length(line), _compute_statistics([line], blur_px)) for line in moved
    )
    whole = branches[0].width if len(branches) == 1 else _compute_statistics(moved, blur_px)
    length = sum(branch.length_px for branch in branches)
    ends = WIDTH.end_px * float(np.sqrt(2 * len(branches)))
    return CrackMeasure(
        branches=branches,
        length_px=length,
        length_uncertainty_px=float(np.hypot(ends, WIDTH.smoothing_share * length)),
        width=whole,
        blur_px=blur_px,
    )


def make_unmeasurable(reason: Reason) -> CrackMeasure:
    """Return the measure of a crack without a visible line."""
    none = Width(None, None, reason)
    return CrackMeasure((), 0.0, 0.0, WidthStatistics(none, none, none, None), None)


def _measure_length(line: FloatArray) -> float:
    step = np.diff(line[:, :2].astype(np.float64), axis=0)
    return float(np.hypot(step[:, 0], step[:, 1]).sum())


def _compute_statistics(lines: list[FloatArray], blur_px: float) -> WidthStatistics:
    """Compute the statistics of the widths along lines.

    The scatter of neighbouring widths is their independent error; the rest of their uncertainty is
    common to all of them.
    """
    points = np.concatenate(lines)
    smooth = np.concatenate([_running_median(line[:, 2]) for line in lines])
    known = np.isfinite(points[:, 2])
    if known.mean() < WIDTH.measurable_share:
        reason = Reason.BLUR if blur_px > WIDTH.soft_blur_px else Reason.TOO_THIN
        none = Width(None, None, reason)
        return WidthStatistics(none, none, none, None)
    points, smooth = points[known], smooth[known]
    width, uncertainty = points[:, 2], points[:, 3]
    usual, median = compute_median(uncertainty), compute_median(width)
    scatter = NORMAL_90 * _MAD_TO_DEVIATION * compute_median(np.abs(width - smooth))
    common = max(usual**2 - scatter**2, (0.5 * usual) ** 2)
    independent = max(len(width) / WIDTH.independent_width_px, 1.0)
    # Widths below the blur differ along the crack because they are uncertain.
    hidden = 1 / (1 + (median / (1.7 * blur_px)) ** 4)
    shrunk = _shrink_noise(smooth, (scatter**2 + (hidden * usual) ** 2) / NORMAL_90**2)
    reliable = uncertainty <= np.maximum(3 * usual, 0.15 * width)
    points, shrunk, uncertainty = points[reliable], shrunk[reliable], uncertainty[reliable]
    high = compute_quantile(shrunk, 0.95)
    largest = int(shrunk.argmax())
    return WidthStatistics(
        median=Width(median, float(np.sqrt(common + (1.25 * scatter) ** 2 / independent))),
        percentile95=Width(high, compute_median(uncertainty[shrunk >= high])),
        maximum=Width(float(shrunk[largest]), float(np.hypot(uncertainty[largest], scatter))),
        maximum_at=(float(points[largest, 0]), float(points[largest, 1])),
    )


def _shrink_noise(values: FloatArray, variance: float) -> FloatArray:
    """Shrink values towards their median by the share of their variance that is noise.

    Without this, the extremes of noisy values are too extreme.
    """
    median = compute_median(values)
    true = max(0.0, 1 - variance / max(float(np.var(values)), 1e-9))
    return np.asarray(median + true * (values - median), np.float32)


def _running_median(values: FloatArray, radius: int = 4) -> FloatArray:
    """Median of each value and its neighbours up to `radius` away, ignoring NaN."""
    padded = np.pad(values, radius, constant_values=np.nan)
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1), axis=1)
    known = np.isfinite(windows).sum(axis=1)  # NaN are sorted last
    rows = np.arange(len(values))
    lower, upper = windows[rows, np.maximum(known - 1, 0) // 2], windows[rows, known // 2]
    return np.where(known > 0, (lower + upper) / 2, np.nan).astype(np.float32)
