"""A frame: one image from a source, with its time and origin."""

from collections.abc import Callable
from dataclasses import dataclass

from crackscan.core.pictures import RGB


@dataclass(frozen=True, eq=False)
class Frame:
    """One image on its way through the scan; frames are compared by identity."""

    rgb: RGB
    """uint8 (height, width, 3), RGB; the source has converted it."""
    index: int
    """Position in the source, from 0; frames that were skipped or dropped are counted."""
    name: str
    """Path of the picture below the scanned folder, or `clip.mp4#12`, or `camera 0#12`."""
    source: str
    """Name of the source as the user gave it: `0`, `clip.mp4`, `photos/`."""
    monotonic_s: float
    """Time of capture on the machine's monotonic clock."""
    wall_s: float
    """Time of capture, Unix time; wrong if the machine's clock is wrong."""
    clip_s: float | None = None
    """Time from the start of the video file."""
    full: Callable[[], RGB] | None = None
    """Returns the same exposure at the sensor's full resolution, for evidence pictures; None if
    `rgb` has it already. It keeps the raw picture in memory (18 MB for a 12-megapixel sensor):
    hold as few of these frames as possible."""

    @property
    def captured_s(self) -> float:
        """Time of capture on a clock that never jumps: the video file's, else the machine's."""
        return self.monotonic_s if self.clip_s is None else self.clip_s

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])
