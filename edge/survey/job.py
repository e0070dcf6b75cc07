"""One entry on its way to the disk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from crackscan.core.pictures import RGB
from crackscan.edge.positioning.clock import Instant
from crackscan.edge.survey.values import Note, Sighting, TrackPoint

Picture = RGB | Callable[[], RGB]
"""RGB uint8 (height, width, 3), not changed after; or what gives it, as `Frame.full` does."""
FULL_BYTES = 18 << 20
"""What `Frame.full` of a 12-megapixel sensor holds until it is decoded."""


def bytes_of(picture: Picture) -> int:
    """The memory that a waiting picture takes."""
    return picture.nbytes if isinstance(picture, np.ndarray) else FULL_BYTES


def rgb_of(picture: Picture) -> RGB:
    """The picture itself, decoded."""
    return picture if isinstance(picture, np.ndarray) else picture()


@dataclass(eq=False)
class Job:
    """A finding with its number, or a picture, a track point, a note or counts; a later one may
    join it."""

    finding: int | None = None
    sighting: Sighting | None = None
    picture: Picture | None = None
    frame: str = ""
    """That the picture shows."""
    at: Instant | None = None
    """When the picture was taken."""
    point: TrackPoint | None = None
    note: Note | None = None
    counts: Mapping[str, int] | None = None
    """Frames of the session, by why they were not judged."""
    absorbed: tuple[int, int] | None = None
    """(part, whole): findings of which one turned out to be part of the other."""
