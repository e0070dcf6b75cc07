"""What every source is: a stream of frames that is read once, can be stopped, and is closed."""

import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from crackscan.core.pictures import RGB
from crackscan.edge.capture.frame import Frame


@dataclass(frozen=True)
class Skipped:
    """Something of a source that could not be scanned."""

    name: str
    reason: str


class State(StrEnum):
    """How a source is doing."""

    OPENING = "opening"
    """No picture has come yet."""
    GOOD = "good"
    STALE = "stale"
    """The newest picture is old: nothing came since, or it was old when it came."""
    FROZEN = "frozen"
    """Pictures come and are alike, bit by bit, which no working sensor's are."""
    BLACK = "black"
    """Pictures come and are black: a lens cap, or no light."""
    COVERED = "covered"
    """Pictures come and show one even tone: a hand, dirt, or the lens against the wall."""
    LOST = "lost"
    """Closed after a failure; it is opened again and again."""


@dataclass(frozen=True)
class Condition:
    """How a source is doing, for the screen and the record."""

    state: State
    text: str = ""
    """One sentence, e.g. `camera 0 gives black pictures: a lens cap, or no light`; "" if good."""
    since_s: float = 0.0
    """Monotonic time when this state began."""

    @property
    def good(self) -> bool:
        return self.state is State.GOOD


@dataclass(frozen=True)
class Gap:
    """A time in which a live source gave nothing that could be judged."""

    began_s: float
    """Monotonic time."""
    seconds: float
    why: str
    """What was wrong, in the order it was noticed: `camera 0 gave no picture for 5 s; ...`."""


class Source(ABC):
    """A stream of frames; use it in a `with` block and iterate over it once.

    A live source that breaks is closed and opened again for as long as it takes; meanwhile the
    iteration waits, `condition` says what is wrong (any thread may read it), and when pictures come
    again the time without them is appended to `gaps` before the next frame is given. So a caller
    that keeps a record looks after each frame, and once more after `close()`, for gaps it has not
    noted: `for gap in source.gaps[noted:]: ...`.
    """

    kind: str
    """`pictures`, `video` or `camera`."""
    live = False
    """Whether frames come at their own pace, so that a slow reader gets the newest only."""
    length: int | None = None
    """How many frames will come, where that is known."""
    rate_fps: float | None = None
    """Frames a second of a video file, less those left out."""
    folder: Path | None = None
    """Where pictures lie; their frames' names are paths below it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.skipped: list[Skipped] = []
        self.dropped = 0
        """Live frames that were never read because newer ones came."""
        self.stopped = False
        self.gaps: list[Gap] = []
        """Times without usable pictures that are over, the oldest first; only appended to."""

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Frames in order. Raises SourceError when the source breaks for good."""

    @property
    def condition(self) -> Condition:
        """How the source is doing now; what is no camera is always good."""
        return Condition(State.GOOD)

    def stop(self) -> None:
        """End the iteration after the present frame; callable from a signal handler."""
        self.stopped = True

    def leave_out(self, names: Collection[str]) -> None:  # noqa: B027 - only pictures can
        """Do not give the pictures of these names; to be called before the iteration."""

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
