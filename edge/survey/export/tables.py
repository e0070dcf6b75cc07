"""Exports a survey's findings as CSV or GeoJSON, one after the other, in constant memory."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crackscan.edge.positioning.geotag import Position
from crackscan.edge.survey.export.columns import FINDING_COLUMNS, make_row
from crackscan.edge.survey.reading import SurveyReader
from crackscan.edge.survey.values import Session

_DEGREE_DECIMALS = 8
"""About a millimetre."""
_COORDINATES = {"lat", "lon"}
"""Columns that GeoJSON has in its geometry instead."""


def write_csv(survey: SurveyReader, path: Path) -> int:
    """One line per finding after the headings (RFC 4180, UTF-8); returns the number of findings."""
    sessions = {session.id: session for session in survey.sessions()}
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(column.name for column in FINDING_COLUMNS)
        for count, finding in enumerate(survey.findings(), 1):  # noqa: B007
            writer.writerow(make_row(FINDING_COLUMNS, finding, sessions[finding.session]))
    return count


def write_geojson(survey: SurveyReader, path: Path) -> int:
    """A feature collection (RFC 7946) of findings and tracks; returns the number of findings.

    A finding is a point at the position of the camera, or has no geometry. The track of each
    session is a further feature. The property `kind` is `finding` or `track`.
    """
    sessions = {session.id: session for session in survey.sessions()}
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        separator = "\n"
        for count, finding in enumerate(survey.findings(), 1):  # noqa: B007
            cells = make_row(FINDING_COLUMNS, finding, sessions[finding.session])
            values = {
                column.name: cell
                for column, cell in zip(FINDING_COLUMNS, cells, strict=True)
                if column.name not in _COORDINATES
            }
            position = finding.sighting.geotag.position
            point = None if position is None else _make_geometry("Point", _coordinates_of(position))
            file.write(separator + _encode_feature("finding", point, values))
            separator = ",\n"
        for session in sessions.values():
            line = list(_track_lines(survey, session))
            if line:
                track = _make_geometry("MultiLineString", line)
                file.write(separator + _encode_feature("track", track, {"session": session.id}))
                separator = ",\n"
        file.write("\n]}\n")
    return count


def _encode_feature(kind: str, geometry: dict[str, Any] | None, values: dict[str, Any]) -> str:
    properties = {"kind": kind, **values}
    feature = {"type": "Feature", "geometry": geometry, "properties": properties}
    return json.dumps(feature, allow_nan=False, ensure_ascii=False)


def _make_geometry(kind: str, coordinates: list[Any]) -> dict[str, Any]:
    return {"type": kind, "coordinates": coordinates}


def _coordinates_of(position: Position) -> list[float]:
    """[longitude, latitude], without the height: RFC 7946 takes it above the ellipsoid, while
    receivers state it above the sea."""
    return [round(position.lon, _DEGREE_DECIMALS), round(position.lat, _DEGREE_DECIMALS)]


def _track_lines(survey: SurveyReader, session: Session) -> Iterator[list[list[float]]]:
    """The track as lines of two or more points, cut where it crosses the 180th meridian."""
    line: list[list[float]] = []
    for _, point in survey.track(session.id):
        if point.geotag.position is None:
            continue
        coordinates = _coordinates_of(point.geotag.position)
        if line and abs(coordinates[0] - line[-1][0]) > 180:
            if len(line) > 1:
                yield line
            line = []
        line.append(coordinates)
    if len(line) > 1:
        yield line
