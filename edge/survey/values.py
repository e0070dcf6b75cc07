"""What a survey records: frozen data, each with its time and position."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from crackscan.edge.capture.file_mark import FileMark
from crackscan.edge.detection.finding import BoundingBox, Finding
from crackscan.edge.measurement.values import LineArray, Measurements, Scale
from crackscan.edge.positioning.clock import Instant
from crackscan.edge.positioning.geotag import NO_GEOTAG, Geotag


class NoteKind(StrEnum):
    """What a note is about."""

    GAP = "gap"
    """From `at`, for `seconds`, nothing could be judged; the text has the reason."""
    MARK = "mark"
    """Made by the inspector."""
    WARNING = "warning"
    """Something the device met: disk nearly full, too hot, pictures no longer kept."""


class ReviewVerdict(StrEnum):
    """A reviewer's judgement of a finding."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True)
class SurveyInfo:
    """What a survey is called and made with."""

    name: str
    site: str = ""
    device: str = ""
    source: str = ""
    """What the frames came from, as the user named it."""
    model: str = ""
    model_version: str = ""


@dataclass(frozen=True)
class SessionInfo:
    """What a session works with."""

    source: str = ""
    model: str = ""
    model_version: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """For JSON."""


@dataclass(frozen=True)
class Session:
    """One run of the program that wrote into a survey; monotonic times compare only within it."""

    id: int
    boot: str
    began: Instant
    anchor: Instant
    """The most trustworthy reading of the wall clock in this session."""
    ended: Instant | None
    """None while it runs, or where it was cut off."""
    info: SessionInfo = field(default_factory=SessionInfo)


@dataclass(frozen=True, eq=False)
class Sighting:
    """All that is known of a finding; a later, better sighting of it replaces an earlier one."""

    first: Instant
    last: Instant
    frame: str
    """Name of the frame that shows it best."""
    frame_index: int
    frame_width: int
    frame_height: int
    box: BoundingBox
    """In that frame."""
    cells: tuple[tuple[int, int], ...]
    """(row, column) in its crack map."""
    area_px: int
    probability: float
    """That it is a crack."""
    peak: float
    """Largest cell probability."""
    mean: float
    frames_seen: int = 1
    clip_s: float | None = None
    geotag: Geotag = NO_GEOTAG
    scale: Scale | None = None
    measures: Measurements | None = None
    lines: tuple[LineArray, ...] = ()
    """Centre lines of its unforked parts."""


def sighting_of(
    finding: Finding,
    frame: str,
    frame_index: int,
    size: tuple[int, int],
    at: Instant,
    geotag: Geotag = NO_GEOTAG,
    scale: Scale | None = None,
) -> Sighting:
    """A finding of one frame or photograph, as it is first recorded.

    Args:
        finding: measured or not.
        frame: name of the frame.
        frame_index: place of the frame in its source.
        size: width and height of the frame, px.
        at: when it was found.
        geotag: of the frame.
        scale: of the frame, for a finding that has none of its own.
    """
    return Sighting(
        first=at,
        last=at,
        frame=frame,
        frame_index=frame_index,
        frame_width=size[0],
        frame_height=size[1],
        box=finding.box,
        cells=finding.cells,
        area_px=finding.area_px,
        probability=finding.probability,
        peak=finding.peak,
        mean=finding.mean,
        geotag=geotag,
        scale=finding.scale or scale,
        measures=finding.measures,
        lines=finding.lines,
    )


@dataclass(frozen=True, eq=False)
class StoredFinding:
    """A finding as the record has it."""

    id: int
    session: int
    sighting: Sighting
    picture: str | None
    """Path of its best picture below the survey's folder."""
    verdict: ReviewVerdict | None
    """The latest review's."""


@dataclass(frozen=True)
class TrackPoint:
    """Where the camera was at a moment."""

    at: Instant
    geotag: Geotag


@dataclass(frozen=True)
class Note:
    """Something to know about a stretch of the survey."""

    at: Instant
    kind: NoteKind
    text: str
    seconds: float = 0.0


@dataclass(frozen=True)
class StoredPicture:
    """A picture file of the survey."""

    path: str
    bytes: int
    frame: str
    at: Instant


@dataclass(frozen=True)
class ScannedPicture:
    """A picture file that was scanned, or skipped with the reason why; recorded exactly once."""

    name: str
    at: Instant
    findings: int = 0
    skipped: str = ""
    width: int = 0
    height: int = 0
    taken_s: float | None = None
    taken_local: str | None = None
    geotag: Geotag = NO_GEOTAG
    scale: Scale | None = None
    file: FileMark | None = None
    """None where its content could not be read."""


@dataclass(frozen=True)
class Review:
    """A reviewer's word on a finding."""

    finding: int
    verdict: ReviewVerdict
    by: str
    at: Instant
    remark: str = ""


@dataclass(frozen=True)
class Counts:
    """How much a survey holds."""

    findings: int
    pictures: int
    picture_bytes: int
    track_points: int
    notes: int
    scanned: int


@dataclass(frozen=True)
class GeoBox:
    """A rectangle of the earth in degrees; it must not cross the 180th meridian."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True)
class Which:
    """Which findings to read: those that meet every condition that is set."""

    session: int | None = None
    from_s: float | None = None
    """Found at this Unix time or later, by the clock of that moment."""
    to_s: float | None = None
    """Found before this Unix time."""
    box: GeoBox | None = None
    after: int | None = None
    """With a larger number."""
