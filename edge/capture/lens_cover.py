"""Whether a picture shows anything at all: black and covered lenses are told from plain walls."""

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.capture.base import State

_SMALL = (64, 48)
_BLACK = 20
"""Grey level that 98 of 100 places of a black picture stay below."""
_EVEN = 1.0
"""Grey levels of structure, of what is wider than a place and finer than a shading: the plainest
of 150 close-ups of concrete has 2.0, a lit lens cap with noise of 10 levels a pixel 0.8."""
_TONES = np.array([[1 / 3, 0.5], [1 / 3, 0.0], [1 / 3, -0.5]], np.float32)
"""Brightness, and the first channel against the last: a wall may differ in colour only."""


def look(pixels: NDArray[np.uint8]) -> State:
    """GOOD, BLACK or COVERED, of a picture uint8 (height, width) or (height, width, 3).

    The picture is averaged to 64x48 places, in which sensor noise cancels. A covered one is then
    of one tone that changes slowly from side to side: what is left without that shading (a
    Gaussian of 4 places) is next to nothing.
    """
    small = cv2.resize(pixels, _SMALL, interpolation=cv2.INTER_AREA).astype(np.float32)
    tones = small[..., None] if small.ndim == 2 else small @ _TONES
    if np.quantile(tones[..., 0], 0.98) < _BLACK:
        return State.BLACK
    even = all(_structure(tone) < _EVEN for tone in np.moveaxis(tones, 2, 0))
    return State.COVERED if even else State.GOOD


def _structure(tone: NDArray[np.float32]) -> float:
    tone = np.ascontiguousarray(tone)
    return float(np.sqrt(np.mean((tone - cv2.GaussianBlur(tone, (0, 0), 4)) ** 2)))
