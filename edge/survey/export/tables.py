"""Exports a survey's findings as CSV or GeoJSON, line by line, however many there are."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crackscan.edge.positioning.geotag import Position
from crackscan.edge.survey.export.columns import FINDING_COLUMNS, row_of
from crackscan.edge.survey.reading import SurveyReader
from crackscan.edge.survey.values import Session

_DIGITS = 8
"""Of a degree: about a millimetre."""
_LAT_LON = {"lat", "lon"}


def write_csv(survey: SurveyReader, path: Path) -> int:
    """One line a finding, after one of headings (RFC 4180, UTF-8); returns how many."""
    sessions = {session.id: session for session in survey.sessions()}
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(column.name for column in FINDING_COLUMNS)
        for count, finding in enumerate(survey.findings(), 1):  # noqa: B007
            writer.writerow(row_of(FINDING_COLUMNS, finding, sessions[finding.session]))
    return count


def write_geojson(survey: SurveyReader, path: Path) -> int:
    """A feature collection (RFC 7946) of findings and tracks; returns the number of findings.

    Each finding is a point where the camera was, or unlocated (`geometry` null). The track of each
    session is one feature more. `kind` tells them apart.
    """
    sessions = {session.id: session for session in survey.sessions()}
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        separator = "\n"
        for count, finding in enumerate(survey.findings(), 1):  # noqa: B007
            cells = row_of(FINDING_COLUMNS, finding, sessions[finding.session])
            values = {
                column.name: cell
                for column, cell in zip(FINDING_COLUMNS, cells, strict=True)
                if column.name not in _LAT_LON
            }
            position = finding.sighting.geotag.position
            point = None if position is None else _geometry("Point", _point(position))
            file.write(separator + _feature("finding", point, values))
            separator = ",\n"
        for session in sessions.values():
            line = list(_lines(survey, session))
            if line:
                track = _geometry("MultiLineString", line)
                file.write(separator + _feature("track", track, {"session": session.id}))
                separator = ",\n"
        file.write("\n]}\n")
    return count


def _feature(kind: str, geometry: dict[str, Any] | None, values: dict[str, Any]) -> str:
    properties = {"kind": kind, **values}
    feature = {"type": "Feature", "geometry": geometry, "properties": properties}
    return json.dumps(feature, allow_nan=False, ensure_ascii=False)


def _geometry(kind: str, coordinates: list[Any]) -> dict[str, Any]:
    return {"type": kind, "coordinates": coordinates}


def _point(position: Position) -> list[float]:
    """Longitude first. No height: RFC 7946 wants it above the ellipsoid, not above the sea."""
    return [round(position.lon, _DIGITS), round(position.lat, _DIGITS)]


def _lines(survey: SurveyReader, session: Session) -> Iterator[list[list[float]]]:
    """The track in pieces of two points and more, cut where it crosses the 180th meridian."""
    line: list[list[float]] = []
    for _, point in survey.track(session.id):
        if point.geotag.position is None:
            continue
        place = _point(point.geotag.position)
        if line and abs(place[0] - line[-1][0]) > 180:
            if len(line) > 1:
                yield line
            line = []
        line.append(place)
    if len(line) > 1:
        yield line
