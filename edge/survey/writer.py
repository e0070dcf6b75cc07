"""Records from a thread of its own, so that a slow card never stalls the scan."""

import sqlite3
import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from crackscan.core.durable_files import free_disk_bytes
from crackscan.core.errors import CrackscanError
from crackscan.core.picture_writing import encode_jpeg
from crackscan.edge.capture.frame import Frame
from crackscan.edge.positioning.clock import Instant
from crackscan.edge.survey.job import Job, Picture, decode_waiting, measure_memory
from crackscan.edge.survey.pictures import PictureQuota, QuotaMonitor
from crackscan.edge.survey.record import Survey
from crackscan.edge.survey.values import Note, NoteKind, Sighting, TrackPoint

MOST_JOBS = 2000
MOST_PICTURE_BYTES = 16 << 20
"""Pictures waiting for the card; beyond it they are left out, their findings are not."""
LEAST_PICTURES = 3
"""This number may wait, however large they are: at full sensor resolution one has 18 MB."""
RETRY_S = 1.0
_BATCH = 64


@dataclass(frozen=True)
class WriterState:
    """How recording goes, for the screen."""

    waiting: int
    """Entries that are not on the disk yet."""
    lost: int
    """Entries that did not fit into the queue, or that the record refused."""
    pictures_left_out: int
    no_pictures: str | None
    """Why pictures are no longer saved."""
    trouble: str | None
    """Why nothing is recorded at the moment; it is tried again every second."""
    free_bytes: int


