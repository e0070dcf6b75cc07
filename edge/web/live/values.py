"""What the scan tells its viewers: frozen data, handed over by reference."""

from collections.abc import Callable
from dataclasses import dataclass

from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import BoundingBox, CrackMap
from crackscan.edge.positioning.geotag import Position


@dataclass(frozen=True)
class InView:
    """A finding in the present frame."""

    number: int
    """Its identity: the same in each frame that shows it, and that of its `Found`."""
    probability: float
    """As known so far, not this frame's alone, which may see only an end of it."""
    box: BoundingBox
    """In frame px."""


@dataclass(frozen=True, eq=False)
class LiveFrame:
    """A frame as the viewers see it. Its arrays must not be changed after it was published."""

    frame: Frame
    shown: Callable[[], CrackMap] | None
    """Gives a frame's map or the evidence, float32 (rows, cols), to whoever draws it, in his own
    thread; None: the model has not seen the frame."""
    cell_threshold: float
    """Probability from which on a cell is shown."""
    cell_px: int
    findings: tuple[InView, ...] = ()
    verdict: str = ""
    """How clear the frame is, as the screen says it: `too fast`, `out of focus`; empty: clear."""


@dataclass(frozen=True)
class Found:
    """A finding for the list, in view or not; a later one of the same number replaces it."""

    number: int
    probability: float
    box: BoundingBox
    """In the frame that shows it best."""
    wall_s: float
    """Unix time at which it was first seen."""
    frame: str
    """The name of the frame that shows it best."""
    width: str = ""
    """As people read it: `0.42 ± 0.10 mm`, `3.1 ± 0.8 px`; empty: not known."""
    place: str = ""
    """Where it was found, if known."""


@dataclass(frozen=True)
class Choice:
    """An operating point that can be chosen."""

    name: str
    threshold: float
    """Its patch threshold."""


@dataclass(frozen=True)
class Status:
    """How the scan goes. What is not known is None or empty, and then not shown."""

    source: str
    """As the user named it."""
    model: str
    survey: str = ""
    """The survey's name; empty: nothing is recorded."""
    frames: int = 0
    frames_per_s: float | None = None
    findings: int = 0
    dropped: int = 0
    """Live frames that were never scanned because newer ones came."""
    unclear: int = 0
    """Frames that were scanned and could not be judged: blurred, dark, covered."""
    condition: str = ""
    """What ails the source, as the screen says it (`lost: looking for it again`); empty: well."""
    paused: bool = False
    recording: bool = False
    trouble: str = ""
    """What ails the record: `pictures are no longer saved: the disk is nearly full`."""
    choices: tuple[Choice, ...] = ()
    """The operating points of the model's card."""
    choice: str = ""
    """The name of the present one."""
    threshold: float | None = None
    """The present patch threshold."""
    temperature_c: float | None = None
    throttled: str = ""
    """Why the processor is slowed down (`hot`, `undervoltage`); empty: it is not."""
    free_bytes: int | None = None
    """Left on the disk of the record."""
    follows_position: bool = False
    """Whether there should be a position."""
    position: Position | None = None
    """With its age and accuracy; None: no fix, or one too old."""
    scale_mm_per_px: float | None = None
    scale_source: str = ""
