"""Writes a survey's record: what a call has returned from is on the disk."""

import json
import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crackscan.core.durable_files import write_durably
from crackscan.core.errors import SurveyError
from crackscan.core.folder_log import FolderLog
from crackscan.edge.capture.file_mark import FileMark
from crackscan.edge.positioning.clock import Clock, Instant, read_boot_id
from crackscan.edge.survey.database import open_for_writing
from crackscan.edge.survey.folder import create_survey_folder, lock_folder
from crackscan.edge.survey.pictures import FRAMES, remove_strays
from crackscan.edge.survey.reading import SurveyReader
from crackscan.edge.survey.rows import (
    geotag_row,
    insert,
    instant_row,
    mark_row,
    scanned_row,
    session_info_row,
    sighting_row,
    update,
)
from crackscan.edge.survey.values import (
    Note,
    Review,
    ScannedPicture,
    SessionInfo,
    Sighting,
    SurveyInfo,
    TrackPoint,
)

log = logging.getLogger(__name__)


class Survey(SurveyReader):
    """A survey that is being written, by one process at a time; one thread may use it.

    Each method that adds is one transaction, synced to the disk, unless it is called in a
    `transaction` block. What a full disk refuses raises `sqlite3.Error` or CrackscanError and
    changes nothing.
    """

    def __init__(
        self,
        folder: Path,
        connection: sqlite3.Connection,
        lock: int,
        clock: Clock,
        session: SessionInfo | None = None,
    ) -> None:
        super().__init__(folder, connection)
        self.clock = clock
        self._lock = lock
        self._in_transaction = False
        self.began = clock.now()
        self._anchor = self.began
        rows = {table: self._last_id(table) for table in ("session", "finding", "picture")}
        self.session = rows["session"] + 1
        self.next_finding = rows["finding"] + 1
        self._next_picture = rows["picture"] + 1
        [total] = connection.execute("SELECT coalesce(sum(bytes), 0) FROM picture").fetchone()
        self.picture_bytes: int = total
        row = {
            "id": self.session,
            "boot": read_boot_id(),
            **instant_row(self.began),
            **instant_row(self.began, "anchor_"),
            **session_info_row(session),
        }
        insert(connection, "session", row)
        self._folder_log = FolderLog(folder)
        if session is not None:
            log.info(
                "session %d: source %s, model %s %s, settings %s",
                self.session,
                session.source,
                session.model,
                session.model_version,
                json.dumps(session.settings, default=str),
            )

    @classmethod
    def create(
        cls,
        folder: Path,
        info: SurveyInfo,
        settings: Mapping[str, Any],
        card: str,
        clock: Clock | None = None,
        beside: bool = False,
    ) -> "Survey":
        """Make a survey in a folder that does not exist yet; it appears whole or not at all.

        `card` is the model's, as JSON; with `beside` the folder may hold other files. Raises
        SurveyError where it exists, OSError where it cannot be made.
        """
        create_survey_folder(folder, info, settings, card, beside)
        session = SessionInfo(info.source, info.model, info.model_version, settings)
        return cls.resume(folder, clock, session)

    @classmethod
    def resume(
        cls, folder: Path, clock: Clock | None = None, session: SessionInfo | None = None
    ) -> "Survey":
        """Write on in a survey, in a new session; what a kill left half done is tidied up.

        `session` is what it works with; None: with what the survey was made with.

        Raises SurveyError where another process is writing it, and as `open_for_writing` does.
        """
        lock = lock_folder(folder)
        try:
            connection = open_for_writing(folder)
            try:
                (folder / FRAMES).mkdir(exist_ok=True)
                known = {row["path"] for row in connection.execute("SELECT path FROM picture")}
                remove_strays(folder, known)
                return cls(folder, connection, lock, clock or Clock(), session)
            except (sqlite3.Error, OSError) as error:
                connection.close()
                raise SurveyError(f"{folder} cannot be written: {error}") from None
        except BaseException:
            os.close(lock)
            raise

    def add_finding(self, sighting: Sighting) -> int:
        """Add a finding; gives its number."""
        number = self.next_finding
        self.put_finding(number, sighting)
        return number

    def put_finding(self, finding: int, sighting: Sighting) -> None:
        """Add a finding under a number, or replace what is known of it; its picture stays."""
        row = sighting_row(sighting)
        with self.transaction():
            known = finding < self.next_finding
            if not (known and update(self._connection, "finding", finding, row)):
                insert(self._connection, "finding", {"id": finding, "session": self.session, **row})
        self.next_finding = max(self.next_finding, finding + 1)

    def add_picture(
        self,
        jpeg: bytes,
        frame: str,
        at: Instant,
        finding: int | None = None,
        close_up_of: int | None = None,
    ) -> str:
        """Save a picture, as the best one of a finding if one is named; gives its path.

        One with `close_up_of` is the close-up of a finding, with its widths drawn.

        The file is there before the row that names it, and the picture that it replaces is deleted
        after that row is gone, so that no row ever names a missing file.
        """
        path = f"{FRAMES}/{self._next_picture:08d}.jpg"
        write_durably(self.folder / path, jpeg)
        replaced: tuple[str, int] | None = None
        row = {
            "id": self._next_picture,
            "session": self.session,
            "path": path,
            "bytes": len(jpeg),
            "frame": frame,
            "close_up_of": close_up_of,
            **instant_row(at),
        }
        try:
            with self.transaction():
                insert(self._connection, "picture", row)
                if finding is not None:
                    replaced = self._replace_picture(finding, self._next_picture)
        except BaseException:
            (self.folder / path).unlink(missing_ok=True)
            raise
        self._next_picture += 1
        self.picture_bytes += len(jpeg)
        self._delete(replaced)
        return path

    @property
    def last_picture(self) -> int:
        """The number of the picture that was added last."""
        return self._next_picture - 1

    def share_picture(self, picture: int, finding: int) -> bool:
        """Make a picture that is kept already the best one of a finding too; False: it is gone."""
        known = self._connection.execute("SELECT 1 FROM picture WHERE id = ?", (picture,))
        if known.fetchone() is None:
            return False
        with self.transaction():
            replaced = self._replace_picture(finding, picture)
        self._delete(replaced)
        return True

    def add_track(self, point: TrackPoint) -> None:
        row = {**self._at(point.at), **geotag_row(point.geotag)}
        with self.transaction():
            insert(self._connection, "track", row)

    def add_note(self, note: Note) -> None:
        row = {"kind": str(note.kind), "text": note.text, "seconds": note.seconds}
        with self.transaction():
            insert(self._connection, "note", {**self._at(note.at), **row})

    def count_frames(self, counts: Mapping[str, int]) -> None:
        """Note how many frames of this session were not judged until now, by reason; those that
        were are counted under ""."""
        with self.transaction():
            for why, frames in counts.items():
                row = {"session": self.session, "why": why, "frames": frames}
                insert(self._connection, "frame_count", row, verb="INSERT OR REPLACE")

    def add_review(self, review: Review) -> None:
        """Add a reviewer's word; the latest one counts."""
        row = {
            "finding": review.finding,
            "verdict": str(review.verdict),
            "reviewer": review.by,
            "remark": review.remark,
            **instant_row(review.at),
        }
        with self.transaction():
            insert(self._connection, "review", row)

    def add_scanned(
        self,
        scanned: ScannedPicture,
        sightings: Iterable[Sighting] = (),
        jpeg: bytes | None = None,
    ) -> bool:
        """Record a scanned picture file and its findings, all or nothing, once.

        `jpeg` is kept as the picture of all of them. Returns False, and changes nothing, where a
        picture of that name is recorded already.
        """
        row = {"session": self.session, **scanned_row(scanned)}
        with self.transaction():
            if not insert(self._connection, "scanned", row, verb="INSERT OR IGNORE"):
                return False
            found = [self.add_finding(sighting) for sighting in sightings]
            if jpeg is not None and found:
                picture = self._next_picture
                self.add_picture(jpeg, scanned.name, scanned.at)
                for finding in found:
                    update(self._connection, "finding", finding, {"picture": picture})
        return True

    def absorb_finding(self, part: int, whole: int) -> None:
        """A finding turned out to be part of another: it goes, and its picture with it.

        What reviewers said of it is then said of the whole. Nothing changes where the record lacks
        one of the two.
        """
        connection = self._connection
        picture = None
        with self.transaction():
            known = {
                row["id"]: row["picture"]
                for row in connection.execute(
                    "SELECT id, picture FROM finding WHERE id IN (?, ?)", (part, whole)
                )
            }
            if part == whole or len(known) < 2:
                return
            connection.execute("UPDATE review SET finding = ? WHERE finding = ?", (whole, part))
            connection.execute("DELETE FROM finding WHERE id = ?", (part,))
            picture = self._drop_picture(known[part])
        self._delete(picture)

    def forget_scanned(self, name: str) -> list[str]:
        """Take a scanned picture out, with its findings that nobody has reviewed.

        For a picture that was replaced by another one of the same name. Gives the paths of the
        picture files that no row names any more, for the caller to delete after the transaction;
        those that he does not are deleted when the survey is resumed.
        """
        reviewed = "SELECT finding FROM review"
        execute = self._connection.execute
        with self.transaction():
            execute(f"DELETE FROM finding WHERE frame = ? AND id NOT IN ({reviewed})", (name,))
            shown = "SELECT picture FROM finding WHERE frame = ? AND picture IS NOT NULL"
            unnamed = execute(
                f"DELETE FROM picture WHERE frame = ? AND id NOT IN ({shown})"
                " AND coalesce(close_up_of, 0) NOT IN (SELECT id FROM finding)"
                " RETURNING path, bytes",
                (name, name),
            ).fetchall()
            execute("DELETE FROM scanned WHERE name = ?", (name,))
        self.picture_bytes -= sum(row["bytes"] for row in unnamed)
        return [row["path"] for row in unnamed]

    def set_file_mark(self, name: str, mark: FileMark) -> None:
        """Note that a scanned picture's file has another date now, and the same content."""
        row = mark_row(mark)
        names = ", ".join(f"{column} = ?" for column in row)
        with self.transaction():
            self._connection.execute(
                f"UPDATE scanned SET {names} WHERE name = ?", (*row.values(), name)
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything added inside becomes one transaction; a block inside a block joins it."""
        if self._in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        self._in_transaction = True
        try:
            yield
            self._hold_anchor()
            self._connection.execute("COMMIT")
        except BaseException:
            # Where the disk is full, SQLite may have rolled back by itself.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        finally:
            self._in_transaction = False

    def relax_sync(self, on: bool) -> None:
        """While on, what is added is not synced: it survives a kill, but maybe not a power cut."""
        self._connection.execute(f"PRAGMA synchronous = {'NORMAL' if on else 'FULL'}")

    def close(self) -> None:
        """End the session and leave one tidy file."""
        try:
            row = instant_row(self.clock.now(), "ended_")
            with self.transaction():
                update(self._connection, "session", self.session, row)
        except sqlite3.Error:
            pass  # the disk is full: an ending that is not noted looks like a power cut
        finally:
            self._connection.close()
            os.close(self._lock)
            log.info("session %d ended", self.session)
            self._folder_log.close()

    def _at(self, at: Instant) -> dict[str, Any]:
        return {"session": self.session, **instant_row(at)}

    def _hold_anchor(self) -> None:
        """Note the wall clock's best reading, once its source is better than before."""
        now = self.clock.now()
        if now.wall_from > self._anchor.wall_from:
            update(self._connection, "session", self.session, instant_row(now, "anchor_"))
            self._anchor = now

    def _replace_picture(self, finding: int, picture: int) -> tuple[str, int] | None:
        """Gives the path and the bytes of the picture that was the best one before."""
        row = self._connection.execute(
            "SELECT picture FROM finding WHERE id = ?", (finding,)
        ).fetchone()
        update(self._connection, "finding", finding, {"picture": picture})
        return self._drop_picture(None if row is None else row["picture"])

    def _drop_picture(self, picture: int | None) -> tuple[str, int] | None:
        """Forget a picture that no finding has any more; gives its path and bytes."""
        connection = self._connection
        used = connection.execute("SELECT 1 FROM finding WHERE picture = ?", (picture,)).fetchone()
        row = connection.execute(
            "SELECT path, bytes FROM picture WHERE id = ?", (picture,)
        ).fetchone()
        if used is not None or row is None:
            return None
        connection.execute("DELETE FROM picture WHERE id = ?", (picture,))
        return row["path"], row["bytes"]

    def _delete(self, dropped: tuple[str, int] | None) -> None:
        """Delete the file of a picture whose row is gone."""
        if dropped is not None:
            (self.folder / dropped[0]).unlink(missing_ok=True)
            self.picture_bytes -= dropped[1]

    def _last_id(self, table: str) -> int:
        row = self._connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
        return int(row[0])
