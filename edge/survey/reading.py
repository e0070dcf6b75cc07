"""Reads a survey's record."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crackscan.edge.capture.file_mark import FileMark
from crackscan.edge.positioning.clock import Instant
from crackscan.edge.survey.database import open_for_reading
from crackscan.edge.survey.rows import (
    finding_of,
    geotag_of,
    instant_of,
    mark_of,
    scanned_of,
    session_info_of,
)
from crackscan.edge.survey.schema import read_schema_version
from crackscan.edge.survey.values import (
    Counts,
    Note,
    NoteKind,
    Review,
    ReviewVerdict,
    ScannedPicture,
    Session,
    SessionInfo,
    StoredFinding,
    StoredPicture,
    SurveyInfo,
    TrackPoint,
    Which,
)

SETTINGS, CARD = "settings.json", "card.json"
PHOTOGRAPHS = "photographs"
"""The `kind` in the settings of a survey of photographs."""
_FINDINGS = """
    SELECT finding.*, picture.path AS picture_path,
        (SELECT verdict FROM review WHERE review.finding = finding.id ORDER BY id DESC LIMIT 1)
        AS verdict
    FROM finding LEFT JOIN picture ON picture.id = finding.picture"""


class SurveyReader:
    """A survey, to read; also while it is being written. Use it in a `with` block."""

    def __init__(self, folder: Path, connection: sqlite3.Connection | None = None) -> None:
        """Raises SurveyError where the folder holds no survey that can be read."""
        self.folder = folder
        self._connection = open_for_reading(folder) if connection is None else connection

    def info(self) -> SurveyInfo:
        row = self._connection.execute("SELECT * FROM survey").fetchone()
        return SurveyInfo(
            row["name"], row["site"], row["device"], row["source"], row["model"],
            row["model_version"],
        )  # fmt: skip

    def uuid(self) -> str:
        """Identifies this survey among all others."""
        return str(self._connection.execute("SELECT uuid FROM survey").fetchone()[0])

    def settings(self) -> dict[str, Any]:
        """What was set when the survey was made; empty where the file is missing or damaged."""
        try:
            settings = json.loads((self.folder / SETTINGS).read_bytes())
        except (OSError, ValueError):
            return {}
        return settings if isinstance(settings, dict) else {}

    def card(self) -> str:
        """The card of the model that the survey was made with; empty where it is missing."""
        try:
            return (self.folder / CARD).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return ""

    def sessions(self) -> list[Session]:
        """What wrote into the survey, in order; one that does not say what it worked with worked
        with what the survey was made with."""
        rows = self._connection.execute("SELECT * FROM session ORDER BY id")
        made = self.info()
        made_with = SessionInfo(made.source, made.model, made.model_version, self.settings())
        return [
            Session(
                row["id"],
                row["boot"],
                instant_of(row),
                instant_of(row, "anchor_"),
                None if row["ended_wall_s"] is None else instant_of(row, "ended_"),
                session_info_of(row) or made_with,
            )
            for row in rows
        ]

    def frame_counts(self) -> dict[int, dict[str, int]]:
        """For each session with moving pictures, how many frames were not judged, by reason; those
        that were stand under ""."""
        if read_schema_version(self._connection) < 2:
            return {}
        counts: dict[int, dict[str, int]] = {}
        for row in self._connection.execute("SELECT * FROM frame_count ORDER BY session, why"):
            counts.setdefault(row["session"], {})[row["why"]] = row["frames"]
        return counts

    def counts(self) -> Counts:
        def count(what: str) -> int:
            return int(self._connection.execute(f"SELECT {what}").fetchone()[0])

        return Counts(
            findings=count("count(*) FROM finding"),
            pictures=count("count(*) FROM picture"),
            picture_bytes=count("coalesce(sum(bytes), 0) FROM picture"),
            track_points=count("count(*) FROM track"),
            notes=count("count(*) FROM note"),
            scanned=count("count(*) FROM scanned"),
        )

    def finding(self, finding: int) -> StoredFinding | None:
        row = self._connection.execute(f"{_FINDINGS} WHERE finding.id = ?", (finding,)).fetchone()
        return None if row is None else finding_of(row)

    def findings(self, which: Which | None = None) -> Iterator[StoredFinding]:
        """Findings in the order of their first frame, read one by one."""
        which = which or Which()
        box = which.box
        conditions: list[tuple[str, Any]] = [
            ("finding.session = ?", which.session),
            ("finding.first_wall_s >= ?", which.from_s),
            ("finding.first_wall_s < ?", which.to_s),
            ("finding.lat >= ?", None if box is None else box.south),
            ("finding.lat <= ?", None if box is None else box.north),
            ("finding.lon >= ?", None if box is None else box.west),
            ("finding.lon <= ?", None if box is None else box.east),
            ("finding.id > ?", which.after),
        ]
        chosen = [(text, value) for text, value in conditions if value is not None]
        where = f" WHERE {' AND '.join(text for text, _ in chosen)}" if chosen else ""
        values = tuple(value for _, value in chosen)
        for row in self._connection.execute(f"{_FINDINGS}{where} ORDER BY finding.id", values):
            yield finding_of(row)

    def track(self, session: int | None = None) -> Iterator[tuple[int, TrackPoint]]:
        """(session, point) in order of time."""
        where, values = ("", ()) if session is None else (" WHERE session = ?", (session,))
        for row in self._connection.execute(f"SELECT * FROM track{where} ORDER BY id", values):
            yield row["session"], TrackPoint(instant_of(row), geotag_of(row))

    def notes(self) -> Iterator[tuple[int, Note]]:
        """(session, note) in order of time."""
        for row in self._connection.execute("SELECT * FROM note ORDER BY id"):
            kind = NoteKind(row["kind"])
            yield row["session"], Note(instant_of(row), kind, row["text"], row["seconds"])

    def pictures(self) -> Iterator[StoredPicture]:
        for row in self._connection.execute("SELECT * FROM picture ORDER BY id"):
            yield StoredPicture(row["path"], row["bytes"], row["frame"], instant_of(row))

    def close_up(self, finding: int) -> str | None:
        """Path of a finding's close-up below the survey's folder, None where none was kept."""
        row = self._connection.execute(
            "SELECT path FROM picture WHERE close_up_of = ? ORDER BY id DESC LIMIT 1", (finding,)
        ).fetchone()
        return None if row is None else str(row["path"])

    def scanned(self) -> Iterator[ScannedPicture]:
        for row in self._connection.execute("SELECT * FROM scanned ORDER BY name"):
            yield scanned_of(row)

    def file_marks(self, name: str | None = None) -> dict[str, FileMark | None]:
        """The file mark of each scanned picture, or of one, by name."""
        columns = "name, file_bytes, file_modified_ns, file_digest"
        where, values = ("", ()) if name is None else (" WHERE name = ?", (name,))
        rows = self._connection.execute(f"SELECT {columns} FROM scanned{where}", values)
        return {row["name"]: mark_of(row) for row in rows}

    def is_scanned(self, name: str) -> bool:
        found = self._connection.execute("SELECT 1 FROM scanned WHERE name = ?", (name,))
        return found.fetchone() is not None

    def reviews(self, finding: int) -> list[Review]:
        """The reviews of a finding, the latest last."""
        rows = self._connection.execute(
            "SELECT * FROM review WHERE finding = ? ORDER BY id", (finding,)
        )
        return [
            Review(
                row["finding"], ReviewVerdict(row["verdict"]), row["reviewer"], instant_of(row),
                row["remark"],
            )
            for row in rows
        ]  # fmt: skip

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def survey_contents(survey: SurveyReader) -> dict[str, Any]:
    """How much a survey holds, for the summary of a scan."""
    counts, info = survey.counts(), survey.info()
    return {
        "folder": str(survey.folder),
        "name": info.name,
        "sessions": len(survey.sessions()),
        "findings": counts.findings,
        "pictures": counts.pictures,
        "notes": counts.notes,
        "track_points": counts.track_points,
        "scanned": counts.scanned,
    }


def best_time(at: Instant, session: Session) -> Instant:
    """A moment by the best clock that its session ever had.

    A device without a clock chip starts with a wrong time and learns the right one later; the
    monotonic clock tells how long before that was.
    """
    if at.wall_from >= session.anchor.wall_from:
        return at
    wall_s = session.anchor.wall_s + (at.monotonic_s - session.anchor.monotonic_s)
    return Instant(at.monotonic_s, wall_s, session.anchor.wall_from)


def iso_time(unix_s: float) -> str:
    """UTC to the millisecond, as ISO 8601 with a Z; empty where no calendar has it."""
    try:
        when = datetime.fromtimestamp(round(unix_s, 3), UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
