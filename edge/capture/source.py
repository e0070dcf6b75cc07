"""The interface of every source: a stream of frames that is read once, stopped, and closed."""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from crackscan.core.pictures import RGB
from crackscan.edge.capture.condition import Condition, Gap, SourceState
from crackscan.edge.capture.frame import Frame

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SkippedItem:
    """A picture, frame or folder of a source that could not be read."""

    name: str
    reason: str


class Source(ABC):
    """A stream of frames; open it in a `with` block and iterate over it once.

    A live source that fails is closed and opened again until it works. Meanwhile the iteration
    waits and `condition` says what is wrong; any thread may read it. When usable pictures arrive
    again, the period without them is appended to `gaps` before the next frame is yielded. A caller
    that keeps a record therefore reads the new gaps after each frame, and once more after
    `close()`: `for gap in source.gaps[recorded:]: ...`.
    """

    kind: str
    """`pictures`, `video` or `camera`."""
    live = False
    """Whether frames arrive at the source's own rate, so that a slow reader misses some."""
    length: int | None = None
    """Number of frames that will be yielded, if known."""
    rate_fps: float | None = None
    """Yielded frames per second of video."""
    folder: Path | None = None
    """Folder of the pictures; the names of their frames are paths below it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.skipped: list[SkippedItem] = []
        self.dropped = 0
        """Number of live frames that were replaced by newer ones before they were read."""
        self.stopped = False
        self.gaps: list[Gap] = []
        """Periods without usable pictures that have ended, oldest first; only appended to."""

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames in order. Raises SourceError if the source fails permanently."""

    @property
    def condition(self) -> Condition:
        """Present condition of the source; files are always good."""
        return Condition(SourceState.GOOD)

    def stop(self) -> None:
        """End the iteration after the present frame. A signal handler may call this."""
        self.stopped = True

    def exclude_names(self, names: Collection[str]) -> None:  # noqa: B027 - only pictures can
        """Do not yield the pictures with these names. Call this before the iteration."""

    def record_skip(self, name: str, reason: str) -> None:
        """Record that an item could not be read, and why."""
        self.skipped.append(SkippedItem(name, reason))
        if not self.live:  # a live source may skip every frame
            log.warning("skipped: %s %s", name, reason)

    def close(self) -> None:  # noqa: B027 - pictures hold nothing open
        """Release the camera or file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _make_frame(self, rgb: RGB, index: int, name: str, clip_s: float | None = None) -> Frame:
        return Frame(rgb, index, name, self.name, time.monotonic(), time.time(), clip_s)
