"""Compares two surveys: finds each crack of one in the other, by place and by picture."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crackscan.edge.measurement.values import Measured
from crackscan.edge.positioning.values import Position
from crackscan.edge.reporting.compare.align import Features, Overlay, features_of, likeness, overlay
from crackscan.edge.reporting.compare.change import ENDS, Change, Changed, change_of, difference
from crackscan.edge.reporting.report.entry import Entry, entry_of
from crackscan.edge.reporting.report.pictures import Pictures
from crackscan.edge.reporting.report.plan import Local
from crackscan.edge.survey.reading import SurveyReader
from crackscan.edge.survey.values import Sighting, StoredFinding, Verdict

USUAL_ACCURACY_M, SLACK_M = 10.0, 3.0
"""Where a receiver states none; and how far apart one may stand to see the same place."""
NEAREST = 6
"""So many earlier pictures are tried against a later one, the nearest or of the same name."""
MOST_BLIND = 40
"""Where no positions help, so many pictures are compared all against all."""
LIKELIEST = 8
"""So many of those, the likest at first sight, are tried in earnest."""
TOLERANCE = 0.015
"""Two lines are the same within this share of the picture's diagonal."""
SAME = 0.35
"""Two cracks are the same if this share of the shorter one lies on the other."""
PART = 0.3
"""Sizes are compared only if so much of each lies on the other: a piece is not the crack."""
INSIDE = 0.98
"""Lengths are compared if this share of both cracks is in both pictures."""


@dataclass(frozen=True)
class Comparison:
    """What became of every crack, the changes first."""

    earlier: str
    later: str
    changes: tuple[Changed, ...]

    def count(self, change: Change) -> int:
        return sum(one.change is change for one in self.changes)


