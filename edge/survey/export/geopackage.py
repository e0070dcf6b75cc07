"""Exports a survey as a GeoPackage (OGC 12-128r18, version 1.3) with SQLite's own functions."""

import sqlite3
import struct
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from crackscan.edge.positioning.geotag import Position
from crackscan.edge.survey.export.columns import (
    FINDING_COLUMNS,
    NOTE_COLUMNS,
    TRACK_COLUMNS,
    Column,
    Entry,
    make_row,
)
from crackscan.edge.survey.reading import SurveyReader, iso_time
from crackscan.edge.survey.values import Session

APPLICATION_ID, VERSION = 0x47504B47, 10300
WGS84 = 4326
_TABLES = (
    """CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY,
        organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL,
        definition TEXT NOT NULL, description TEXT)""",
    """CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL,
        identifier TEXT UNIQUE, description TEXT DEFAULT '', last_change DATETIME NOT NULL
        DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE,
        max_y DOUBLE, srs_id INTEGER,
        CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id))""",
    """CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
        geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL,
        m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
        CONSTRAINT uk_gc_table_name UNIQUE (table_name),
        CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents (table_name),
        CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id))""",
)
_WGS84_TEXT = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,'
    'AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,'
    'AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],'
    'AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]'
)
_SYSTEMS = (
    ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", "undefined Cartesian system"),
    ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic system"),
    ("WGS 84 geodetic", WGS84, "EPSG", WGS84, _WGS84_TEXT, "longitude and latitude in degrees"),
)


def write_geopackage(survey: SurveyReader, path: Path) -> int:
    """Write the point layers `findings` and `track` and the table `notes`.

    Returns the number of findings. `path` must not exist. Entries without a position have no
    geometry.
    """
    sessions = {session.id: session for session in survey.sessions()}
    findings = ((finding, sessions[finding.session]) for finding in survey.findings())
    track = ((point, sessions[session]) for session, point in survey.track())
    notes = ((note, sessions[session]) for session, note in survey.notes())
    last = max((session.anchor.wall_s for session in sessions.values()), default=0.0)
    with closing(sqlite3.connect(path, isolation_level=None)) as package:
        package.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        package.execute(f"PRAGMA user_version = {VERSION}")
        package.execute("BEGIN")
        for statement in _TABLES:
            package.execute(statement)
        package.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", _SYSTEMS)
        layers = _LayerWriter(package, iso_time(last))
        count = layers.add_points(
            "findings", FINDING_COLUMNS, findings, lambda finding: finding.sighting.geotag.position
        )
        layers.add_points("track", TRACK_COLUMNS, track, lambda point: point.geotag.position)
        layers.add_table("notes", NOTE_COLUMNS, notes)
        package.execute("COMMIT")
    return count


def encode_point(lon: float, lat: float) -> bytes:
    """A point as GeoPackage binary: a header (`GP`, little-endian, no envelope), then WKB."""
    header = struct.pack("<2sBBi", b"GP", 0, 0b00000001, WGS84)
    return header + struct.pack("<BIdd", 1, 1, lon, lat)


class _LayerWriter:
    def __init__(self, package: sqlite3.Connection, changed: str) -> None:
        self._package = package
        self._changed = changed

    def add_points(
        self,
        name: str,
        columns: Sequence[Column[Entry]],
        entries: Iterable[tuple[Entry, Session]],
        position_of: Callable[[Entry], Position | None],
    ) -> int:
        self._create_table(name, columns, "geom POINT, ")
        package = self._package
        bounds: tuple[float | None, ...] = (None, None, None, None)
        package.execute(
            "INSERT INTO gpkg_contents VALUES (?, 'features', ?, '', ?, ?, ?, ?, ?, ?)",
            (name, name, self._changed, *bounds, WGS84),
        )
        package.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'POINT', ?, 0, 0)", (name, WGS84)
        )
        statement = _insert_sql(name, len(columns) + 1, "geom, ", columns)
        lons: list[float] = []
        lats: list[float] = []
        count = 0
        for entry, session in entries:
            position = position_of(entry)
            blob = None
            if position is not None:
                blob = encode_point(position.lon, position.lat)
                lons = [min([position.lon, *lons]), max([position.lon, *lons])]
                lats = [min([position.lat, *lats]), max([position.lat, *lats])]
            package.execute(statement, (blob, *make_row(columns, entry, session)))
            count += 1
        if lons:
            package.execute(
                "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ?"
                " WHERE table_name = ?",
                (lons[0], lats[0], lons[1], lats[1], name),
            )
        return count

    def add_table(
        self,
        name: str,
        columns: Sequence[Column[Entry]],
        entries: Iterable[tuple[Entry, Session]],
    ) -> None:
        self._create_table(name, columns, "")
        self._package.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change)"
            " VALUES (?, 'attributes', ?, ?)",
            (name, name, self._changed),
        )
        statement = _insert_sql(name, len(columns), "", columns)
        for entry, session in entries:
            self._package.execute(statement, tuple(make_row(columns, entry, session)))

    def _create_table(self, name: str, columns: Sequence[Column[Entry]], geometry: str) -> None:
        definitions = ", ".join(f"{column.name} {column.kind}" for column in columns)
        self._package.execute(
            f"CREATE TABLE {name} (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "
            f"{geometry}{definitions})"
        )


def _insert_sql(name: str, count: int, geometry: str, columns: Sequence[Column[Entry]]) -> str:
    names = ", ".join(column.name for column in columns)
    return f"INSERT INTO {name} ({geometry}{names}) VALUES ({', '.join('?' * count)})"
