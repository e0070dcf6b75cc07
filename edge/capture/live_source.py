"""Live sources: the newest frame only, deadlines on every step, and reopening after failures."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from crackscan.core.errors import SourceError
from crackscan.edge.capture.capture_device import CaptureDevice, GrabbedFrame, Pixels
from crackscan.edge.capture.condition import Condition, ConditionMonitor, SourceState
from crackscan.edge.capture.frame import Frame
from crackscan.edge.capture.lens_cover import detect_cover
from crackscan.edge.capture.reader_thread import ReaderThread
from crackscan.edge.capture.source import Source
from crackscan.edge.capture.supervision import PARAMETERS, SupervisionParameters


@dataclass(frozen=True, eq=False)
class _NewestFrame:
    grabbed: GrabbedFrame
    number: int
    monotonic_s: float
    wall_s: float


class LiveSource(Source):
    """Yields the newest frame of a device, each at most once; older ones count as dropped.

    One thread reads and one supervises, so a driver that blocks without end costs a deadline and
    not the program. After an unplug, `read` may return an old picture again and again
    (opencv/opencv#14044); equal pictures are therefore yielded once and then count as silence. A
    device that fails is closed and opened again. Black and covered pictures are yielded, and
    `condition` reports them.

    The iteration raises SourceError only if the device cannot be opened at first or gives no
    picture before the first deadline, if it gave none for `give_up_s`, or if every attempt hangs
    in the driver.
    """

    kind = "camera"
    live = True

    def __init__(
        self,
        name: str,
        label: str,
        open_device: Callable[[], CaptureDevice],
        every: int = 1,
        parameters: SupervisionParameters = PARAMETERS,
        give_up_s: float | None = None,
    ) -> None:
        super().__init__(name)
        self.label = label
        self.every = every
        self.parameters = parameters
        self.give_up_s = give_up_s
        self._open_device = open_device
        self._changed = threading.Condition()
        """Guards the attributes below, except those of the supervisor alone."""
        self._newest: _NewestFrame | None = None
        self._error: SourceError | None = None
        self._closed = threading.Event()
        self._count = 0
        now = time.monotonic()
        self._arrived_s = now
        self._differed_s = now
        self._cover_checked_s = 0.0
        self._covers = (SourceState.GOOD, SourceState.GOOD)
        self._age_s = 0.0
        self._previous: Pixels | None = None
        self._monitor = ConditionMonitor(f"{label} is being opened", now, parameters.shortest_gap_s)
        self._abandoned: list[ReaderThread] = []
        self._reader = ReaderThread(label, open_device, self._receive)
        self._supervisor = threading.Thread(
            target=self._supervise, name=f"{label} supervisor", daemon=True
        )
        self._reader.start()
        self._supervisor.start()

    def __iter__(self) -> Iterator[Frame]:
        taken = 0
        while (newest := self._take_newest()) is not None:
            taken += 1
            if (taken - 1) % self.every:
                newest.grabbed.release()
                continue
            rgb, full = newest.grabbed.retrieve()
            number = newest.number
            yield Frame(
                rgb,
                number,
                f"{self.label}#{number}",
                self.name,
                newest.monotonic_s,
                newest.wall_s,
                full=full,
            )

    @property
    def condition(self) -> Condition:
        return self._monitor.condition

    def close(self) -> None:
        """Ask the threads to release the device, and wait for them for up to two seconds."""
        self._closed.set()
        self._supervisor.join(timeout=1.0)
        self._reader.request_stop()
        self._reader.wait_ended(within_s=1.0)
        with self._changed:
            if self._newest is not None:
                self._newest.grabbed.release()
                self._newest = None
            if (gap := self._monitor.end_gap(time.monotonic())) is not None:
                self.gaps.append(gap)

    def _take_newest(self) -> _NewestFrame | None:
        """Wait for a new frame; None once the source is stopped or closed."""
        with self._changed:
            while not self.stopped and not self._closed.is_set():
                if self._newest is not None:
                    newest, self._newest = self._newest, None
                    return newest
                if self._error is not None:
                    raise self._error
                self._changed.wait(self.parameters.tick_s)
        return None

    def _receive(self, reader: ReaderThread, grabbed: GrabbedFrame) -> None:
        """Store a picture for the iteration; runs in the reader's thread."""
        now, wall_s = time.monotonic(), time.time()
        age_s = now - grabbed.captured_s if grabbed.captured_s is not None else 0.0
        age_s = age_s if 0 < age_s < self.parameters.oldest_picture_s else 0.0
        with self._changed:
            if reader is not self._reader or reader.is_stopping():
                grabbed.release()
                return
            self._arrived_s, self._age_s = now, age_s
            number, self._count = self._count, self._count + 1
            if self._previous is not None and _are_equal(self._previous, grabbed.pixels):
                grabbed.release()
                return
            self._previous, self._differed_s = grabbed.pixels, now
            if self._newest is not None:
                self._newest.grabbed.release()
                self.dropped += not self.stopped
            if now - self._cover_checked_s >= self.parameters.cover_check_s:
                self._cover_checked_s = now
                self._covers = (self._covers[1], detect_cover(grabbed.pixels))
            self._update_condition(now)
            self._newest = _NewestFrame(grabbed, number, now - age_s, wall_s - age_s)
            self._changed.notify()

    def _supervise(self) -> None:
        limits = self.parameters
        backoff_s, opened_s = limits.first_backoff_s, time.monotonic()
        first_until_s = opened_s + limits.first_picture_s
        while (why := self._wait_for_failure()) is not None:
            if self._differed_s > opened_s:
                backoff_s = limits.first_backoff_s
            self._reader.request_stop()
            self._abandoned.append(self._reader)
            if not self._count and not (self._reader.opened and time.monotonic() < first_until_s):
                return self._fail(why)
            silent_s = time.monotonic() - self._differed_s
            if self.give_up_s is not None and silent_s > self.give_up_s:
                return self._fail(f"{why}; given up after {silent_s:.0f} s")
            with self._changed:
                advice = f"trying again in {backoff_s:g} s"
                self._monitor.mark_bad(SourceState.LOST, why, self._differed_s, advice)
            if self._closed.wait(backoff_s):
                return None
            if not self._wait_for_hung():
                return self._fail(f"{why}; its driver hangs: restart the program, or the machine")
            backoff_s = min(2 * backoff_s, limits.longest_backoff_s)
            with self._changed:
                opened_s = self._arrived_s = time.monotonic()
                self._reader = ReaderThread(self.label, self._open_device, self._receive)
                self._reader.start()
        return None

    def _fail(self, why: str) -> None:
        with self._changed:
            self._monitor.mark_bad(SourceState.LOST, why, self._differed_s)
            self._error = SourceError(why)
            self._changed.notify()

    def _wait_for_hung(self) -> bool:
        """Wait until another reader thread may start; False if too many hang for too long."""
        limits = self.parameters
        until_s = time.monotonic() + limits.hung_s
        while True:
            self._abandoned = [one for one in self._abandoned if not one.wait_ended()]
            if len(self._abandoned) < limits.hung_limit:
                return True
            if time.monotonic() > until_s:
                return False
            if self._closed.wait(limits.tick_s):
                return True

    def _wait_for_failure(self) -> str | None:
        """Wait until the present reader fails, and return why; None once the source is closed."""
        reader, limits = self._reader, self.parameters
        while not self._closed.wait(limits.tick_s):
            now = time.monotonic()
            with self._changed:
                arrived = self._arrived_s > reader.began_s
                silent_s = now - max(self._arrived_s, reader.began_s)
                frozen_s = now - max(self._differed_s, reader.began_s)
                if reader.failure is not None:
                    return str(reader.failure)
                limit_s = limits.next_picture_s if arrived else limits.first_picture_s
                if silent_s > limit_s:
                    return f"{self.label} gave no picture for {limit_s:g} s: check cable and power"
                if arrived and frozen_s > limits.frozen_s:
                    return f"{self.label} shows the same picture for {limits.frozen_s:g} s: frozen"
                if arrived:
                    self._update_condition(now)
        return None

    def _update_condition(self, now_s: float) -> None:
        """Set the condition from the newest observations; the caller holds the lock."""
        monitor, limits, label = self._monitor, self.parameters, self.label
        covers = self._covers
        if now_s - self._arrived_s > limits.stale_s:
            monitor.mark_bad(SourceState.STALE, f"{label} gives no new picture", self._arrived_s)
        elif now_s - self._differed_s > limits.frozen_s / 2:
            why = f"{label} gives the same picture again and again"
            monitor.mark_bad(SourceState.FROZEN, why, self._differed_s, "frozen or unplugged")
        elif self._age_s > limits.stale_s:
            monitor.mark_bad(SourceState.STALE, f"{label} gives old pictures", now_s)
        elif covers == (SourceState.BLACK, SourceState.BLACK):
            why = f"{label} gives black pictures"
            advice = "a lens cap, or no light"
            monitor.mark_bad(SourceState.BLACK, why, self._cover_checked_s, advice)
        elif covers == (SourceState.COVERED, SourceState.COVERED):
            why = f"{label} is covered: its pictures have one even tone"
            monitor.mark_bad(SourceState.COVERED, why, self._cover_checked_s, "check the lens")
        elif (gap := monitor.mark_good(now_s)) is not None:
            self.gaps.append(gap)


def _are_equal(before: Pixels, after: Pixels) -> bool:
    """Compare two pictures bit by bit; a few rows almost always suffice to see a difference."""
    return np.array_equal(before[::16], after[::16]) and np.array_equal(before, after)
