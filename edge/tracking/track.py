"""A track: one crack over many frames."""

from dataclasses import dataclass, field
from enum import StrEnum

from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Finding


class TrackState(StrEnum):
    """How certain a track is."""

    TENTATIVE = "tentative"
    """Some frames show it; it is not reported."""
    CONFIRMED = "confirmed"
    """Enough frames show it: it is a finding of the survey."""
    LOST = "lost"
    """No frame has shown it for a long time, or no frame can: it will not change any more."""


@dataclass(frozen=True)
class FrameStamp:
    """Identifies a frame without holding its picture."""

    frame: str
    """The name of the frame."""
    index: int
    monotonic_s: float
    wall_s: float
    clip_s: float | None

    @classmethod
    def of_frame(cls, frame: Frame) -> "FrameStamp":
        return cls(frame.name, frame.index, frame.monotonic_s, frame.wall_s, frame.clip_s)

    @property
    def captured_s(self) -> float:
        """As `Frame.captured_s`."""
        return self.monotonic_s if self.clip_s is None else self.clip_s


@dataclass(frozen=True, eq=False)
class BestView:
    """How the frame that shows a crack best shows it. The pixels are the recorder's."""

    stamp: FrameStamp
    finding: Finding
    """The crack's cells and bounding box in that frame."""
    quality: float
    """Higher for a sharp, complete and central view; comparable within one track only."""


@dataclass(frozen=True, eq=False)
class Track:
    """One crack over many frames."""

    number: int
    """Identity within the scan, from 1."""
    state: TrackState
    first: FrameStamp
    """The first frame that showed it."""
    last: FrameStamp
    """The last frame that showed it."""
    frames_seen: int
    """Frames that showed it, with those between them that were not registered."""
    probability: float
    """The largest of any frame."""
    peak: float
    """The largest of any frame."""
    best: BestView
    confident: bool = False
    """Whether one frame showed it confidently by itself."""
    observations: int = 1
    """Registered frames that showed it."""
    merged: tuple[int, ...] = ()
    """Numbers of confirmed tracks that turned out to be parts of this one."""

    @property
    def confirmed(self) -> bool:
        return self.state is TrackState.CONFIRMED

    @property
    def age_s(self) -> float:
        """Time from the first to the last frame that showed it, seconds."""
        return self.last.captured_s - self.first.captured_s


@dataclass(frozen=True, eq=False)
class TrackUpdate:
    """What one frame changed in the tracks."""

    visible: tuple[tuple[Track, Finding], ...] = ()
    """The confirmed tracks in view, and how this frame shows them."""
    confirmed: tuple[Track, ...] = ()
    """The tracks that this frame confirmed."""
    improved: tuple[Track, ...] = ()
    """The confirmed tracks whose best view is this frame."""
    completed: tuple[Track, ...] = ()
    """Tracks that were confirmed and will not change any more."""
    merged: dict[int, int] = field(default_factory=dict)
    """Confirmed tracks that became part of another one: number → the number that remains."""
