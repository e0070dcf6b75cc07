"""Estimation of the width at every point of the centre lines."""

from dataclasses import dataclass

import numpy as np

from crackscan.edge.measurement.width.fast_quantile import compute_median
from crackscan.edge.measurement.width.line_points import LinePoints
from crackscan.edge.measurement.width.parameters import WIDTH
from crackscan.edge.measurement.width.profile_likelihood import (
    compare_profiles,
    compute_whitener,
)
from crackscan.edge.measurement.width.profiles import (
    OFFSETS,
    average_along,
    find_runs,
    sample_profiles,
)
from crackscan.edge.measurement.width.tone_curve import ToneCurve
from crackscan.edge.measurement.width.values import BoolArray, FloatArray, IntArray
from crackscan.edge.measurement.width.width_posterior import (
    BLURS_PX,
    choose_blur_nodes,
    compute_widths,
    estimate_blur,
    estimate_depth,
    select_depths,
)


@dataclass(frozen=True)
class PointWidths:
    """The estimates (n,) from the profiles, one row for each point of the lines."""

    width_px: FloatArray
    uncertainty_px: FloatArray
    """Half of the 90 % interval."""
    depth: FloatArray
    """Contrast of the crack relative to the brightness of the wall."""
    contrast: FloatArray
    """Contrast of the line in standard deviations of the wall's texture."""
    edge: FloatArray
    """Below 1, a step explains the profile better than a line."""

    def select(self, mask: BoolArray) -> "PointWidths":
        return PointWidths(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class _LevelProfiles:
    """The profiles of one level."""

    level: int
    points: IntArray
    """Rows of the points in the table of lines."""
    run: tuple[IntArray, IntArray]
    """First and one-past-last row of the contiguous stretch around each row."""
    profiles: FloatArray
    whitener: FloatArray


def estimate_widths(
    lines: LinePoints, pictures: tuple[FloatArray, ...], tone: ToneCurve
) -> tuple[PointWidths, float]:
    """Estimate the widths along the lines, and the blur (px) that they share.

    Profiles across the line are averaged over a few px along it; the texture of the wall beside it
    is their noise. Blur and depth are first estimated from profiles all over the crack. Then each
    profile is measured with them: a wide point by its edges, and a point narrower than the blur by
    its area divided by the depth, with the uncertainty of the depth.
    """
    sampled = [_sample_level(lines, pictures, level) for level in np.unique(lines.level).tolist()]
    spacing = max(round(WIDTH.independent_px / lines.step_px), 1)
    sparse = [
        compare_profiles(s.profiles[::spacing], BLURS_PX, s.level, s.whitener) for s in sampled
    ]
    levels = [s.level for s in sampled]
    blur = estimate_blur(sparse, tone, None)
    usual_depth = estimate_depth(sparse, levels, blur[0], tone)
    if usual_depth is not None:
        blur = estimate_blur(sparse, tone, usual_depth)
    blurs_px, log_weights = choose_blur_nodes(blur)
    columns = np.zeros((5, len(lines.owner)), np.float32)
    for s in sampled:
        rows = _space_rows(s, lines.averaging_radius(s.level))
        estimates = np.empty((5, len(rows)), np.float32)
        for start in range(0, len(rows), WIDTH.batch_size):
            part = slice(start, start + WIDTH.batch_size)
            evidence = compare_profiles(s.profiles[rows[part]], blurs_px, s.level, s.whitener)
            width, uncertainty = compute_widths(evidence, log_weights, tone, usual_depth)
            estimates[0, part] = width * 2**s.level
            estimates[1, part] = np.hypot(uncertainty * 2**s.level, WIDTH.tone_error * blur[0])
            estimates[2, part] = select_depths(evidence, width)
            estimates[3, part], estimates[4, part] = evidence.contrast, evidence.edge
        columns[:, s.points] = _interpolate_rows(estimates, rows, len(s.points))
        columns[1, s.points] = np.hypot(
            columns[1, s.points], _compute_variation(columns[0, s.points], lines, s)
        )
    return PointWidths(*columns), blur[0]


def _sample_level(
    lines: LinePoints, pictures: tuple[FloatArray, ...], level: int
) -> _LevelProfiles:
    points = np.flatnonzero(lines.level == level)
    run = find_runs(lines.owner[points], np.cumsum(np.diff(points, prepend=points[:1]) > 1))
    position, normal = lines.position[points], lines.normal[points]

    def sample_averaged(centre: FloatArray) -> FloatArray:
        profiles = sample_profiles(pictures, centre, normal, level)
        return average_along(profiles, lines.averaging_radius(level), *run)

    profiles = sample_averaged(position)
    reach = OFFSETS[-1] + 1
    beside = (lines.rough_px[points] / 2 + reach * 2**level + 2)[:, None] * normal
    wall = np.concatenate(
        [sample_averaged(position + beside)[::4], sample_averaged(position - beside)[::4]]
    )
    contrast = compute_median(profiles.max(axis=1) - profiles.min(axis=1))
    return _LevelProfiles(level, points, run, profiles, compute_whitener(wall, contrast))


def _space_rows(sampled: _LevelProfiles, step: int) -> IntArray:
    """Select every Nth row of each run, and its first and last, at which widths are estimated.

    Profiles are averages over N rows in each direction, so every row contributes.
    """
    first, last = sampled.run
    index = np.arange(len(first))
    return np.flatnonzero(((index - first) % max(step, 1) == 0) | (index == last - 1))


def _interpolate_rows(estimates: FloatArray, rows: IntArray, count: int) -> FloatArray:
    """Interpolate columns (5, k) at some rows to all rows: linearly, `edge` from the nearest."""
    index = np.arange(count)
    columns = np.empty((len(estimates), count), np.float32)
    for column, values in zip(columns[:4], estimates[:4], strict=True):
        column[:] = np.interp(index, rows, values)
    after = np.minimum(np.searchsorted(rows, index), len(rows) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(index - rows[before] < rows[after] - index, before, after)
    columns[4] = estimates[4, nearest]
    return columns


def _compute_variation(
    width_px: FloatArray, lines: LinePoints, sampled: _LevelProfiles
) -> FloatArray:
    """Standard deviation of the width within the stretch that one profile averages."""
    moments = np.stack([width_px, width_px**2], axis=1)
    mean = average_along(moments, lines.averaging_radius(sampled.level), *sampled.run)
    return np.asarray(np.sqrt(np.maximum(mean[:, 1] - mean[:, 0] ** 2, 0)))
