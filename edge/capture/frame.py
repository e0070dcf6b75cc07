"""A frame: one image from a source, with where and when it was taken."""

from collections.abc import Callable
from dataclasses import dataclass

from crackscan.core.pictures import RGB


@dataclass(frozen=True, eq=False)
class Frame:
    """One image on its way through the scan; two frames are equal only if they are the same one."""

    rgb: RGB
    """uint8 (height, width, 3), red first; sources convert, nothing after them does."""
    index: int
    """Place in the source, from 0: frames that were left out or dropped are counted."""
    name: str
    """The picture's path below the scanned folder, or `clip.mp4#12`, or `camera 0#12`."""
    source: str
    """What the user named: `0`, `clip.mp4`, `photos/`."""
    monotonic_s: float
    """When it was read, on a clock that never jumps."""
    wall_s: float
    """When it was read, Unix time; wrong where the machine's clock is."""
    clip_s: float | None = None
    """Time from the start of a video file."""
    full: Callable[[], RGB] | None = None
    """Gives the same view, of the same instant, at the sensor's full resolution, for evidence
    pictures; None where `rgb` is all there is. It holds the undecoded picture (18 MB of a
    12-megapixel sensor): keep it for as few frames as needed."""

    @property
    def captured_s(self) -> float:
        """When it was taken, on a clock that never jumps: a video file's own, or the machine's."""
        return self.monotonic_s if self.clip_s is None else self.clip_s

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])
