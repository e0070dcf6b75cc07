"""Live sources: a thread keeps the newest frame, so that a slow reader never sees an old one."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.frame import Frame
from crackscan.edge.source.base import Source
from crackscan.errors import SourceError

BGR = NDArray[np.uint8]


class Capture(Protocol):
    """A device that gives pictures; OpenCV's VideoCapture is one."""

    def read(self) -> tuple[bool, BGR]:
        """The next picture, uint8 (height, width, 3), blue first; False when there is none."""

    def release(self) -> object:
        """Give the device back."""


@dataclass(frozen=True)
class Deadlines:
    """How long a live source may be without a sign of life."""

    first_s: float = 10.0
    """From opening the device to its first picture."""
    next_s: float = 5.0
    """From one picture to the next."""
    same_s: float = 5.0
    """While all pictures are alike, bit by bit, which no working sensor's are."""


@dataclass(frozen=True, eq=False)
class _Shot:
    bgr: BGR
    number: int
    monotonic_s: float
    wall_s: float


class LiveSource(Source):
    """The newest frame of a device, each given once; older ones are counted as dropped.

    The device is opened, read and released in a thread of its own, so that a driver that blocks for
    ever (opencv/opencv#4468) costs a deadline and not the program. `read` may also return an old
    picture again and again after an unplug (opencv/opencv#14044): equal pictures count as silence.
    """

    kind = "camera"
    live = True

    def __init__(
        self,
        name: str,
        label: str,
        open_capture: Callable[[], Capture],
        every: int = 1,
        deadlines: Deadlines | None = None,
    ) -> None:
        super().__init__(name)
        self.label = label
        self.every = every
        self.deadlines = deadlines or Deadlines()
        self._open_capture = open_capture
        self._fresh = threading.Condition()
        self._newest: _Shot | None = None
        self._changed_s = time.monotonic()
        self._error: SourceError | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"{label} reader", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Frame]:
        seen, arrived = -1, 0
        while (shot := self._wait(seen)) is not None:
            self.dropped += shot.number - seen - 1
            seen, arrived = shot.number, arrived + 1
            if (arrived - 1) % self.every:
                continue
            rgb = cv2.cvtColor(shot.bgr, cv2.COLOR_BGR2RGB)
            yield Frame(
                rgb,  # type: ignore[arg-type]
                shot.number,
                f"{self.label}#{shot.number}",
                self.name,
                shot.monotonic_s,
                shot.wall_s,
            )

    def close(self) -> None:
        """Ask the thread to release the device, and wait a moment for it."""
        self._closed = True
        self._thread.join(timeout=1.0)

    def _wait(self, seen: int) -> _Shot | None:
        """The first shot later than `seen`, or None once stopped; raises SourceError."""
        asked_s = time.monotonic()
        with self._fresh:
            while not self.stopped:
                shot = self._newest
                now = time.monotonic()
                if shot and shot.monotonic_s - self._changed_s > self.deadlines.same_s:
                    raise SourceError(
                        f"{self.label} shows the same picture for {self.deadlines.same_s:g} s:"
                        " it is frozen, covered or unplugged"
                    )
                if shot is not None and shot.number > seen:
                    return shot
                if self._error is not None:
                    raise self._error
                limit_s = self.deadlines.first_s if shot is None else self.deadlines.next_s
                if now - max(asked_s, shot.monotonic_s if shot else asked_s) > limit_s:
                    raise SourceError(
                        f"{self.label} gave no picture for {limit_s:g} s: check cable and power"
                    )
                self._fresh.wait(0.1)
        return None

    def _run(self) -> None:
        try:
            capture = self._open_capture()
        except SourceError as error:
            self._fail(error)
            return
        try:
            self._read(capture)
        except Exception as error:  # whatever a driver throws must not end in a silent wait
            self._fail(SourceError(f"{self.label} failed: {error}"))
        finally:
            capture.release()

    def _read(self, capture: Capture) -> None:
        number = 0
        while not self._closed:
            found, bgr = capture.read()
            if not found:
                self._fail(SourceError(f"{self.label} stopped giving pictures: is it unplugged?"))
                return
            shot = _Shot(bgr, number, time.monotonic(), time.time())
            with self._fresh:
                before, self._newest = self._newest, shot
                if before is None or not np.array_equal(before.bgr[::8], bgr[::8]):
                    self._changed_s = shot.monotonic_s
                self._fresh.notify()
            number += 1

    def _fail(self, error: SourceError) -> None:
        with self._fresh:
            self._error = error
            self._fresh.notify()
