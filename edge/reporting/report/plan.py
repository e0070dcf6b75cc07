"""The plan of positions: drawn as SVG, without any map from a network."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crackscan.edge.positioning.values import Position
from crackscan.edge.reporting.report.entry import Entry

WIDE, HIGH = 680, 306
"""Size of the plan in its own units."""
EDGE = 34
LEAST_M = 20.0
"""A plan shows at least so many metres."""
MOST_MARKS, MOST_TRACK = 3000, 1500
_MAJOR_M, _ECCENTRICITY_2 = 6_378_137.0, 0.00669437999014
"""WGS 84."""


@dataclass(frozen=True)
class Local:
    """Metres east and north of a place: the tangent plane, good to 1 mm in 1 km, 1 m in 10 km."""

    lat: float
    lon: float

    def of(self, position: Position) -> tuple[float, float]:
        sine = math.sin(math.radians(self.lat))
        root = math.sqrt(1 - _ECCENTRICITY_2 * sine * sine)
        east_m = _MAJOR_M / root * math.cos(math.radians(self.lat))
        north_m = _MAJOR_M * (1 - _ECCENTRICITY_2) / root**3
        lon = (position.lon - self.lon + 180) % 360 - 180
        return math.radians(lon) * east_m, math.radians(position.lat - self.lat) * north_m


@dataclass(frozen=True)
class Mark:
    """A finding on the plan."""

    x: float
    y: float
    number: int
    kind: str
    """Its judgement."""
    label: str
    """Its number, where there is room for it."""


@dataclass(frozen=True)
class Plan:
    """Everything in units of the drawing, y downwards."""

    marks: tuple[Mark, ...]
    tracks: tuple[str, ...]
    """Polylines' points."""
    bar: float
    """Length of the scale bar."""
    bar_m: float
    accuracy: float | None
    """Radius of the usual accuracy."""
    accuracy_m: float | None
    placed: int
    left_out: int
    """Findings with a position that are not drawn: too many."""


def make_plan(entries: Sequence[Entry], tracks: Iterable[Sequence[Position]]) -> Plan | None:
    """A plan of findings, the worst first, and of tracks; None without any position.

    Where there are very many, the first MOST_MARKS are drawn and each track is thinned evenly.
    """
    placed = [(entry, entry.position) for entry in entries if entry.position is not None]
    thinned = [_thin(track, MOST_TRACK) for track in tracks if len(track) > 1]
    every = [place for _, place in placed] + [place for track in thinned for place in track]
    if not every:
        return None
    first = every[0]
    around = Local(first.lat, first.lon)
    points = [around.of(place) for place in every]
    low_x, low_y = (min(one[axis] for one in points) for axis in (0, 1))
    high_x, high_y = (max(one[axis] for one in points) for axis in (0, 1))
    unit = min(
        (WIDE - 2 * EDGE) / max(high_x - low_x, LEAST_M),
        (HIGH - 2 * EDGE) / max(high_y - low_y, LEAST_M * HIGH / WIDE),
    )
    middle = (low_x + high_x) / 2, (low_y + high_y) / 2

    def on_paper(place: Position) -> tuple[float, float]:
        x, y = around.of(place)
        return (
            round(WIDE / 2 + (x - middle[0]) * unit, 1),
            round(HIGH / 2 - (y - middle[1]) * unit, 1),
        )

    marks = _labelled([(*on_paper(place), entry) for entry, place in placed[:MOST_MARKS]])
    lines = [" ".join("{},{}".format(*on_paper(place)) for place in track) for track in thinned]
    told = sorted(place.accuracy_m for _, place in placed if place.accuracy_m is not None)
    accuracy_m = told[len(told) // 2] if told else None
    bar_m = nice_length(160 / unit)
    return Plan(
        marks=tuple(marks),
        tracks=tuple(lines),
        bar=round(bar_m * unit, 1),
        bar_m=bar_m,
        accuracy=None if accuracy_m is None else round(accuracy_m * unit, 1),
        accuracy_m=accuracy_m,
        placed=len(placed),
        left_out=len(placed) - len(marks),
    )


def nice_length(most: float) -> float:
    """The longest of 1, 2, 5, 10, 20, 50 … that is not above `most`, which is positive."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= most * (1 + 1e-9))


def _thin(track: Sequence[Position], most: int) -> list[Position]:
    step = max(1, -(-len(track) // most))
    thinned = list(track[::step])
    return thinned if thinned[-1] is track[-1] else [*thinned, track[-1]]


def _labelled(placed: list[tuple[float, float, Entry]]) -> list[Mark]:
    """The worst first get their numbers, as long as these do not lie on one another."""
    marks: list[Mark] = []
    taken: set[tuple[int, int]] = set()
    for x, y, entry in placed:
        across, down = int(x // 22), int(y // 12)
        near = {(across + i, down + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
        free = not near & taken
        if free:
            taken.add((across, down))
        label = str(entry.number) if free else ""
        marks.append(Mark(x, y, entry.number, str(entry.judgement), label))
    return marks[::-1]