class SurveyWriter:
    """Takes entries at once and writes them one after the other; use it in a `with` block.

    No method waits for the disk but `flush` and `close`. A finding is synced by itself when the
    card keeps up, and together with those waiting behind it when it does not. It owns the survey
    and closes it.
    """

    def __init__(self, survey: Survey, quota: PictureQuota | None = None) -> None:
        self.survey = survey
        self.quota_monitor = QuotaMonitor(quota or PictureQuota())
        self._jobs: deque[Job] = deque()
        self._of_finding: dict[int, Job] = {}
        self._picture_bytes = 0
        self._held: Counter[int] = Counter()
        """How many entries wait with the same picture, by its identity."""
        self._last: tuple[Picture, int] | None = None
        """The picture that was saved last, and its number: a frame may show many findings."""
        self._writing = 0
        self._lost = self._lost_noted = self._left_out = 0
        self._refused = "the disk was too slow"
        self._trouble: str | None = None
        self._next_finding = survey.next_finding
        self._ending = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="survey writer", daemon=True)
        self._thread.start()

    def picture_of(self, frame: Frame) -> Picture:
        """The finest picture of a frame that fits into the queue."""
        with self._changed:
            return frame.full if frame.full is not None and self._fits(frame.full) else frame.rgb

    def add_finding(self, sighting: Sighting, picture: Picture | None = None) -> int:
        """Record a finding, with its best picture; its number."""
        with self._changed:
            number = self._next_finding
            self._next_finding += 1
            self._put(Job(number, sighting, picture, sighting.frame, sighting.last))
        return number

    def update_finding(
        self, finding: int, sighting: Sighting, picture: Picture | None = None
    ) -> None:
        """Replace what is known of a finding, and its best picture if one is given."""
        with self._changed:
            waiting = self._of_finding.get(finding)
            if waiting is None:
                job = Job(finding, sighting, picture, sighting.frame, sighting.last)
                self._put(job)
                return
            waiting.sighting, waiting.at = sighting, sighting.last
            if picture is not None and self._hold(picture):
                self._let_go(waiting.picture)
                waiting.picture, waiting.frame = picture, sighting.frame

    def absorb_finding(self, part: int, whole: int) -> None:
        """A finding turned out to be part of another one; it goes."""
        with self._changed:
            self._of_finding.pop(part, None)
            self._put(Job(absorbed=(part, whole)))

    def add_picture(self, picture: Picture, frame: str, at: Instant) -> None:
        """Save a picture that belongs to no finding: a snapshot."""
        with self._changed:
            self._put(Job(picture=picture, frame=frame, at=at))

    def add_track(self, point: TrackPoint) -> None:
        with self._changed:
            self._put(Job(point=point))

    def add_note(self, note: Note) -> None:
        with self._changed:
            self._put(Job(note=note))

    def count_frames(self, counts: Mapping[str, int]) -> None:
        """Note how many frames were judged until now, and how many not, as the record does."""
        with self._changed:
            self._put(Job(counts=dict(counts)))

    def state(self) -> WriterState:
        free = free_disk_bytes(self.survey.folder)  # outside of the lock: the disk may be slow
        with self._changed:
            return WriterState(
                len(self._jobs) + self._writing,
                self._lost,
                self._left_out,
                self.quota_monitor.stopped,
                self._trouble,
                free,
            )

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything is on the disk; False where that took longer than allowed."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._jobs or self._writing), timeout_s)

    def close(self, timeout_s: float = 30.0) -> None:
        """Write what is waiting and end the survey's session.

        Raises CrackscanError where the disk took not all of it; what it took is safe.
        """
        self.flush(timeout_s)
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise CrackscanError(f"{self.survey.folder}: the disk does not answer")
        lost = self._lost + len(self._jobs)
        trouble = self._trouble or self._refused
        self.survey.close()
        if lost:
            raise CrackscanError(f"{self.survey.folder}: {lost} entries not recorded: {trouble}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _put(self, job: Job) -> None:
        if len(self._jobs) >= MOST_JOBS:
            self._lost += 1
            return
        if job.picture is not None and not self._hold(job.picture):
            self._left_out += 1
            job.picture = None
            if job.sighting is None:
                return
        self._jobs.append(job)
        if job.finding is not None:
            self._of_finding[job.finding] = job
        self._changed.notify_all()

    def _fits(self, picture: Picture) -> bool:
        if id(picture) in self._held or len(self._held) < LEAST_PICTURES:
            return True
        return self._picture_bytes + measure_memory(picture) <= MOST_PICTURE_BYTES

    def _hold(self, picture: Picture) -> bool:
        """Keep a picture until it is written, if it fits; several entries may wait for one."""
        if not self._fits(picture):
            return False
        self._picture_bytes += 0 if id(picture) in self._held else measure_memory(picture)
        self._held[id(picture)] += 1
        return True

    def _let_go(self, picture: Picture | None) -> None:
        if picture is None:
            return
        key = id(picture)
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]
            self._picture_bytes -= measure_memory(picture)

    def _run(self) -> None:
        while (batch := self._take()) is not None:
            held = [job.picture for job in batch]
            while not self._write(batch):
                with self._changed:
                    self._changed.notify_all()
                    if self._changed.wait_for(lambda: self._ending, RETRY_S):
                        self._jobs.extendleft(reversed(batch))
                        self._writing = 0
                        return
            with self._changed:
                for picture in held:
                    self._let_go(picture)
                held.clear()
                self._writing = 0
                self._trouble = None
                self._changed.notify_all()

    def _take(self) -> list[Job] | None:
        """The next entries to be written together; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._ending)
            if not self._jobs:
                return None
            batch = [self._jobs.popleft() for _ in range(min(len(self._jobs), _BATCH))]
            for job in batch:
                if job.finding is not None:
                    self._of_finding.pop(job.finding, None)
            self._writing = len(batch)
            return batch

    def _write(self, batch: list[Job]) -> bool:
        """Whether the disk took it; what was not written is left in the batch.

        An entry that the record itself refuses (not-a-number, a cell outside of any frame) is lost
        alone, and does not hold up those behind it.
        """
        try:
            self._write_together(batch)
        except sqlite3.OperationalError as error:
            self._trouble = str(error)
            return False
        except Exception as error:
            if len(batch) > 1:
                return all(self._write_first(batch) for _ in range(len(batch)))
            with self._changed:
                self._lost += 1
                self._refused = f"not recordable: {error}"
        return True

    def _write_first(self, batch: list[Job]) -> bool:
        done = self._write(batch[:1])
        if done:
            del batch[0]
        return done

    def _write_together(self, batch: list[Job]) -> None:
        minor = (job.point is not None or job.counts is not None for job in batch)
        self.survey.relax_sync(all(minor))
        with self.survey.transaction():
            for job in batch:
                self._write_entry(job)
            noted = self._note_losses()
        self._lost_noted = noted
        gone = {job.absorbed[0] for job in batch if job.absorbed is not None}
        for job in batch:
            if job.picture is not None and job.at is not None and job.finding not in gone:
                self._save_picture(job.picture, job.frame, job.at, job.finding)
                job.picture = None

    def _write_entry(self, job: Job) -> None:
        if job.sighting is not None and job.finding is not None:
            self.survey.put_finding(job.finding, job.sighting)
        elif job.point is not None:
            self.survey.add_track(job.point)
        elif job.note is not None:
            self.survey.add_note(job.note)
        elif job.counts is not None:
            self.survey.count_frames(job.counts)
        elif job.absorbed is not None:
            self.survey.absorb_finding(*job.absorbed)

    def _note_losses(self) -> int:
        lost = self._lost
        if lost > self._lost_noted:
            text = f"{lost - self._lost_noted} entries not recorded: {self._refused}"
            self.survey.add_note(Note(self.survey.clock.now(), NoteKind.WARNING, text))
        return lost

    def _save_picture(self, picture: Picture, frame: str, at: Instant, finding: int | None) -> None:
        try:
            last = self._last
            shared = finding is not None and last is not None and last[0] is picture
            if shared and self.survey.share_picture(last[1], finding):  # type: ignore[index, arg-type]
                return
            jpeg = encode_jpeg(decode_waiting(picture))
            refusal = self.quota_monitor.refuse_picture(
                self.survey.folder, self.survey.picture_bytes, len(jpeg)
            )
            if refusal is None:
                self.survey.add_picture(jpeg, frame, at, finding)
                self._last = picture, self.survey.last_picture
        except (CrackscanError, OSError, sqlite3.Error) as error:
            refusal = str(error)
        if refusal is not None:
            self._left_out += 1
        message = self.quota_monitor.update_state(refusal)
        if message is not None:
            self._warn(message)

    def _warn(self, text: str) -> None:
        try:
            self.survey.add_note(Note(self.survey.clock.now(), NoteKind.WARNING, text))
        except sqlite3.Error as error:
            self._trouble = str(error)
