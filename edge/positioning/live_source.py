"""A device that sends its position by itself: a thread listens, and the newest report counts."""

import threading
import time
from abc import abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from crackscan.edge.positioning.geotag import Attitude, Distance, Geotag, Position
from crackscan.edge.positioning.parameters import PositionParameters
from crackscan.edge.positioning.source import PositionSource, SatelliteTime

_CLOSE_TIMEOUT_S = 2.0
Reading = TypeVar("Reading", Position, Attitude, Distance)


@dataclass(frozen=True)
class Received(Generic[Reading]):
    """A reading, and when it was received on the monotonic clock."""

    reading: Reading
    monotonic_s: float


class LivePosition(PositionSource):
    """Listens to a device in a thread of its own.

    A connection that is lost or refused is tried again for as long as the source is open, with a
    growing wait between the attempts.
    """

    def __init__(self, name: str, parameters: PositionParameters) -> None:
        super().__init__(name)
        self.parameters = parameters
        self._position: Received[Position] | None = None
        self._attitude: Received[Attitude] | None = None
        self._distance: Received[Distance] | None = None
        self._time: SatelliteTime | None = None
        self._note = "connecting"
        self._backoff_s = parameters.first_backoff_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"position {name}", daemon=True)

    @abstractmethod
    def _read_reports(self) -> None:
        """Connect and listen until `_ended` is set. Raises OSError if the connection breaks."""

    def geotag_at(self, monotonic_s: float, file: Path | None = None) -> Geotag:  # noqa: ARG002
        stale_s = self.parameters.live_stale_s
        return Geotag(
            _with_age(self._position, monotonic_s, stale_s),
            _with_age(self._attitude, monotonic_s, stale_s),
            _with_age(self._distance, monotonic_s, stale_s),
        )

    def describe_state(self) -> str:
        received = self._position
        if received is None:
            return self._note
        age_s = time.monotonic() - received.monotonic_s
        if age_s > self.parameters.live_stale_s:
            return f"no position for {age_s:.0f} s ({self._note})"
        accuracy_m = received.reading.accuracy_m
        return "position" if accuracy_m is None else f"position within {accuracy_m:.1f} m"

    def satellite_time(self) -> SatelliteTime | None:
        return self._time

    def close(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * self.parameters.poll_s + _CLOSE_TIMEOUT_S)

    def _start_thread(self) -> None:
        self._thread.start()

    def _note_connection(self, note: str) -> None:
        self._note, self._backoff_s = note, self.parameters.first_backoff_s

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._read_reports()
            except OSError as error:
                self._note = f"not connected: {error.strerror or error}"
            if self._ended.wait(self._backoff_s):
                return
            self._backoff_s = min(2 * self._backoff_s, self.parameters.longest_backoff_s)


def _with_age(
    received: Received[Reading] | None, monotonic_s: float, stale_s: float
) -> Reading | None:
    """A reading with its age at a moment, or None if it is older than `stale_s`."""
    if received is None:
        return None
    age_s = abs(monotonic_s - received.monotonic_s)
    return replace(received.reading, age_s=age_s) if age_s <= stale_s else None
