"""The plan of positions, drawn as SVG without any map from a network."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crackscan.edge.positioning.geotag import Position
from crackscan.edge.reporting.local_projection import LocalProjection
from crackscan.edge.reporting.report.entry import ReportEntry


@dataclass(frozen=True)
class PlanParameters:
    """The drawing of the plan. Lengths without another unit are units of the SVG drawing."""

    width: float = 680
    height: float = 306
    """Width and height give the plan the text's width on A4 and a third of the page."""
    margin: float = 34
    """Free border, for labels and the north arrow."""
    min_extent_m: float = 20.0
    """Shown at least, so that the scatter of one spot does not fill the plan."""
    max_scale_bar: float = 160
    max_marks: int = 3000
    """Findings that are drawn, the worst first: more overlap and make the page slow."""
    max_track_points: int = 1500
    """Of each session's track, thinned evenly: two points per unit of the width."""
    label_cell: tuple[float, float] = (22, 12)
    """Width and height that a label of four digits needs."""


PARAMETERS = PlanParameters()


@dataclass(frozen=True)
class PlanMark:
    """A finding on the plan."""

    x: float
    y: float
    number: int
    judgement: str
    label: str
    """The number of the finding; empty if it would overlap another one."""


@dataclass(frozen=True)
class Plan:
    """Everything in units of the drawing, y downwards."""

    width: float
    height: float
    marks: tuple[PlanMark, ...]
    """The worst last, so that they are drawn on top."""
    tracks: tuple[str, ...]
    """Points of polylines."""
    scale_bar: float
    """Length of the scale bar."""
    scale_bar_m: float
    accuracy: float | None
    """Radius of the median accuracy."""
    accuracy_m: float | None
    located: int
    """Findings with a position."""
    not_drawn: int
    """Findings with a position that are not drawn because there are too many."""


def make_plan(entries: Sequence[ReportEntry], tracks: Iterable[Sequence[Position]]) -> Plan | None:
    """Draw findings, the worst first, and tracks; None without any position."""
    located = [(entry, entry.position) for entry in entries if entry.position is not None]
    thinned = [thin_track(track) for track in tracks if len(track) > 1]
    positions = [position for _, position in located]
    positions += [position for track in thinned for position in track]
    if not positions:
        return None
    projection = LocalProjection(positions[0].lat, positions[0].lon)
    points = [projection.project(position) for position in positions]
    low_x, low_y = (min(point[axis] for point in points) for axis in (0, 1))
    high_x, high_y = (max(point[axis] for point in points) for axis in (0, 1))
    width, height, margin = PARAMETERS.width, PARAMETERS.height, PARAMETERS.margin
    units_per_m = min(
        (width - 2 * margin) / max(high_x - low_x, PARAMETERS.min_extent_m),
        (height - 2 * margin) / max(high_y - low_y, PARAMETERS.min_extent_m * height / width),
    )
    centre = (low_x + high_x) / 2, (low_y + high_y) / 2

    def to_drawing(position: Position) -> tuple[float, float]:
        x, y = projection.project(position)
        return (
            round(width / 2 + (x - centre[0]) * units_per_m, 1),
            round(height / 2 - (y - centre[1]) * units_per_m, 1),
        )

    drawn = located[: PARAMETERS.max_marks]
    marks = _label_marks([(*to_drawing(position), entry) for entry, position in drawn])
    polylines = [
        " ".join("{},{}".format(*to_drawing(position)) for position in track) for track in thinned
    ]
    accuracies = sorted(p.accuracy_m for _, p in located if p.accuracy_m is not None)
    accuracy_m = accuracies[len(accuracies) // 2] if accuracies else None
    scale_bar_m = round_length(PARAMETERS.max_scale_bar / units_per_m)
    return Plan(
        width=width,
        height=height,
        marks=tuple(marks),
        tracks=tuple(polylines),
        scale_bar=round(scale_bar_m * units_per_m, 1),
        scale_bar_m=scale_bar_m,
        accuracy=None if accuracy_m is None else round(accuracy_m * units_per_m, 1),
        accuracy_m=accuracy_m,
        located=len(located),
        not_drawn=len(located) - len(marks),
    )


def round_length(max_length: float) -> float:
    """The longest of 1, 2, 5, 10, 20, 50 … that is not above `max_length`, which is positive."""
    power = 10.0 ** math.floor(math.log10(max_length))
    steps = (step * power for step in (1.0, 2.0, 5.0))
    return max(step for step in steps if step <= max_length * (1 + 1e-9))


def thin_track(track: Sequence[Position]) -> list[Position]:
    """Every nth position, so that no more than the plan draws are left, and the last one."""
    step = max(1, -(-len(track) // PARAMETERS.max_track_points))
    thinned = list(track[::step])
    return thinned if thinned[-1] is track[-1] else [*thinned, track[-1]]


def _label_marks(located: Sequence[tuple[float, float, ReportEntry]]) -> list[PlanMark]:
    """Label the worst findings first, as long as no label overlaps another one."""
    marks: list[PlanMark] = []
    taken: set[tuple[int, int]] = set()
    for x, y, entry in located:
        column, row = int(x // PARAMETERS.label_cell[0]), int(y // PARAMETERS.label_cell[1])
        neighbours = {(column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
        has_label = not neighbours & taken
        if has_label:
            taken.add((column, row))
        label = str(entry.number) if has_label else ""
        marks.append(PlanMark(x, y, entry.number, str(entry.judgement), label))
    return marks[::-1]
