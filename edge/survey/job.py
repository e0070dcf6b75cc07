"""One entry of the record that waits in the queue of the survey's writer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from crackscan.core.pictures import RGB
from crackscan.edge.positioning.clock import Instant
from crackscan.edge.survey.values import Note, Sighting, TrackPoint

Picture = RGB | Callable[[], RGB]
"""RGB uint8 (height, width, 3), not modified later, or a function that decodes it, such as
`Frame.full`."""
UNDECODED_BYTES = 18 << 20
"""What `Frame.full` of a 12-megapixel sensor holds until it is decoded: 1.5 bytes per pixel."""


def measure_memory(picture: Picture) -> int:
    """The memory in bytes that a waiting picture takes."""
    return picture.nbytes if isinstance(picture, np.ndarray) else UNDECODED_BYTES


def decode_waiting(picture: Picture) -> RGB:
    """The picture itself, RGB uint8 (height, width, 3)."""
    return picture if isinstance(picture, np.ndarray) else picture()


@dataclass(eq=False)
class Job:
    """What is to be written: a finding, a picture, a track point, a note, counts, or a merge.

    While a job with a finding waits, a later update of the same finding is merged into it.
    """

    finding: int | None = None
    """Number of the finding."""
    sighting: Sighting | None = None
    picture: Picture | None = None
    frame: str = ""
    """Name of the frame that the picture shows."""
    at: Instant | None = None
    """When the picture was taken."""
    point: TrackPoint | None = None
    note: Note | None = None
    counts: Mapping[str, int] | None = None
    """Frames of the session by the reason why they were not judged."""
    absorbed: tuple[int, int] | None = None
    """(part, whole): two findings of which the first turned out to be a part of the second."""
