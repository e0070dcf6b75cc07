"""The tables of `survey.sqlite`, and the steps that migrate an older record to them."""

import sqlite3
from collections.abc import Callable, Sequence

APPLICATION_ID = 0x43524B53
"""`CRKS` in the header of the file distinguishes a survey from other SQLite files."""

_INSTANT = "{0}monotonic_s REAL NOT NULL, {0}wall_s REAL NOT NULL, {0}wall_from INTEGER NOT NULL"
_WHERE = """
    lat REAL, lon REAL, position_source TEXT, position_age_s REAL, accuracy_m REAL, altitude_m REAL,
    vertical_accuracy_m REAL, relative_altitude_m REAL, position_time_s REAL,
    attitude_of TEXT, heading_deg REAL, pitch_deg REAL, roll_deg REAL, north TEXT,
    attitude_age_s REAL, distance_m REAL, distance_source TEXT, distance_age_s REAL"""
_SCALE = "mm_per_px REAL, scale_uncertainty REAL, scale_source TEXT"
_SESSION = "session INTEGER NOT NULL REFERENCES session"


def _create_schema_1(connection: sqlite3.Connection) -> None:
    for statement in (
        """CREATE TABLE survey (id INTEGER PRIMARY KEY CHECK (id = 1), uuid TEXT NOT NULL,
            crackscan TEXT NOT NULL, name TEXT NOT NULL, site TEXT NOT NULL, device TEXT NOT NULL,
            source TEXT NOT NULL, model TEXT NOT NULL, model_version TEXT NOT NULL)""",
        f"""CREATE TABLE session (id INTEGER PRIMARY KEY, boot TEXT NOT NULL,
            {_INSTANT.format("")}, {_INSTANT.format("anchor_")},
            ended_monotonic_s REAL, ended_wall_s REAL, ended_wall_from INTEGER)""",
        f"""CREATE TABLE picture (id INTEGER PRIMARY KEY, {_SESSION}, path TEXT NOT NULL UNIQUE,
            bytes INTEGER NOT NULL, frame TEXT NOT NULL, {_INSTANT.format("")},
            close_up_of INTEGER REFERENCES finding)""",
        f"""CREATE TABLE finding (id INTEGER PRIMARY KEY, {_SESSION},
            {_INSTANT.format("first_")}, {_INSTANT.format("last_")}, frames_seen INTEGER NOT NULL,
            frame TEXT NOT NULL, frame_index INTEGER NOT NULL, clip_s REAL,
            frame_width INTEGER NOT NULL, frame_height INTEGER NOT NULL,
            box_left INTEGER NOT NULL, box_top INTEGER NOT NULL,
            box_right INTEGER NOT NULL, box_bottom INTEGER NOT NULL,
            cells BLOB NOT NULL, area_px INTEGER NOT NULL,
            probability REAL NOT NULL, peak REAL NOT NULL, mean REAL NOT NULL,
            {_WHERE}, {_SCALE},
            length_px REAL, length_uncertainty_px REAL,
            width_median_px REAL, width_median_uncertainty_px REAL,
            width_p95_px REAL, width_p95_uncertainty_px REAL,
            width_max_px REAL, width_max_uncertainty_px REAL,
            width_max_x REAL, width_max_y REAL, why_no_width TEXT, lines BLOB,
            picture INTEGER REFERENCES picture)""",
        "CREATE INDEX finding_session ON finding (session, first_monotonic_s)",
        "CREATE INDEX finding_time ON finding (first_wall_s)",
        "CREATE INDEX finding_place ON finding (lat, lon) WHERE lat IS NOT NULL",
        "CREATE INDEX finding_picture ON finding (picture) WHERE picture IS NOT NULL",
        "CREATE INDEX close_up ON picture (close_up_of) WHERE close_up_of IS NOT NULL",
        f"""CREATE TABLE track (id INTEGER PRIMARY KEY, {_SESSION}, {_INSTANT.format("")},
            {_WHERE})""",
        f"""CREATE TABLE note (id INTEGER PRIMARY KEY, {_SESSION}, {_INSTANT.format("")},
            kind TEXT NOT NULL, text TEXT NOT NULL, seconds REAL NOT NULL)""",
        f"""CREATE TABLE scanned (name TEXT PRIMARY KEY, {_SESSION}, {_INSTANT.format("")},
            findings INTEGER NOT NULL, skipped TEXT NOT NULL,
            width INTEGER NOT NULL, height INTEGER NOT NULL, taken_s REAL, taken_local TEXT,
            {_WHERE}, {_SCALE}, file_bytes INTEGER, file_modified_ns INTEGER, file_digest TEXT)""",
        f"""CREATE TABLE review (id INTEGER PRIMARY KEY,
            finding INTEGER NOT NULL REFERENCES finding, verdict TEXT NOT NULL,
            reviewer TEXT NOT NULL, remark TEXT NOT NULL,
            {_INSTANT.format("")})""",
        "CREATE INDEX review_finding ON review (finding)",
    ):
        connection.execute(statement)


def _extend_to_schema_2(connection: sqlite3.Connection) -> None:
    """Add source, model and settings to each session, and counts of its frames that were not
    judged, by reason."""
    for column in ("source", "model", "model_version", "settings"):
        connection.execute(f"ALTER TABLE session ADD COLUMN {column} TEXT")
    connection.execute(
        f"""CREATE TABLE frame_count ({_SESSION}, why TEXT NOT NULL, frames INTEGER NOT NULL,
            PRIMARY KEY (session, why)) WITHOUT ROWID"""
    )


def _extend_to_schema_3(connection: sqlite3.Connection) -> None:
    """Find findings and pictures by the name of their frame, for a photograph that was replaced."""
    connection.execute("CREATE INDEX finding_frame ON finding (frame)")
    connection.execute("CREATE INDEX picture_frame ON picture (frame)")


Step = Callable[[sqlite3.Connection], None]
STEPS: tuple[Step, ...] = (_create_schema_1, _extend_to_schema_2, _extend_to_schema_3)
"""Step n migrates a record of schema n to schema n + 1; a released step is never changed."""


def read_schema_version(connection: sqlite3.Connection) -> int:
    """The schema version of a record; 0 is an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate_schema(connection: sqlite3.Connection, steps: Sequence[Step] = STEPS) -> None:
    """Migrate a record to the newest schema, each step in one transaction.

    The connection must be in autocommit mode (`isolation_level=None`).
    """
    for version in range(read_schema_version(connection), len(steps)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            steps[version](connection)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
