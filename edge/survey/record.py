"""Writes a survey's record: what a call has returned from is on the disk."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crackscan.edge.clock import Boot, Clock, Instant
from crackscan.edge.survey.database import open_to_write
from crackscan.edge.survey.folder import lock_folder, make_folder
from crackscan.edge.survey.pictures import FRAMES, remove_strays, write_durably
from crackscan.edge.survey.reading import SurveyReader
from crackscan.edge.survey.rows import (
    insert,
    instant_row,
    scanned_row,
    sighting_row,
    update,
    where_row,
)
from crackscan.edge.survey.values import (
    Note,
    Review,
    ScannedPicture,
    Sighting,
    SurveyInfo,
    TrackPoint,
)
from crackscan.errors import SurveyError


class Survey(SurveyReader):
    """A survey that is being written, by one process at a time; one thread may use it.

    Each method that adds is one transaction, synced to the disk, unless it stands in a `together`
    block. What a full disk refuses raises `sqlite3.Error` or CrackscanError and changes nothing.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock: int, clock: Clock):
        super().__init__(folder, connection)
        self.clock = clock
        self._lock = lock
        self._together = False
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
            "boot": Boot.current().id,
            **instant_row(self.began),
            **instant_row(self.began, "anchor_"),
        }
        insert(connection, "session", row)

    @classmethod
    def create(
        cls,
        folder: Path,
        info: SurveyInfo,
        settings: Mapping[str, Any],
        card: str,
        clock: Clock | None = None,
    ) -> "Survey":
        """Make a survey in a folder that does not exist yet; it appears whole or not at all.

        `card` is the model's, as JSON. Raises SurveyError where the folder exists, OSError where
        it cannot be made.
        """
        make_folder(folder, info, settings, card)
        return cls.resume(folder, clock)

    @classmethod
    def resume(cls, folder: Path, clock: Clock | None = None) -> "Survey":
        """Write on in a survey, in a new session; what a kill left half done is tidied up.

        Raises SurveyError where another process is writing it, and as `open_to_write` does.
        """
        lock = lock_folder(folder)
        try:
            connection = open_to_write(folder)
            try:
                (folder / FRAMES).mkdir(exist_ok=True)
                known = {row["path"] for row in connection.execute("SELECT path FROM picture")}
                remove_strays(folder, known)
                return cls(folder, connection, lock, clock or Clock())
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
        with self.together():
            known = finding < self.next_finding
            if not (known and update(self._connection, "finding", finding, row)):
                insert(self._connection, "finding", {"id": finding, "session": self.session, **row})
        self.next_finding = max(self.next_finding, finding + 1)

    def add_picture(self, jpeg: bytes, frame: str, at: Instant, finding: int | None = None) -> str:
        """Save a picture, as the best one of a finding if one is named; gives its path.

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
            **instant_row(at),
        }
        try:
            with self.together():
                insert(self._connection, "picture", row)
                if finding is not None:
                    replaced = self._replace_picture(finding, self._next_picture)
        except BaseException:
            (self.folder / path).unlink(missing_ok=True)
            raise
        self._next_picture += 1
        self.picture_bytes += len(jpeg)
        if replaced is not None:
            (self.folder / replaced[0]).unlink(missing_ok=True)
            self.picture_bytes -= replaced[1]
        return path

    def add_track(self, point: TrackPoint) -> None:
        row = {**self._at(point.at), **where_row(point.where)}
        with self.together():
            insert(self._connection, "track", row)

    def add_note(self, note: Note) -> None:
        row = {"kind": str(note.kind), "text": note.text, "seconds": note.seconds}
        with self.together():
            insert(self._connection, "note", {**self._at(note.at), **row})

    def add_review(self, review: Review) -> None:
        """Add a reviewer's word; the latest one counts."""
        row = {
            "finding": review.finding,
            "verdict": str(review.verdict),
            "reviewer": review.by,
            "remark": review.remark,
            **instant_row(review.at),
        }
        with self.together():
            insert(self._connection, "review", row)

    def add_scanned(self, scanned: ScannedPicture, sightings: Iterable[Sighting] = ()) -> bool:
        """Record a scanned picture file and its findings, all or nothing, once.

        Returns False, and changes nothing, where a picture of that name is recorded already.
        """
        row = {"session": self.session, **scanned_row(scanned)}
        with self.together():
            if not insert(self._connection, "scanned", row, verb="INSERT OR IGNORE"):
                return False
            for sighting in sightings:
                self.add_finding(sighting)
        return True

    @contextmanager
    def together(self) -> Iterator[None]:
        """Everything added inside becomes one transaction; a block inside a block joins it."""
        if self._together:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        self._together = True
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
            self._together = False

    def relaxed(self, on: bool) -> None:
        """While on, what is added is not synced: it survives a kill, but maybe not a power cut."""
        self._connection.execute(f"PRAGMA synchronous = {'NORMAL' if on else 'FULL'}")

    def close(self) -> None:
        """End the session and leave one tidy file."""
        try:
            row = instant_row(self.clock.now(), "ended_")
            with self.together():
                update(self._connection, "session", self.session, row)
        except sqlite3.Error:
            pass  # the disk is full: an ending that is not noted looks like a power cut
        finally:
            self._connection.close()
            os.close(self._lock)

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
        old = self._connection.execute(
            "SELECT picture.id, path, bytes FROM picture JOIN finding"
            " ON picture.id = finding.picture WHERE finding.id = ?",
            (finding,),
        ).fetchone()
        update(self._connection, "finding", finding, {"picture": picture})
        if old is None:
            return None
        self._connection.execute("DELETE FROM picture WHERE id = ?", (old["id"],))
        return old["path"], old["bytes"]

    def _last_id(self, table: str) -> int:
        row = self._connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
        return int(row[0])
