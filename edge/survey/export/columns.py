"""The columns that all exports have in common: of findings, of track points and of notes."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from crackscan.edge.measurement.values import Length, Measurement
from crackscan.edge.positioning.clock import Instant
from crackscan.edge.survey.reading import best_time, iso_time
from crackscan.edge.survey.values import Note, Session, StoredFinding, TrackPoint

Cell = str | float | int | None
FindingCell = Callable[[StoredFinding, Session], Cell]
Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Column(Generic[Entry]):
    """A column of an export."""

    name: str
    """With the unit."""
    kind: str
    """GeoPackage type: INTEGER, REAL, TEXT or DATETIME (ISO 8601 UTC)."""
    value: Callable[[Entry, Session], Cell]
    """The cell of an entry, which belongs to a session."""


def make_row(columns: Sequence[Column[Entry]], entry: Entry, session: Session) -> Iterator[Cell]:
    """An entry's cells in the order of the columns; a number that is not finite becomes None."""
    for column in columns:
        value = column.value(entry, session)
        yield None if isinstance(value, float) and not math.isfinite(value) else value


def _position_cell(name: str, digits: int | None = None) -> FindingCell:
    def value(finding: StoredFinding, session: Session) -> Cell:  # noqa: ARG001
        position = finding.sighting.geotag.position
        cell: Cell = None if position is None else getattr(position, name)
        return round(cell, digits) if digits and isinstance(cell, float) else cell

    return value


def _attitude_cell(name: str) -> FindingCell:
    def value(finding: StoredFinding, session: Session) -> Cell:  # noqa: ARG001
        attitude = finding.sighting.geotag.attitude
        cell = None if attitude is None else getattr(attitude, name)
        return cell if cell is None or isinstance(cell, float) else str(cell)

    return value


def _distance_cell(finding: StoredFinding, session: Session) -> Cell:  # noqa: ARG001
    distance = finding.sighting.geotag.distance
    return None if distance is None else distance.value_m


def _figure_columns(name: str) -> list[Column[StoredFinding]]:
    """A measured figure in px and, if the scale is known, in mm, each with its uncertainty."""

    def figure_px(finding: StoredFinding) -> Measurement | None:
        measures = finding.sighting.measures
        return None if measures is None else getattr(measures, name)

    def figure_mm(finding: StoredFinding) -> Length | None:
        figure, scale = figure_px(finding), finding.sighting.scale
        if figure is None or scale is None:
            return None
        return scale.millimetres(figure.value_px, figure.uncertainty_px)

    def value_px(finding: StoredFinding, _: Session) -> Cell:
        return round(figure.value_px, 3) if (figure := figure_px(finding)) else None

    def uncertainty_px(finding: StoredFinding, _: Session) -> Cell:
        return round(figure.uncertainty_px, 3) if (figure := figure_px(finding)) else None

    def value_mm(finding: StoredFinding, _: Session) -> Cell:
        return round(figure.value_mm, 4) if (figure := figure_mm(finding)) else None

    def uncertainty_mm(finding: StoredFinding, _: Session) -> Cell:
        return round(figure.uncertainty_mm, 4) if (figure := figure_mm(finding)) else None

    return [
        Column(f"{name}_px", "REAL", value_px),
        Column(f"{name}_uncertainty_px", "REAL", uncertainty_px),
        Column(f"{name}_mm", "REAL", value_mm),
        Column(f"{name}_uncertainty_mm", "REAL", uncertainty_mm),
    ]


def _format_time(at: Instant, session: Session) -> str | None:
    return iso_time(best_time(at, session).wall_s) or None


