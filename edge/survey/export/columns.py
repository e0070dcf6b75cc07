"""The columns that every export has: what is said of a finding, of a track point, of a note."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from crackscan.edge.measurement.values import Measured
from crackscan.edge.positioning.clock import Instant
from crackscan.edge.survey.reading import best_time, iso_time
from crackscan.edge.survey.values import Note, Session, StoredFinding, TrackPoint

Cell = str | float | int | None
Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Column(Generic[Entry]):
    """One column: its name, with the unit, its GeoPackage type, and how to get it."""

    name: str
    kind: str
    """INTEGER, REAL, TEXT or DATETIME (ISO 8601 UTC)."""
    value: Callable[[Entry, Session], Cell]


def row_of(columns: Sequence[Column[Entry]], entry: Entry, session: Session) -> Iterator[Cell]:
    """An entry's cells in the order of the columns; numbers are finite."""
    for column in columns:
        value = column.value(entry, session)
        yield None if isinstance(value, float) and not math.isfinite(value) else value


def _position(name: str, digits: int | None = None) -> Callable[[StoredFinding, Session], Cell]:
    def value(finding: StoredFinding, session: Session) -> Cell:  # noqa: ARG001
        position = finding.sighting.geotag.position
        found: Cell = None if position is None else getattr(position, name)
        return round(found, digits) if digits and isinstance(found, float) else found

    return value


def _attitude(name: str) -> Callable[[StoredFinding, Session], Cell]:
    def value(finding: StoredFinding, session: Session) -> Cell:  # noqa: ARG001
        attitude = finding.sighting.geotag.attitude
        found = None if attitude is None else getattr(attitude, name)
        return found if found is None or isinstance(found, float) else str(found)

    return value


def _distance(finding: StoredFinding, session: Session) -> Cell:  # noqa: ARG001
    distance = finding.sighting.geotag.distance
    return None if distance is None else distance.value_m


def _measured(name: str) -> list[Column[StoredFinding]]:
    """A figure in px and, where the scale is known, in mm, each with its uncertainty."""

    def figure(finding: StoredFinding) -> Measured | None:
        measures = finding.sighting.measures
        return None if measures is None else getattr(measures, name)

    def pixels(finding: StoredFinding) -> Cell:
        found = figure(finding)
        return None if found is None else round(found.value_px, 3)

    def pixels_off(finding: StoredFinding) -> Cell:
        found = figure(finding)
        return None if found is None else round(found.uncertainty_px, 3)

    def mm(finding: StoredFinding) -> Cell:
        found, scale = figure(finding), finding.sighting.scale
        if found is None or scale is None:
            return None
        return round(found.value_px * scale.mm_per_px, 4)

    def mm_off(finding: StoredFinding) -> Cell:
        found, scale = figure(finding), finding.sighting.scale
        if found is None or scale is None:
            return None
        of_scale = found.value_px * scale.relative_uncertainty
        return round(math.hypot(found.uncertainty_px, of_scale) * scale.mm_per_px, 4)

    return [
        Column(f"{name}_px", "REAL", lambda f, _: pixels(f)),
        Column(f"{name}_uncertainty_px", "REAL", lambda f, _: pixels_off(f)),
        Column(f"{name}_mm", "REAL", lambda f, _: mm(f)),
        Column(f"{name}_uncertainty_mm", "REAL", lambda f, _: mm_off(f)),
    ]


def _time(at: Instant, session: Session) -> str | None:
    return iso_time(best_time(at, session).wall_s) or None


FINDING_COLUMNS: tuple[Column[StoredFinding], ...] = (
    Column("finding", "INTEGER", lambda f, _: f.id),
    Column("session", "INTEGER", lambda f, _: f.session),
    Column("time", "DATETIME", lambda f, s: _time(f.sighting.first, s)),
    Column("time_from", "TEXT", lambda f, s: best_time(f.sighting.first, s).wall_from.word),
    Column("last_time", "DATETIME", lambda f, s: _time(f.sighting.last, s)),
    Column("monotonic_s", "REAL", lambda f, _: round(f.sighting.first.monotonic_s, 3)),
    Column("lat", "REAL", _position("lat", 8)),
    Column("lon", "REAL", _position("lon", 8)),
    Column("altitude_m", "REAL", _position("altitude_m")),
    Column("relative_altitude_m", "REAL", _position("relative_altitude_m")),
    Column("accuracy_m", "REAL", _position("accuracy_m")),
    Column("position_age_s", "REAL", _position("age_s", 3)),
    Column("position_source", "TEXT", _position("source")),
    Column("heading_deg", "REAL", _attitude("heading_deg")),
    Column("pitch_deg", "REAL", _attitude("pitch_deg")),
    Column("roll_deg", "REAL", _attitude("roll_deg")),
    Column("attitude_of", "TEXT", _attitude("carrier")),
    Column("north", "TEXT", _attitude("north")),
    Column("distance_m", "REAL", _distance),
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
    *_measured("length"),
    *_measured("width_median"),
    *_measured("width_p95"),
    *_measured("width_max"),
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
    Column("time", "DATETIME", lambda p, s: _time(p.at, s)),
    Column("time_from", "TEXT", lambda p, s: best_time(p.at, s).wall_from.word),
    Column("altitude_m", "REAL", lambda p, _: q.altitude_m if (q := p.geotag.position) else None),
    Column("accuracy_m", "REAL", lambda p, _: q.accuracy_m if (q := p.geotag.position) else None),
    Column("position_age_s", "REAL", lambda p, _: q.age_s if (q := p.geotag.position) else None),
    Column("position_source", "TEXT", lambda p, _: q.source if (q := p.geotag.position) else None),
)

NOTE_COLUMNS: tuple[Column[Note], ...] = (
    Column("session", "INTEGER", lambda _, s: s.id),
    Column("time", "DATETIME", lambda n, s: _time(n.at, s)),
    Column("time_from", "TEXT", lambda n, s: best_time(n.at, s).wall_from.word),
    Column("kind", "TEXT", lambda n, _: str(n.kind)),
    Column("text", "TEXT", lambda n, _: n.text),
    Column("seconds", "REAL", lambda n, _: n.seconds),
)
