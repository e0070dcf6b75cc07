"""Live sources: the newest frame only, deadlines on everything, and reopening what broke."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from crackscan.core.errors import SourceError
from crackscan.edge.capture.base import Condition, Source, State
from crackscan.edge.capture.device import Device, Grabbed, Pixels
from crackscan.edge.capture.frame import Frame
from crackscan.edge.capture.health import Health
from crackscan.edge.capture.lens_cover import look
from crackscan.edge.capture.reader_thread import Reader

_TICK_S = 0.1
_MOST_STUCK = 3
"""So many readers may hang in a driver at once before no more are begun."""


@dataclass(frozen=True)
class Deadlines:
    """How long a live source may be without a sign of life."""

    first_s: float = 10.0
    """From opening the device to its first picture."""
    next_s: float = 5.0
    """From one picture to the next."""
    same_s: float = 5.0
    """While all pictures are alike, bit by bit, which no working sensor's are."""
    stale_s: float = 2.0
    """Age of the newest picture from which on it is called stale."""
    look_s: float = 0.5
    """Between two looks whether the pictures are black or covered; two alike are believed."""
    first_wait_s: float = 0.5
    """Before opening again; doubled each time, up to the next, until pictures are good again."""
    longest_wait_s: float = 30.0
    stuck_s: float = 60.0
    """While all readers hang in the driver; then only a new process can help."""


@dataclass(frozen=True, eq=False)
class _Shot:
    grabbed: Grabbed
    number: int
    monotonic_s: float
    wall_s: float


