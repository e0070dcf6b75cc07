"""What every source is: a stream of frames that is read once, can be stopped, and is closed."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from crackscan.edge.frame import Frame
from crackscan.picture import RGB


@dataclass(frozen=True)
class Skipped:
    """Something of a source that could not be scanned."""

    name: str
    reason: str


class Source(ABC):
    """A stream of frames; use it in a `with` block and iterate over it once."""

    kind: str
    """`pictures`, `video` or `camera`."""
    live = False
    """Whether frames come at their own pace, so that a slow reader gets the newest only."""
    length: int | None = None
    """How many frames will come, where that is known."""
    rate_fps: float | None = None
    """Frames a second of a video file, less those left out."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.skipped: list[Skipped] = []
        self.dropped = 0
        """Live frames that were never read because newer ones came."""
        self.stopped = False

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Frames in order. Raises SourceError when the source breaks for good."""

    def stop(self) -> None:
        """End the iteration after the present frame; callable from a signal handler."""
        self.stopped = True

    def skip(self, name: str, reason: str) -> None:
        """Note that something could not be scanned, and why."""
        self.skipped.append(Skipped(name, reason))

    def close(self) -> None:  # noqa: B027 - pictures hold nothing open
        """Give back the camera or file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _frame(self, rgb: RGB, index: int, name: str, clip_s: float | None = None) -> Frame:
        return Frame(rgb, index, name, self.name, time.monotonic(), time.time(), clip_s)
