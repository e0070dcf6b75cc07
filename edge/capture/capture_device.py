"""The interface of a capture device: it is opened, delivers pictures, and is closed."""

from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pictures import RGB

Pixels = NDArray[np.uint8]


class GrabbedFrame(Protocol):
    """One picture in the device's own format; call `retrieve` or `release`, once."""

    pixels: Pixels
    """uint8 (height, width) or (height, width, 3), in the device's own channel order. It is only
    for comparing pictures of this device, and stays valid after `retrieve` and `release`."""
    captured_s: float | None
    """Monotonic time of the exposure, if the device reports it."""

    def retrieve(self) -> tuple[RGB, Callable[[], RGB] | None]:
        """Return a copy as RGB and, if the device has it, a function for the full resolution."""

    def release(self) -> None:
        """Return the memory to the device without reading it."""


class CaptureDevice(Protocol):
    """An open camera or stream. All calls come from one thread; each may block without end."""

    def read(self) -> GrabbedFrame | None:
        """Wait for the next picture; None if the stream has ended."""

    def close(self) -> None:
        """Release the device."""


class BgrFrame:
    """A picture from OpenCV, in BGR order."""

    def __init__(self, bgr: Pixels, captured_s: float | None = None) -> None:
        self.pixels = bgr
        self.captured_s = captured_s

    def retrieve(self) -> tuple[RGB, None]:
        return np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_BGR2RGB), np.uint8), None

    def release(self) -> None:
        """Do nothing: numpy owns the memory."""


def silence_opencv() -> None:
    """Let OpenCV log errors only; the function has another place since OpenCV 5."""
    log = getattr(cv2.utils, "logging", None)
    if log is None:
        cv2.setLogLevel(2)  # type: ignore[attr-defined]
    else:
        log.setLogLevel(log.LOG_LEVEL_ERROR)
