"""What goes to a worker and what comes back: a photograph to look at, and what was seen on it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from crackscan.core.model_card import DEFAULT_POINT
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.measurement.scale import ScaleSettings
from crackscan.edge.measurement.values import LineArray, Measures, Scale
from crackscan.edge.positioning.geotag import NO_GEOTAG, Geotag
from crackscan.edge.survey.values import FileMark


@dataclass(frozen=True)
class Task:
    """One photograph to look at."""

    name: str
    """Its path below the folder, as it is recorded."""
    path: str
    index: int
    """Its place in the folder, from 0."""


@dataclass(frozen=True)
class Method:
    """How all photographs of a survey are looked at; the same on every worker."""

    model: str
    """Path of the model file."""
    point: str = DEFAULT_POINT
    scale: ScaleSettings = field(default_factory=ScaleSettings)
    close_ups: bool = True
    """Whether pictures of the findings are wanted."""


@dataclass(frozen=True, eq=False)
class Crack:
    """One crack on one photograph, in px of the whole photograph."""

    box: BoundingBox
    cells: tuple[tuple[int, int], ...]
    """(row, column) of squares of `card.cell_px`."""
    area_px: int
    probability: float
    peak: float
    mean: float
    scale: Scale | None = None
    """Across this crack."""
    measures: Measures | None = None
    """None where the photograph shows more cracks than are measured."""
    lines: tuple[LineArray, ...] = ()
    close_up: bytes | None = None
    """JPEG: the crack with its widths drawn."""


@dataclass(frozen=True, eq=False)
class Looked:
    """What came of one photograph."""

    name: str
    index: int
    file: FileMark | None = None
    """None where the file could not be read; it is then tried again at the next run."""
    skipped: str = ""
    """Why it could not be judged."""
    width: int = 0
    height: int = 0
    taken_s: float | None = None
    taken_local: str | None = None
    geotag: Geotag = NO_GEOTAG
    scale: Scale | None = None
    """At its middle."""
    map_scales: tuple[float, ...] = ()
    """At which it was looked at, as shares of its size."""
    cracks: tuple[Crack, ...] = ()
    """The surest first."""
    copy: bytes | None = None
    """JPEG of the whole photograph, made smaller, where it has cracks."""


class Crew(Protocol):
    """Whoever looks at the photographs: processes of this machine, or a cluster."""

    def look(self, tasks: Iterable[Task], stopped: Callable[[], bool]) -> Iterator[Looked]:
        """Give what came of each photograph, in the order in which they are done.

        Ends within a second once `stopped` says so; what is under way is then left. Raises
        CrackscanError where nobody is left to look.
        """
