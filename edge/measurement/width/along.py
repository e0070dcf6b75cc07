"""The width at every point of the lines, with what the points of one crack have in common."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width import posterior, profile
from crackscan.edge.measurement.width.fast_quantile import median
from crackscan.edge.measurement.width.light import Tone
from crackscan.edge.measurement.width.lines import Lines
from crackscan.edge.measurement.width.profile import OFFSETS
from crackscan.edge.measurement.width.values import BoolArray, FloatArray

BLOCK = 4096
"""So many profiles are weighed at a time, which bounds the memory."""


@dataclass(frozen=True)
class Along:
    """What the profiles say, (n,) each: one row for each point of the lines."""

    width_px: FloatArray
    uncertainty_px: FloatArray
    depth: FloatArray
    """How much darker than the wall, as a share of the wall's brightness."""
    contrast: FloatArray
    """By how many deviations of the wall's own texture the line stands out."""
    edge: FloatArray
    """Below 1 a plain step explains the profile better than a line."""

    def chosen(self, which: BoolArray) -> "Along":
        return Along(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class _Sampled:
    """The profiles of one level."""

    level: int
    at: NDArray[np.intp]
    run: tuple[NDArray[np.intp], NDArray[np.intp]]
    """First and one-past-last row of the unbroken stretch around each row."""
    rows: FloatArray
    white: FloatArray


def measure_along(
    lines: Lines, pictures: tuple[FloatArray, ...], tone: Tone
) -> tuple[Along, float]:
    """Widths along the lines, and the blur (px) they share.

    Profiles across are averaged over a few px along the line; the wall's texture beside it is their
    noise. Blur and darkness are first learned from profiles all over the crack, then each profile
    is measured with them: wide places by their edges, places narrower than the blur by their area
    over the darkness, with the uncertainty that darkness has.
    """
    sampled = [_sampled(lines, pictures, level) for level in np.unique(lines.level).tolist()]
    apart = max(round(posterior.APART_PX / lines.step_px), 1)
    few = [posterior.weigh(s.rows[::apart], posterior.BLURS_PX, s.level, s.white) for s in sampled]
    levels = [s.level for s in sampled]
    blur = posterior.shared_blur(few, tone, None)
    usual = posterior.usual_depth(few, levels, blur[0], tone)
    if usual is not None:
        blur = posterior.shared_blur(few, tone, usual)
    blurs, weight = posterior.nodes(blur)
    columns = np.zeros((5, len(lines.owner)), np.float32)
    for s in sampled:
        few_at = _spaced(s, lines.radius(s.level))
        found = np.empty((5, len(few_at)), np.float32)
        for start in range(0, len(few_at), BLOCK):
            part = slice(start, start + BLOCK)
            evidence = posterior.weigh(s.rows[few_at[part]], blurs, s.level, s.white)
            width, uncertainty = posterior.widths(evidence, weight, tone, usual)
            found[0, part] = width * 2**s.level
            found[1, part] = np.hypot(uncertainty * 2**s.level, posterior.TONE * blur[0])
            found[2, part] = posterior.depths(evidence, width)
            found[3, part], found[4, part] = evidence.contrast, evidence.edge
        columns[:, s.at] = _between(found, few_at, len(s.at))
        columns[1, s.at] = np.hypot(columns[1, s.at], _unsteady(columns[0, s.at], lines, s))
    return Along(*columns), blur[0]


def _spaced(sampled: _Sampled, step: int) -> NDArray[np.intp]:
    """Every so manieth row of each run, its first and its last: between them lines are measured.

    Profiles are averaged over as many rows each way, so that nothing is left out.
    """
    first, last = sampled.run
    here = np.arange(len(first))
    return np.flatnonzero(((here - first) % max(step, 1) == 0) | (here == last - 1))


def _between(found: FloatArray, at: NDArray[np.intp], count: int) -> FloatArray:
    """Columns (5, k) at some rows, for all `count` rows: linear, `edge` from the nearest."""
    here = np.arange(count)
    all_rows = np.empty((len(found), count), np.float32)
    for column, values in zip(all_rows[:4], found[:4], strict=True):
        column[:] = np.interp(here, at, values)
    after = np.minimum(np.searchsorted(at, here), len(at) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(here - at[before] < at[after] - here, before, after)
    all_rows[4] = found[4, nearest]
    return all_rows


def _sampled(lines: Lines, pictures: tuple[FloatArray, ...], level: int) -> _Sampled:
    at = np.flatnonzero(lines.level == level)
    run = profile.runs(lines.owner[at], np.cumsum(np.diff(at, prepend=at[:1]) > 1))
    place, normal = lines.position[at], lines.normal[at]

    def averaged(where: FloatArray) -> FloatArray:
        return profile.along(
            profile.profiles(pictures, where, normal, level), lines.radius(level), *run
        )

    rows = averaged(place)
    reach = OFFSETS[-1] + 1
    aside = (lines.rough_px[at] / 2 + reach * 2**level + 2)[:, None] * normal
    wall = np.concatenate([averaged(place + aside)[::4], averaged(place - aside)[::4]])
    drop = median(rows.max(axis=1) - rows.min(axis=1))
    return _Sampled(level, at, run, rows, posterior.whitener(wall, drop))


def _unsteady(width_px: FloatArray, lines: Lines, sampled: _Sampled) -> FloatArray:
    """The deviation of the width over the stretch that one profile averages."""
    both = np.stack([width_px, width_px**2], axis=1)
    mean = profile.along(both, lines.radius(sampled.level), *sampled.run)
    return np.asarray(np.sqrt(np.maximum(mean[:, 1] - mean[:, 0] ** 2, 0)))
