"""What a live source reads from: a device that is opened, gives pictures, and is closed."""

from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pictures import RGB

Pixels = NDArray[np.uint8]


class Grabbed(Protocol):
    """One picture as a device gave it; it is taken once, or dropped."""

    pixels: Pixels
    """uint8 (height, width) or (height, width, 3), in the device's own colour order, if any; to be
    compared with others of the same device and not to be shown. It stays valid afterwards."""
    taken_s: float | None
    """Monotonic time of the exposure, where the device tells it."""

    def take(self) -> tuple[RGB, Callable[[], RGB] | None]:
        """The picture and, where there is one, its full-resolution twin; both are copies."""

    def drop(self) -> None:
        """Give the picture's memory back unread."""


class Device(Protocol):
    """An open camera or stream. All calls come from one thread, and each may block for ever."""

    def read(self) -> Grabbed | None:
        """Wait for the next picture; None when there will be no more."""

    def close(self) -> None:
        """Give the device back."""


class BgrPicture:
    """A picture of OpenCV's, blue first."""

    def __init__(self, bgr: Pixels, taken_s: float | None = None) -> None:
        self.pixels = bgr
        self.taken_s = taken_s

    def take(self) -> tuple[RGB, None]:
        return np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_BGR2RGB), np.uint8), None

    def drop(self) -> None:
        """Nothing is held: the memory is Python's."""
