"""What is known of a crack that many frames show: data only."""

from dataclasses import dataclass, field, replace

from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Finding


@dataclass(frozen=True)
class Moment:
    """Which frame it was, without its picture."""

    frame: str
    """The frame's name."""
    index: int
    monotonic_s: float
    wall_s: float
    clip_s: float | None

    @classmethod
    def of(cls, frame: Frame) -> "Moment":
        return cls(frame.name, frame.index, frame.monotonic_s, frame.wall_s, frame.clip_s)

    @property
    def captured_s(self) -> float:
        """As `Frame.captured_s`."""
        return self.monotonic_s if self.clip_s is None else self.clip_s


@dataclass(frozen=True, eq=False)
class Sight:
    """The frame that shows a finding best."""

    at: Moment
    finding: Finding
    """Its cells and box in that frame."""
    quality: float
    """Sharp, complete and central: the higher the better; comparable for one finding only."""
    frame: Frame | None = None
    """The frame itself; None until the finding is confirmed, and once it was released."""


@dataclass(frozen=True, eq=False)
class Tracked:
    """One crack, seen in any number of frames."""

    number: int
    """Its identity within the scan, from 1."""
    first: Moment
    last: Moment
    """First and last frame that showed it."""
    frames_seen: int
    probability: float
    peak: float
    """The largest of any frame."""
    best: Sight
    confirmed: bool
    sure: bool = False
    """Whether a frame showed it for sure, by itself."""
    looks: int = 1
    """Frames that were followed and showed it; `frames_seen` counts those between, too."""
    absorbed: tuple[int, ...] = ()
    """Numbers of findings that turned out to be parts of this one."""

    def released(self) -> "Tracked":
        """The same without its best frame's pixels."""
        return replace(self, best=replace(self.best, frame=None))


@dataclass(frozen=True, eq=False)
class Followed:
    """What one frame brought."""

    here: tuple[tuple[Tracked, Finding], ...] = ()
    """The confirmed findings in view, and where they are in this frame."""
    confirmed: tuple[Tracked, ...] = ()
    """Those that were confirmed by this frame."""
    ended: tuple[Tracked, ...] = ()
    """Confirmed findings that are complete and will not change any more."""
    absorbed: dict[int, int] = field(default_factory=dict)
    """Confirmed findings that became part of another: number → the number that goes on."""