class LiveSource(Source):
    """The newest frame of a device, each given once; older ones are counted as dropped.

    Reading and supervising have a thread each, so a driver that blocks for ever costs a deadline
    and not the program. `read` may also return an old picture again and again after an unplug
    (opencv/opencv#14044): pictures equal bit by bit are not given twice and count as silence. What
    broke is closed and opened again; black and covered pictures are given, and said.

    The iteration raises SourceError only if the device cannot be opened at first or gives no
    picture within `Deadlines.first_s`, if it gave none for `give_up_s`, or if every attempt hangs
    in the driver.
    """

    kind = "camera"
    live = True

    def __init__(
        self,
        name: str,
        label: str,
        open_device: Callable[[], Device],
        every: int = 1,
        deadlines: Deadlines | None = None,
        give_up_s: float | None = None,
    ) -> None:
        super().__init__(name)
        self.label = label
        self.every = every
        self.deadlines = deadlines or Deadlines()
        self.give_up_s = give_up_s
        self._open_device = open_device
        self._changed = threading.Condition()
        self._newest: _Shot | None = None
        self._error: SourceError | None = None
        self._closed = threading.Event()
        self._count = 0
        now = time.monotonic()
        self._arrived_s = now
        self._differed_s = now
        self._looked_s = 0.0
        self._looks = (State.GOOD, State.GOOD)
        self._age_s = 0.0
        self._before: Pixels | None = None
        self._health = Health(f"{label} is being opened", now)
        self._stuck: list[Reader] = []
        self._reader = Reader(label, open_device, self._receive)
        self._supervisor = threading.Thread(
            target=self._supervise, name=f"{label} supervisor", daemon=True
        )
        self._reader.start()
        self._supervisor.start()

    def __iter__(self) -> Iterator[Frame]:
        given = 0
        while (shot := self._take()) is not None:
            given += 1
            if (given - 1) % self.every:
                shot.grabbed.drop()
                continue
            rgb, full = shot.grabbed.take()
            name = f"{self.label}#{shot.number}"
            yield Frame(rgb, shot.number, name, self.name, shot.monotonic_s, shot.wall_s, full=full)

    @property
    def condition(self) -> Condition:
        return self._health.condition

    def close(self) -> None:
        """Ask the threads to release the device, and wait a moment for it."""
        self._closed.set()
        self._supervisor.join(timeout=1.0)
        self._reader.leave()
        self._reader.ended(within_s=1.0)
        with self._changed:
            if self._newest is not None:
                self._newest.grabbed.drop()
                self._newest = None
            if (gap := self._health.end(time.monotonic())) is not None:
                self.gaps.append(gap)

    def _take(self) -> _Shot | None:
        """Wait for a shot that was not given yet; None once stopped or closed."""
        with self._changed:
            while not self.stopped and not self._closed.is_set():
                if self._newest is not None:
                    shot, self._newest = self._newest, None
                    return shot
                if self._error is not None:
                    raise self._error
                self._changed.wait(_TICK_S)
        return None

    def _receive(self, reader: Reader, grabbed: Grabbed) -> None:
        """Put a picture where the iteration finds it; called in the reader's thread."""
        now, wall_s = time.monotonic(), time.time()
        age_s = now - grabbed.taken_s if grabbed.taken_s is not None else 0.0
        age_s = age_s if 0 < age_s < 3600 else 0.0  # else it is told by another clock
        with self._changed:
            if reader is not self._reader or not reader.is_wanted():
                grabbed.drop()
                return
            self._arrived_s, self._age_s = now, age_s
            number, self._count = self._count, self._count + 1
            if self._before is not None and _same(self._before, grabbed.pixels):
                grabbed.drop()
                return
            self._before, self._differed_s = grabbed.pixels, now
            if self._newest is not None:
                self._newest.grabbed.drop()
                self.dropped += not self.stopped
            if now - self._looked_s >= self.deadlines.look_s:
                self._looked_s, self._looks = now, (self._looks[1], look(grabbed.pixels))
            self._judge(now)
            self._newest = _Shot(grabbed, number, now - age_s, wall_s - age_s)
            self._changed.notify()

    def _supervise(self) -> None:
        wait_s, opened_s = self.deadlines.first_wait_s, time.monotonic()
        first_until_s = opened_s + self.deadlines.first_s
        while (why := self._watch()) is not None:
            if self._differed_s > opened_s:
                wait_s = self.deadlines.first_wait_s
            self._reader.leave()
            self._stuck.append(self._reader)
            if not self._count and not (self._reader.opened and time.monotonic() < first_until_s):
                return self._fail(why)
            silent_s = time.monotonic() - self._differed_s
            if self.give_up_s is not None and silent_s > self.give_up_s:
                return self._fail(f"{why}; given up after {silent_s:.0f} s")
            with self._changed:
                advice = f"trying again in {wait_s:g} s"
                self._health.bad(State.LOST, why, self._differed_s, advice)
            if self._closed.wait(wait_s):
                return None
            if not self._may_open():
                return self._fail(f"{why}; its driver hangs: restart the program, or the machine")
            wait_s = min(2 * wait_s, self.deadlines.longest_wait_s)
            with self._changed:
                opened_s = self._arrived_s = time.monotonic()
                self._reader = Reader(self.label, self._open_device, self._receive)
                self._reader.start()
        return None

    def _fail(self, why: str) -> None:
        with self._changed:
            self._health.bad(State.LOST, why, self._differed_s)
            self._error = SourceError(why)
            self._changed.notify()

    def _may_open(self) -> bool:
        """Wait until few enough readers hang in the driver; False if they all do for too long."""
        until_s = time.monotonic() + self.deadlines.stuck_s
        while True:
            self._stuck = [one for one in self._stuck if not one.ended()]
            if len(self._stuck) < _MOST_STUCK:
                return True
            if time.monotonic() > until_s:
                return False
            if self._closed.wait(_TICK_S):
                return True

    def _watch(self) -> str | None:
        """Wait until the present reader is of no more use, and say why; None once closed."""
        reader, limits = self._reader, self.deadlines
        while not self._closed.wait(_TICK_S):
            now = time.monotonic()
            with self._changed:
                heard = self._arrived_s > reader.began_s
                silent_s = now - max(self._arrived_s, reader.began_s)
                same_s = now - max(self._differed_s, reader.began_s)
                if reader.failure is not None:
                    return str(reader.failure)
                limit_s = limits.next_s if heard else limits.first_s
                if silent_s > limit_s:
                    return f"{self.label} gave no picture for {limit_s:g} s: check cable and power"
                if heard and same_s > limits.same_s:
                    return f"{self.label} shows the same picture for {limits.same_s:g} s: frozen"
                if heard:
                    self._judge(now)
        return None

    def _judge(self, now_s: float) -> None:
        """Set the condition from what was seen last; the lock is held."""
        health, limits, label = self._health, self.deadlines, self.label
        looks = self._looks
        if now_s - self._arrived_s > limits.stale_s:
            health.bad(State.STALE, f"{label} gives no new picture", self._arrived_s)
        elif now_s - self._differed_s > limits.same_s / 2:
            why = f"{label} gives the same picture again and again"
            health.bad(State.FROZEN, why, self._differed_s, "frozen or unplugged")
        elif self._age_s > limits.stale_s:
            health.bad(State.STALE, f"{label} gives pictures that are old", now_s)
        elif looks == (State.BLACK, State.BLACK):
            why = f"{label} gives black pictures"
            health.bad(State.BLACK, why, self._looked_s, "a lens cap, or no light")
        elif looks == (State.COVERED, State.COVERED):
            why = f"{label} is covered: its pictures show one even tone"
            health.bad(State.COVERED, why, self._looked_s, "look at the lens")
        elif (gap := health.good(now_s)) is not None:
            self.gaps.append(gap)


def _same(before: Pixels, after: Pixels) -> bool:
    """Whether two pictures are alike bit by bit; some rows tell almost always."""
    return np.array_equal(before[::16], after[::16]) and np.array_equal(before, after)