FINDING_COLUMNS: tuple[Column[StoredFinding], ...] = (
    Column("finding", "INTEGER", lambda f, _: f.id),
    Column("session", "INTEGER", lambda f, _: f.session),
    Column("time", "DATETIME", lambda f, s: _format_time(f.sighting.first, s)),
    Column("time_from", "TEXT", lambda f, s: best_time(f.sighting.first, s).wall_from.word),
    Column("last_time", "DATETIME", lambda f, s: _format_time(f.sighting.last, s)),
    Column("monotonic_s", "REAL", lambda f, _: round(f.sighting.first.monotonic_s, 3)),
    Column("lat", "REAL", _position_cell("lat", 8)),
    Column("lon", "REAL", _position_cell("lon", 8)),
    Column("altitude_m", "REAL", _position_cell("altitude_m")),
    Column("relative_altitude_m", "REAL", _position_cell("relative_altitude_m")),
    Column("accuracy_m", "REAL", _position_cell("accuracy_m")),
    Column("position_age_s", "REAL", _position_cell("age_s", 3)),
    Column("position_source", "TEXT", _position_cell("source")),
    Column("heading_deg", "REAL", _attitude_cell("heading_deg")),
    Column("pitch_deg", "REAL", _attitude_cell("pitch_deg")),
    Column("roll_deg", "REAL", _attitude_cell("roll_deg")),
    Column("attitude_of", "TEXT", _attitude_cell("carrier")),
    Column("north", "TEXT", _attitude_cell("north")),
    Column("distance_m", "REAL", _distance_cell),
    Column("frame", "TEXT", lambda f, _: f.sighting.frame),
    Column("frames_seen", "INTEGER", lambda f, _: f.sighting.frames_seen),
    Column("probability", "REAL", lambda f, _: round(f.sighting.probability, 4)),
    Column("peak", "REAL", lambda f, _: round(f.sighting.peak, 4)),
    Column("mean", "REAL", lambda f, _: round(f.sighting.mean, 4)),
    Column("area_px", "INTEGER", lambda f, _: f.sighting.area_px),
    Column("box_left_px", "INTEGER", lambda f, _: f.sighting.box.left),
    Column("box_top_px", "INTEGER", lambda f, _: f.sighting.box.top),
    Column("box_right_px", "INTEGER", lambda f, _: f.sighting.box.right),
    Column("box_bottom_px", "INTEGER", lambda f, _: f.sighting.box.bottom),
    *_figure_columns("length"),
    *_figure_columns("width_median"),
    *_figure_columns("width_p95"),
    *_figure_columns("width_max"),
    Column("why_no_width", "TEXT", lambda f, _: m.why if (m := f.sighting.measures) else None),
    Column("mm_per_px", "REAL", lambda f, _: c.mm_per_px if (c := f.sighting.scale) else None),
    Column(
        "scale_uncertainty",
        "REAL",
        lambda f, _: c.relative_uncertainty if (c := f.sighting.scale) else None,
    ),
    Column("scale_source", "TEXT", lambda f, _: c.source if (c := f.sighting.scale) else None),
    Column("picture", "TEXT", lambda f, _: f.picture),
    Column("review", "TEXT", lambda f, _: None if f.verdict is None else str(f.verdict)),
)

TRACK_COLUMNS: tuple[Column[TrackPoint], ...] = (
    Column("session", "INTEGER", lambda _, s: s.id),
    Column("time", "DATETIME", lambda p, s: _format_time(p.at, s)),
    Column("time_from", "TEXT", lambda p, s: best_time(p.at, s).wall_from.word),
    Column("altitude_m", "REAL", lambda p, _: q.altitude_m if (q := p.geotag.position) else None),
    Column("accuracy_m", "REAL", lambda p, _: q.accuracy_m if (q := p.geotag.position) else None),
    Column("position_age_s", "REAL", lambda p, _: q.age_s if (q := p.geotag.position) else None),
    Column("position_source", "TEXT", lambda p, _: q.source if (q := p.geotag.position) else None),
)

NOTE_COLUMNS: tuple[Column[Note], ...] = (
    Column("session", "INTEGER", lambda _, s: s.id),
    Column("time", "DATETIME", lambda n, s: _format_time(n.at, s)),
    Column("time_from", "TEXT", lambda n, s: best_time(n.at, s).wall_from.word),
    Column("kind", "TEXT", lambda n, _: str(n.kind)),
    Column("text", "TEXT", lambda n, _: n.text),
    Column("seconds", "REAL", lambda n, _: n.seconds),
)
