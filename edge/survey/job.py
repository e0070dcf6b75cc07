"""One entry on its way to the disk."""

from dataclasses import dataclass

from crackscan.edge.clock import Instant
from crackscan.edge.survey.values import Note, Sighting, TrackPoint
from crackscan.picture import RGB


@dataclass(eq=False)
class Job:
    """A finding with its number, or a picture, a track point or a note; a later one may join it."""

    finding: int | None = None
    sighting: Sighting | None = None
    picture: RGB | None = None
    frame: str = ""
    """That the picture shows."""
    at: Instant | None = None
    """When the picture was taken."""
    point: TrackPoint | None = None
    note: Note | None = None
    absorbed: tuple[int, int] | None = None
    """(part, whole): findings of which one turned out to be part of the other."""
