"""Matches the cracks of two surveys: by aligned pictures, or by position if none are left."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.values import Scale
from crackscan.edge.reporting.compare.alignment import Alignment
from crackscan.edge.reporting.compare.candidates import are_near
from crackscan.edge.reporting.compare.change import PARAMETERS as CHANGE
from crackscan.edge.reporting.compare.change import (
    CrackChange,
    classify_change,
    compute_difference,
)
from crackscan.edge.reporting.compare.survey_cracks import Crack


@dataclass(frozen=True)
class MatchingParameters:
    """When two cracks are the same, and when their sizes can be compared."""

    tolerance: float = 0.015
    """Two lines coincide within this share of the picture's diagonal; twice that for a crack
    without centre lines."""
    min_tolerance_px: float = 6.0
    min_overlap: float = 0.35
    """Two cracks are the same if this share of one of them lies on the other."""
    min_common_overlap: float = 0.3
    """Sizes are compared only if this share of each lies on the other, because a part of a crack
    is not the crack."""
    min_visible_share: float = 0.98
    """Lengths are compared only if this share of both cracks is inside both pictures."""
    min_covered_share: float = 0.5
    """A picture shows the place of a crack if this share of it is inside."""


PARAMETERS = MatchingParameters()


@dataclass(frozen=True, eq=False)
class CrackMatch:
    """Two cracks, one of each survey, that lie on each other in aligned pictures."""

    before: Crack
    after: Crack
    overlap: float
    """The larger of the two shares of one crack that lie on the other."""
    common_overlap: float
    """The smaller of the two."""
    alignment: Alignment

    @property
    def keys(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """Identify the two cracks among those of both surveys."""
        return ("before", self.before.number), ("after", self.after.number)


def match_pictures(
    before: Sequence[Crack], after: Sequence[Crack], alignment: Alignment
) -> list[CrackMatch]:
    """All pairs of cracks of two aligned pictures that overlap enough to be the same."""
    matches = []
    for a in before:
        for b in after:
            overlap, common_overlap = _measure_overlap(a, b, alignment)
            if overlap >= PARAMETERS.min_overlap:
                matches.append(CrackMatch(a, b, overlap, common_overlap, alignment))
    return matches


def select_matches(matches: Sequence[CrackMatch]) -> list[CrackChange]:
    """Use each crack once, the pairs with the largest common overlap first."""
    changes: list[CrackChange] = []
    taken: set[tuple[str, int]] = set()
    uses = Counter(key for match in matches for key in match.keys)
    for match in sorted(matches, key=lambda m: (-m.common_overlap, -m.overlap, m.keys)):
        if not set(match.keys) & taken:
            taken |= set(match.keys)
            # A crack that is one in one survey and several in the other has no length to compare.
            is_whole = all(uses[key] == 1 for key in match.keys)
            changes.append(_compare_sizes(match, is_whole))
    return changes


def match_positions(before: Sequence[Crack], after: Sequence[Crack]) -> list[CrackChange]:
    """Pairs of cracks that have only each other within the accuracy of their positions."""
    changes = []
    for b in after:
        near = _find_near(b, before)
        if len(near) == 1 and _find_near(near[0], after) == [b]:
            width = compute_difference(
                near[0].entry.width_px, b.entry.width_px, _both_scales(near[0], b), None
            )
            changes.append(
                CrackChange(
                    classify_change(width, None), near[0].entry, b.entry, width, None, "position"
                )
            )
    return changes


def is_covered(points: NDArray[np.floating], size: tuple[int, int]) -> bool:
    """Whether a picture of that width and height shows most of the points (n, 2)."""
    return _share_inside(points, size) >= PARAMETERS.min_covered_share


def _compare_sizes(match: CrackMatch, is_whole: bool) -> CrackChange:
    before, after, alignment = match.before, match.after, match.alignment
    a, b = before.entry, after.entry
    zoom = alignment.zoom_at(before.points.mean(axis=0))
    width = length = None
    if match.common_overlap >= PARAMETERS.min_common_overlap:
        scales = _both_scales(before, after)
        width = compute_difference(a.width_px, b.width_px, scales, zoom)
        if is_whole and _are_visible_in_both(match):
            further = CHANGE.length_uncertainty
            length = compute_difference(a.length_px, b.length_px, scales, zoom, further)
    return CrackChange(classify_change(width, length), a, b, width, length, "picture")


def _are_visible_in_both(match: CrackMatch) -> bool:
    alignment = match.alignment
    shares = (
        _share_inside(alignment.to_later(match.before.points), alignment.later),
        _share_inside(alignment.to_earlier(match.after.points), alignment.earlier),
    )
    return min(shares) >= PARAMETERS.min_visible_share


def _measure_overlap(before: Crack, after: Crack, alignment: Alignment) -> tuple[float, float]:
    """The shares, 0..1, of each crack that lie on the other one: the larger, the smaller."""
    mapped = alignment.to_later(before.points)
    diagonal_px = math.hypot(*alignment.later)
    tolerance_px = max(PARAMETERS.tolerance * diagonal_px, PARAMETERS.min_tolerance_px)
    if not (before.has_lines and after.has_lines):
        tolerance_px *= 2
    distances = np.hypot(*(mapped[:, None] - after.points[None]).transpose(2, 0, 1))
    near = distances < tolerance_px
    shares = float(near.any(axis=1).mean()), float(near.any(axis=0).mean())
    return max(shares), min(shares)


def _share_inside(points: NDArray[np.floating], size: tuple[int, int]) -> float:
    return float(((points >= 0) & (points < np.array(size))).all(axis=1).mean())


def _find_near(crack: Crack, others: Sequence[Crack]) -> list[Crack]:
    here = crack.position
    if here is None:
        return []
    return [
        other for other in others if (there := other.position) is not None and are_near(here, there)
    ]


def _both_scales(before: Crack, after: Crack) -> tuple[Scale | None, Scale | None]:
    return before.entry.scale, after.entry.scale