@dataclass(frozen=True, eq=False)
class _Crack:
    finding: StoredFinding
    entry: Entry

    @property
    def sighting(self) -> Sighting:
        return self.finding.sighting

    @property
    def points(self) -> np.ndarray:
        """(n, 2): its centre lines, or the middles of its cells, thinned to 200."""
        lines = self.sighting.lines
        if lines:
            places = np.concatenate([line[:, :2] for line in lines])
        else:
            box = self.sighting.box
            places = np.array(
                [[(box.left + box.right) / 2, (box.top + box.bottom) / 2]], np.float32
            )
        return places[:: max(1, len(places) // 200)]


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two cracks, one in each survey, that lie on each other."""

    score: float
    """Share of the shorter one that lies on the longer one."""
    both: float
    """The same the other way round."""
    before: _Crack
    after: _Crack
    laid: Overlay

    @property
    def keys(self) -> tuple[tuple[str, int], tuple[str, int]]:
        return ("before", self.before.entry.number), ("after", self.after.entry.number)


class _Survey:
    """The cracks of a survey by picture, and the pictures' features, made when asked for."""

    def __init__(self, survey: SurveyReader, source: Path | None, limit_mm: float) -> None:
        sessions = {session.id: session for session in survey.sessions()}
        self.cracks = [
            _Crack(found, entry_of(found, sessions[found.session], limit_mm))
            for found in survey.findings()
            if found.verdict is not Verdict.REJECTED
        ]
        self.frames: dict[str, list[_Crack]] = defaultdict(list)
        for crack in self.cracks:
            self.frames[crack.sighting.frame].append(crack)
        self.places: dict[str, Position | None] = {
            name: cracks[0].sighting.geotag.position for name, cracks in self.frames.items()
        }
        self._pictures = Pictures(survey.folder, source)
        self._features: dict[str, Features | None] = {}

    def features(self, frame: str) -> Features | None:
        if frame not in self._features:
            crack = self.frames[frame][0]
            wide, high = crack.sighting.frame_width, crack.sighting.frame_height
            rgb = self._pictures.of_finding(crack.finding.picture, frame, wide)
            self._features[frame] = None if rgb is None else features_of(rgb, wide, high)
        return self._features[frame]


def compare(
    earlier: SurveyReader,
    later: SurveyReader,
    sources: tuple[Path | None, Path | None] = (None, None),
    limit_mm: float = 0.3,
    watch: Callable[[int, int], object] = lambda *_: None,
) -> Comparison:
    """Find each crack of the earlier survey in the later one; rejected findings are left out.

    Pictures of nearby places (or of the same name, or all of small surveys) are laid over each
    other; cracks that then lie on each other are the same. Where no picture is left, the only two
    within the accuracy of their positions are. Sizes differ if they do beyond their uncertainties.

    Args:
        sources: folders of the scanned photographs, where they are at hand.
        watch: called with pictures done and their number.
    """
    old = _Survey(earlier, sources[0], limit_mm)
    new = _Survey(later, sources[1], limit_mm)
    pairs: list[_Pair] = []
    seen_old: set[int] = set()
    seen_new: set[int] = set()
    for done, (name, cracks) in enumerate(new.frames.items(), 1):
        for other in _candidates(name, new, old):
            before, after = old.features(other), new.features(name)
            laid = overlay(before, after) if before is not None and after is not None else None
            if laid is None:
                continue
            for a in old.frames[other]:
                if _is_inside(laid.forth(a.points), laid.later):
                    seen_old.add(a.entry.number)
            for b in cracks:
                if _is_inside(laid.back(b.points), laid.earlier):
                    seen_new.add(b.entry.number)
            for a in old.frames[other]:
                for b in cracks:
                    score, both = _likeness(a, b, laid)
                    if score >= SAME:
                        pairs.append(_Pair(score, both, a, b, laid))
        watch(done, len(new.frames))
    changes = _matched(pairs)
    # A piece of a crack that was matched as a whole is neither new nor gone.
    taken_old = {one.before.entry.number for one in pairs}
    taken_new = {one.after.entry.number for one in pairs}
    left_old = [one for one in old.cracks if one.entry.number not in taken_old | seen_old]
    left_new = [one for one in new.cracks if one.entry.number not in taken_new | seen_new]
    for a, b in _alone_together(left_old, left_new):
        changes.append(_changed(a, b, None))
        taken_old.add(a.entry.number)
        taken_new.add(b.entry.number)
    for b in new.cracks:
        if (number := b.entry.number) not in taken_new:
            changes.append(Changed(Change.NEW, None, b.entry, looked=number in seen_new))
    for a in old.cracks:
        if (number := a.entry.number) not in taken_old:
            changes.append(Changed(Change.GONE, a.entry, None, looked=number in seen_old))
    order = list(Change)
    changes.sort(key=lambda one: (order.index(one.change), (one.after or one.before).rank))  # type: ignore[union-attr]
    return Comparison(earlier.info().name, later.info().name, tuple(changes))


def _candidates(name: str, new: _Survey, old: _Survey) -> list[str]:
    """Earlier pictures that may show the same place, the likeliest first."""
    here = new.places[name]
    near: list[tuple[float, str]] = []
    for other, there in old.places.items():
        if here is not None and there is not None:
            apart_m = _apart_m(here, there)
            if apart_m <= _reach_m(here) + _reach_m(there) + SLACK_M:
                near.append((apart_m, other))
        elif other == name:
            near.append((0.0, other))
        elif len(old.frames) <= MOST_BLIND and len(new.frames) <= MOST_BLIND:
            near.append((1.0, other))
    near.sort()
    known = here is not None and all(old.places[other] is not None for _, other in near)
    return [other for _, other in near[:NEAREST]] if known else _likeliest(name, near, new, old)


def _likeliest(
    name: str, near: Sequence[tuple[float, str]], new: _Survey, old: _Survey
) -> list[str]:
    """Those that look most alike at first sight; one of the same name is always among them."""
    after = new.features(name) if near else None
    if after is None:
        return []

    def unlike(other: str) -> tuple[bool, int]:
        before = old.features(other)
        return other != name, 0 if before is None else -likeness(after, before)

    return sorted((other for _, other in near), key=unlike)[:LIKELIEST]


def _reach_m(position: Position) -> float:
    return USUAL_ACCURACY_M if position.accuracy_m is None else position.accuracy_m


def _apart_m(here: Position, there: Position) -> float:
    return math.hypot(*Local(here.lat, here.lon).of(there))


def _is_inside(points: np.ndarray, size: tuple[int, int]) -> bool:
    return _share_inside(points, size) >= 0.5


def _share_inside(points: np.ndarray, size: tuple[int, int]) -> float:
    return float(((points >= 0) & (points < np.array(size))).all(axis=1).mean())


def _likeness(a: _Crack, b: _Crack, laid: Overlay) -> tuple[float, float]:
    """The share of the shorter crack that lies on the longer one, and the other way round, 0..1."""
    there = laid.forth(a.points)
    near_px = max(TOLERANCE * math.hypot(*laid.later), 6.0)
    if not (a.sighting.lines and b.sighting.lines):
        near_px *= 2
    apart = np.hypot(*(there[:, None] - b.points[None]).transpose(2, 0, 1))
    near = apart < near_px
    shares = float(near.any(axis=1).mean()), float(near.any(axis=0).mean())
    return max(shares), min(shares)


def _matched(pairs: Sequence[_Pair]) -> list[Changed]:
    """Each crack once, the pairs that share most first."""
    changes: list[Changed] = []
    taken: set[tuple[str, int]] = set()
    pieces = Counter(key for one in pairs for key in one.keys)
    for one in sorted(pairs, key=lambda one: (-one.both, -one.score, one.keys)):
        if not set(one.keys) & taken:
            taken |= set(one.keys)
            whole = all(pieces[key] == 1 for key in one.keys)
            changes.append(_changed(one.before, one.after, one.laid, one.both >= PART, whole))
    return changes


def _alone_together(old: Sequence[_Crack], new: Sequence[_Crack]) -> list[tuple[_Crack, _Crack]]:
    """Pairs that have only each other within the accuracy of their positions."""

    def near(one: _Crack, others: Sequence[_Crack]) -> list[_Crack]:
        here = one.sighting.geotag.position
        if here is None:
            return []
        return [
            other
            for other in others
            if (there := other.sighting.geotag.position) is not None
            and _apart_m(here, there) <= _reach_m(here) + _reach_m(there)
        ]

    pairs = []
    for b in new:
        around = near(b, old)
        if len(around) == 1 and near(around[0], new) == [b]:
            pairs.append((around[0], b))
    return pairs


def _changed(
    a: _Crack, b: _Crack, laid: Overlay | None, alike: bool = True, whole: bool = True
) -> Changed:
    """Compare the sizes of a crack: the width if the two are `alike`, the length if they are whole.

    What is one crack in one survey and several pieces in the other has no lengths to compare.
    """
    zoom = None if laid is None else laid.zoom_at(a.points.mean(axis=0))
    width = length = None
    if alike:
        width = difference(_figure(a, a.entry.width_px), _figure(b, b.entry.width_px), zoom)
    if (
        laid is not None
        and alike
        and whole
        and _share_inside(laid.forth(a.points), laid.later) >= INSIDE
        and _share_inside(laid.back(b.points), laid.earlier) >= INSIDE
    ):
        length = difference(
            _figure(a, a.entry.length_px), _figure(b, b.entry.length_px), zoom, ENDS
        )
    by = "position" if laid is None else "picture"
    return Changed(change_of(width, length), a.entry, b.entry, width, length, by)


def _figure(crack: _Crack, figure: Measured | None) -> tuple[Measured | None, float | None, float]:
    scale = crack.sighting.scale
    return (figure, None, 0.0) if scale is None else (
        figure, scale.mm_per_px, scale.relative_uncertainty,
    )  # fmt: skip
