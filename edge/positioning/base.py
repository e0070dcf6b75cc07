"""What every source of positions is: asked for a moment or a file, it answers at once."""

import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from crackscan.edge.positioning.values import NO_GEOTAG, Attitude, Distance, Geotag, Position

STALE_S = 5.0
"""A live position older than this is none: at a walk, 5 s are the accuracy of a receiver."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
POLL_S = 0.2
"""How long a reader waits for data before it looks whether it shall end."""


@dataclass(frozen=True)
class SatelliteTime:
    """What time it was by satellite when the monotonic clock showed `monotonic_s`."""

    unix_s: float
    monotonic_s: float


class PositionSource(ABC):
    """Says where the camera was; use it in a `with` block."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def geotag_at(self, monotonic_s: float, file: Path | None = None) -> Geotag:
        """Where a frame was taken: at that moment, or as its file says. Never waits or raises."""

    def state(self) -> str:
        """How the source is, in a few words for the screen."""
        return "ready"

    def satellite_time(self) -> SatelliteTime | None:
        """The last time heard by satellite."""
        return None

    def close(self) -> None:  # noqa: B027 - files hold nothing open
        """End the reader."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class NoPosition(PositionSource):
    """Knows no place."""

    def geotag_at(self, monotonic_s: float, file: Path | None = None) -> Geotag:  # noqa: ARG002
        return NO_GEOTAG


Told = TypeVar("Told", Position, Attitude, Distance)


@dataclass(frozen=True)
class Heard(Generic[Told]):
    """Something a device told, and when."""

    value: Told
    monotonic_s: float


class LivePosition(PositionSource):
    """A device that tells its place by itself: a thread listens, and `at` gives the latest.

    Connection lost or refused: tried again after 1 s, 2 s, ... 30 s, for as long as it is open.
    """

    def __init__(self, name: str, stale_s: float = STALE_S) -> None:
        super().__init__(name)
        self.stale_s = stale_s
        self._position: Heard[Position] | None = None
        self._attitude: Heard[Attitude] | None = None
        self._distance: Heard[Distance] | None = None
        self._time: SatelliteTime | None = None
        self._note = "connecting"
        self._wait_s = FIRST_WAIT_S
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"position {name}", daemon=True)

    @abstractmethod
    def _follow(self) -> None:
        """Connect and listen until `_ended`; raises OSError when the connection breaks."""

    def geotag_at(self, monotonic_s: float, file: Path | None = None) -> Geotag:  # noqa: ARG002
        return Geotag(
            _aged(self._position, monotonic_s, self.stale_s),
            _aged(self._attitude, monotonic_s, self.stale_s),
            _aged(self._distance, monotonic_s, self.stale_s),
        )

    def state(self) -> str:
        heard = self._position
        if heard is None:
            return self._note
        age_s = time.monotonic() - heard.monotonic_s
        if age_s > self.stale_s:
            return f"no position for {age_s:.0f} s ({self._note})"
        accuracy_m = heard.value.accuracy_m
        return "position" if accuracy_m is None else f"position within {accuracy_m:.1f} m"

    def satellite_time(self) -> SatelliteTime | None:
        return self._time

    def close(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * POLL_S + 2)

    def _start(self) -> None:
        self._thread.start()

    def _connected(self, note: str) -> None:
        self._note, self._wait_s = note, FIRST_WAIT_S

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._follow()
            except OSError as error:
                self._note = f"not connected: {error.strerror or error}"
            if self._ended.wait(self._wait_s):
                return
            self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)


def _aged(heard: Heard[Told] | None, monotonic_s: float, stale_s: float) -> Told | None:
    """What was heard, with its age at that moment; None where that is over the limit."""
    if heard is None:
        return None
    age_s = abs(monotonic_s - heard.monotonic_s)
    return replace(heard.value, age_s=age_s) if age_s <= stale_s else None
