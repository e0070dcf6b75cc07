"""Between the record's rows and its data."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from crackscan.edge.capture.file_mark import FileMark
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.measurement.values import LineArray, Measurement, Measurements, Scale
from crackscan.edge.positioning.clock import ClockSource, Instant
from crackscan.edge.positioning.geotag import (
    Attitude,
    Carrier,
    Distance,
    Geotag,
    North,
    Position,
)
from crackscan.edge.survey.values import (
    ReviewVerdict,
    ScannedPicture,
    SessionInfo,
    Sighting,
    StoredFinding,
)

Row = Mapping[str, Any]
_POSITION = {
    "lat": "lat",
    "lon": "lon",
    "source": "position_source",
    "age_s": "position_age_s",
    "accuracy_m": "accuracy_m",
    "altitude_m": "altitude_m",
    "vertical_accuracy_m": "vertical_accuracy_m",
    "relative_altitude_m": "relative_altitude_m",
    "time_s": "position_time_s",
}
_ATTITUDE = {
    "carrier": "attitude_of",
    "heading_deg": "heading_deg",
    "pitch_deg": "pitch_deg",
    "roll_deg": "roll_deg",
    "north": "north",
    "age_s": "attitude_age_s",
}
_DISTANCE = {"value_m": "distance_m", "source": "distance_source", "age_s": "distance_age_s"}
"""Fields of the data, and their columns."""
_MEASURED = ("length", "width_median", "width_p95", "width_max")


def insert(connection: sqlite3.Connection, table: str, row: Row, verb: str = "INSERT") -> int:
    """Insert a row of named values; returns how many rows that made (`INSERT OR IGNORE`: 0)."""
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    statement = f"{verb} INTO {table} ({names}) VALUES ({marks})"
    return connection.execute(statement, tuple(row.values())).rowcount


def update(connection: sqlite3.Connection, table: str, key: int, row: Row) -> int:
    """Change the named values of the row with that id; returns how many rows there are of it."""
    names = ", ".join(f"{name} = ?" for name in row)
    statement = f"UPDATE {table} SET {names} WHERE id = ?"
    return connection.execute(statement, (*row.values(), key)).rowcount


def instant_row(at: Instant, prefix: str = "") -> dict[str, Any]:
    return {
        f"{prefix}monotonic_s": at.monotonic_s,
        f"{prefix}wall_s": at.wall_s,
        f"{prefix}wall_from": int(at.wall_from),
    }


def instant_of(row: Row, prefix: str = "") -> Instant:
    return Instant(
        row[f"{prefix}monotonic_s"], row[f"{prefix}wall_s"], ClockSource(row[f"{prefix}wall_from"])
    )


def session_info_row(info: SessionInfo | None) -> dict[str, Any]:
    if info is None:
        return {}
    return {**vars(info), "settings": json.dumps(dict(info.settings))}


def session_info_of(row: sqlite3.Row) -> SessionInfo | None:
    """None if the row does not have it, or the record is of an older schema."""
    columns = row.keys()
    if "source" not in columns or row["source"] is None:
        return None
    return SessionInfo(
        row["source"], row["model"], row["model_version"], json.loads(row["settings"])
    )


def geotag_row(geotag: Geotag) -> dict[str, Any]:
    position, attitude, distance = geotag.position, geotag.attitude, geotag.distance
    row = {column: getattr(position, name, None) for name, column in _POSITION.items()}
    row |= {column: getattr(attitude, name, None) for name, column in _ATTITUDE.items()}
    row |= {column: getattr(distance, name, None) for name, column in _DISTANCE.items()}
    return row


def geotag_of(row: Row) -> Geotag:
    position = attitude = distance = None
    if row["lat"] is not None:
        position = Position(**{name: row[column] for name, column in _POSITION.items()})
    if row["attitude_of"] is not None:
        fields = {name: row[column] for name, column in _ATTITUDE.items()}
        attitude = Attitude(
            **{**fields, "carrier": Carrier(fields["carrier"]), "north": North(fields["north"])}
        )
    if row["distance_m"] is not None:
        distance = Distance(**{name: row[column] for name, column in _DISTANCE.items()})
    return Geotag(position, attitude, distance)


def scale_row(scale: Scale | None) -> dict[str, Any]:
    return {
        "mm_per_px": None if scale is None else scale.mm_per_px,
        "scale_uncertainty": None if scale is None else scale.relative_uncertainty,
        "scale_source": None if scale is None else scale.source,
    }


def scale_of(row: Row) -> Scale | None:
    """None if the row has no scale, or one that no length can be computed with."""
    if row["mm_per_px"] is None:
        return None
    try:
        return Scale(row["mm_per_px"], row["scale_uncertainty"], row["scale_source"])
    except ValueError:
        return None


def sighting_row(sighting: Sighting) -> dict[str, Any]:
    box = sighting.box
    return {
        **instant_row(sighting.first, "first_"),
        **instant_row(sighting.last, "last_"),
        "frames_seen": sighting.frames_seen,
        "frame": sighting.frame,
        "frame_index": sighting.frame_index,
        "clip_s": sighting.clip_s,
        "frame_width": sighting.frame_width,
        "frame_height": sighting.frame_height,
        "box_left": box.left,
        "box_top": box.top,
        "box_right": box.right,
        "box_bottom": box.bottom,
        "cells": np.asarray(sighting.cells, "<u2").tobytes(),
        "area_px": sighting.area_px,
        "probability": sighting.probability,
        "peak": sighting.peak,
        "mean": sighting.mean,
        **geotag_row(sighting.geotag),
        **scale_row(sighting.scale),
        **_measures_row(sighting.measures),
        "lines": _packed(sighting.lines),
    }


def finding_of(row: Row) -> StoredFinding:
    """From a row of the finding table with `picture_path` and `verdict` added."""
    cells = np.frombuffer(row["cells"], "<u2").reshape(-1, 2)
    sighting = Sighting(
        first=instant_of(row, "first_"),
        last=instant_of(row, "last_"),
        frame=row["frame"],
        frame_index=row["frame_index"],
        frame_width=row["frame_width"],
        frame_height=row["frame_height"],
        box=BoundingBox(row["box_left"], row["box_top"], row["box_right"], row["box_bottom"]),
        cells=tuple((r, c) for r, c in cells.tolist()),
        area_px=row["area_px"],
        probability=row["probability"],
        peak=row["peak"],
        mean=row["mean"],
        frames_seen=row["frames_seen"],
        clip_s=row["clip_s"],
        geotag=geotag_of(row),
        scale=scale_of(row),
        measures=_measures_of(row),
        lines=_unpacked(row["lines"]),
    )
    verdict = None if row["verdict"] is None else ReviewVerdict(row["verdict"])
    return StoredFinding(row["id"], row["session"], sighting, row["picture_path"], verdict)


def scanned_row(scanned: ScannedPicture) -> dict[str, Any]:
    return {
        "name": scanned.name,
        **instant_row(scanned.at),
        "findings": scanned.findings,
        "skipped": scanned.skipped,
        "width": scanned.width,
        "height": scanned.height,
        "taken_s": scanned.taken_s,
        "taken_local": scanned.taken_local,
        **geotag_row(scanned.geotag),
        **scale_row(scanned.scale),
        **mark_row(scanned.file),
    }


def mark_row(mark: FileMark | None) -> dict[str, Any]:
    return {
        "file_bytes": None if mark is None else mark.bytes,
        "file_modified_ns": None if mark is None else mark.modified_ns,
        "file_digest": None if mark is None else mark.digest,
    }


def mark_of(row: Row) -> FileMark | None:
    if row["file_digest"] is None:
        return None
    return FileMark(row["file_bytes"], row["file_modified_ns"], row["file_digest"])


def scanned_of(row: Row) -> ScannedPicture:
    return ScannedPicture(
        row["name"],
        instant_of(row),
        row["findings"],
        row["skipped"],
        row["width"],
        row["height"],
        row["taken_s"],
        row["taken_local"],
        geotag_of(row),
        scale_of(row),
        mark_of(row),
    )


def _measures_row(measures: Measurements | None) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in _MEASURED:
        figure = None if measures is None else getattr(measures, name)
        row[f"{name}_px"] = None if figure is None else figure.value_px
        row[f"{name}_uncertainty_px"] = None if figure is None else figure.uncertainty_px
    place = None if measures is None else measures.width_max_at
    row["width_max_x"], row["width_max_y"] = (None, None) if place is None else place
    row["why_no_width"] = None if measures is None else measures.why
    return row


def _measures_of(row: Row) -> Measurements | None:
    if row["why_no_width"] is None:
        return None
    length, median, p95, largest = (
        None
        if row[f"{name}_px"] is None
        else Measurement(row[f"{name}_px"], row[f"{name}_uncertainty_px"])
        for name in _MEASURED
    )
    x, y = row["width_max_x"], row["width_max_y"]
    place = None if x is None else (x, y)
    return Measurements(length, median, p95, largest, place, row["why_no_width"])


def _packed(lines: Iterable[LineArray]) -> bytes | None:
    """Points as float32, each line after the first preceded by a row of infinities."""
    rows: list[LineArray] = []
    for line in lines:
        if rows:
            rows.append(np.full((1, 4), np.inf, np.float32))
        rows.append(line)
    return np.concatenate(rows).astype("<f4").tobytes() if rows else None


def _unpacked(blob: bytes | None) -> tuple[LineArray, ...]:
    if blob is None:
        return ()
    points = np.frombuffer(blob, "<f4").reshape(-1, 4)
    between = np.flatnonzero(np.isinf(points[:, 0]))
    begins, ends = [0, *(between + 1)], [*between, len(points)]
    return tuple(points[a:b].astype(np.float32) for a, b in zip(begins, ends, strict=True))
