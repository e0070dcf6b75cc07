"""The width at every point of the lines, with what the points of one crack have in common."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.width import posterior, profile
from crackscan.edge.width.light import Tone
from crackscan.edge.width.lines import Lines
from crackscan.edge.width.profile import OFFSETS
from crackscan.edge.width.values import BoolArray, FloatArray

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
        for start in range(0, len(s.at), BLOCK):
            at = s.at[start : start + BLOCK]
            evidence = posterior.weigh(s.rows[start : start + BLOCK], blurs, s.level, s.white)
            width, uncertainty = posterior.widths(evidence, weight, tone, usual)
            columns[0, at] = width * 2**s.level
            columns[1, at] = np.hypot(uncertainty * 2**s.level, posterior.TONE * blur[0])
            columns[2, at] = posterior.depths(evidence, width)
            columns[3, at], columns[4, at] = evidence.contrast, evidence.edge
        columns[1, s.at] = np.hypot(columns[1, s.at], _unsteady(columns[0, s.at], lines, s))
    return Along(*columns), blur[0]


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
    wall = np.concatenate([averaged(place + aside)[::3], averaged(place - aside)[::3]])
    drop = float(np.median(rows.max(axis=1) - rows.min(axis=1)))
    return _Sampled(level, at, rows, posterior.whitener(wall, drop))


def _unsteady(width_px: FloatArray, lines: Lines, sampled: _Sampled) -> FloatArray:
    """The deviation of the width over the stretch that one profile averages."""
    run = profile.runs(lines.owner[sampled.at])
    both = np.stack([width_px, width_px**2], axis=1)
    mean = profile.along(both, lines.radius(sampled.level), *run)
    return np.asarray(np.sqrt(np.maximum(mean[:, 1] - mean[:, 0] ** 2, 0)))
