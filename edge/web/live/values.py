"""The values that viewers see: frozen, and handed over by reference."""

from collections.abc import Callable
from dataclasses import dataclass

from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import BoundingBox, CrackMap
from crackscan.edge.positioning.geotag import Position


@dataclass(frozen=True)
class VisibleFinding:
    """A finding as the present frame shows it."""

    number: int
    """Its number in the record: the same in all frames, and in the list."""
    probability: float
    """The probability of its track, because one frame may show only an end of it."""
    box: BoundingBox
    """In frame px."""


@dataclass(frozen=True, eq=False)
class LiveFrame:
    """A frame as viewers see it; its arrays must not change after it was published."""

    frame: Frame
    shown: Callable[[], CrackMap] | None
    """Computes the map that is drawn, float32 (rows, cols), in the thread that draws it: the
    frame's own, or the evidence. None if the model has not mapped the frame."""
    cell_threshold: float
    """Probability from which on a cell is drawn."""
    cell_px: int
    findings: tuple[VisibleFinding, ...] = ()
    verdict: str = ""
    """The message about the frame: `too fast`, `out of focus`; empty if it is clear."""


@dataclass(frozen=True)
class ListedFinding:
    """An entry of the list of findings; a later one with the same number replaces it."""

    number: int
    probability: float
    box: BoundingBox
    """In the frame that shows it best."""
    wall_s: float
    """Unix time at which it was first seen."""
    frame: str
    """The name of the frame that shows it best."""
    width: str = ""
    """For people: `0.42 ± 0.10 mm`, `3.1 ± 0.8 px`; empty if it is not known."""
    place: str = ""
    """The position at which it was found; empty if it is not known."""


@dataclass(frozen=True)
class OperatingPointChoice:
    """An operating point that a viewer can choose."""

    name: str
    threshold: float
    """Its patch threshold."""


@dataclass(frozen=True)
class Status:
    """The status of the scan. A field that is not known is None or empty, and is not shown."""

    source: str
    """As the user named it."""
    model: str
    survey: str = ""
    """The name of the survey; empty if nothing is recorded."""
    frames: int = 0
    frames_per_s: float | None = None
    findings: int = 0
    dropped: int = 0
    """Frames of a live source that were not scanned because newer ones came."""
    unclear: int = 0
    """Frames that were scanned and could not be judged: blurred, dark, covered."""
    condition: str = ""
    """What is wrong with the source; empty if nothing is."""
    paused: bool = False
    recording: bool = False
    trouble: str = ""
    """What is wrong with the record; empty if nothing is."""
    choices: tuple[OperatingPointChoice, ...] = ()
    """The operating points of the model's card."""
    choice: str = ""
    """The name of the present one."""
    threshold: float | None = None
    """The present patch threshold."""
    temperature_c: float | None = None
    throttled: str = ""
    """Why the processor is slowed down (`hot`, `undervoltage`); empty if it is not."""
    free_bytes: int | None = None
    """Free space on the disk of the record."""
    follows_position: bool = False
    """Whether there should be a position."""
    position: Position | None = None
    """With its age and accuracy; None: no fix, or one too old."""
    scale_mm_per_px: float | None = None
    scale_source: str = ""
