"""What goes to a worker and what comes back: a photograph, and what was found on it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from crackscan.core.model_card import DEFAULT_POINT
from crackscan.edge.capture.file_mark import FileMark
from crackscan.edge.detection.finding import CrackMap, Finding
from crackscan.edge.measurement.scale.settings import ScaleSettings
from crackscan.edge.measurement.values import Scale
from crackscan.edge.positioning.geotag import NO_GEOTAG, Geotag


@dataclass(frozen=True)
class Task:
    """One photograph to be processed."""

    name: str
    """Its path below the folder, as it is recorded."""
    path: str
    index: int
    """Its place in the folder, from 0."""


@dataclass(frozen=True)
class Method:
    """How photographs are processed; the same for all photographs of a survey, on every worker."""

    model: str
    """Path of the model file."""
    point: str = DEFAULT_POINT
    """Name of the operating point."""
    scale: ScaleSettings = field(default_factory=ScaleSettings)
    threads: int | None = 1
    """Of the interpreter; None: one per core, at most four. One if there are several workers."""
    most_measured: int = 60
    """So many findings per photograph are measured, the surest; bounds the time for one. 0 if the
    widths are not shown."""
    most_close_ups: int = 12
    """How many findings per photograph get a close-up, the surest first; 0: none does."""
    keep_copy: bool = True
    """Whether a small copy of a photograph with findings is made for the record."""
    keep_position: bool = True
    """Whether the photograph's own position is recorded."""
    annotate: bool = False
    """Whether the annotated picture is drawn."""
    preview: bool = False
    """Whether viewers get a copy."""


@dataclass(frozen=True, eq=False)
class Preview:
    """A small copy of a photograph with its crack map, for viewers."""

    jpeg: bytes
    cell_px: int
    """Side of a cell of the map, px of the copy."""
    crack_map: CrackMap


@dataclass(frozen=True, eq=False)
class PhotoResult:
    """What came of one photograph."""

    name: str
    index: int
    file: FileMark | None = None
    """None if the file could not be read; it is then tried again at the next run."""
    skipped: str = ""
    """Why it could not be judged."""
    width: int = 0
    height: int = 0
    taken_s: float | None = None
    """Unix time of the capture, if the photograph names its time zone."""
    taken_local: str | None = None
    """The capture by the camera's clock, ISO 8601."""
    geotag: Geotag = NO_GEOTAG
    notes: tuple[str, ...] = ()
    """What was dropped or is doubtful of its metadata, and why."""
    scale: Scale | None = None
    """At its middle."""
    why_no_scale: str = ""
    map_scales: tuple[float, ...] = ()
    """At which it was searched, as shares of its size."""
    findings: tuple[Finding, ...] = ()
    """The surest first, in px and cells of the whole photograph."""
    probability: float = 0.0
    """Of its surest finding, or else of what came nearest to one."""
    close_ups: tuple[bytes, ...] = ()
    """JPEGs of the first findings with their widths drawn."""
    copy: bytes | None = None
    """JPEG of a photograph with findings, made smaller."""
    annotated: bytes | None = None
    """JPEG of the photograph, made smaller, with its findings drawn."""
    preview: Preview | None = None


class PhotoPool(Protocol):
    """What processes photographs: this process, several of this machine, or a cluster."""

    def process_photos(
        self, tasks: Iterable[Task], stopped: Callable[[], bool]
    ) -> Iterator[PhotoResult]:
        """Give what came of each photograph, in the order in which they are done.

        Ends within a second once `stopped` returns True; what is under way is then abandoned.
        Raises CrackscanError if no worker is left.
        """
