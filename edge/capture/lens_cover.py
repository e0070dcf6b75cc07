"""Detection of black pictures and covered lenses, which differ from plain walls."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.capture.condition import SourceState


@dataclass(frozen=True)
class LensCoverParameters:
    """Constants of the lens cover detection."""

    width_px: int = 64
    """Width of the reduced picture; averaging down to it cancels sensor noise."""
    height_px: int = 48
    """Height of the reduced picture."""
    black_level: float = 20
    """Grey level (0 to 255); almost all pixels of a black picture are below it."""
    black_share: float = 0.98
    """Share of the reduced picture that must be below `black_level`."""
    shading_px: float = 4
    """Standard deviation of the Gaussian that estimates the shading, in reduced pixels."""
    structure_level: float = 1.0
    """Grey levels of structure (root mean square) that a picture of a wall exceeds. Measured: the
    plainest of 150 close-ups of concrete has 2.0, a lit lens cap with a noise of 10 levels per
    pixel 0.8."""


PARAMETERS = LensCoverParameters()
_TONES = np.array([[1 / 3, 0.5], [1 / 3, 0.0], [1 / 3, -0.5]], np.float32)
"""Brightness, and first minus last channel, because a wall may vary in colour only."""


def detect_cover(
    pixels: NDArray[np.uint8], parameters: LensCoverParameters = PARAMETERS
) -> SourceState:
    """Return GOOD, BLACK or COVERED for one picture.

    The picture is reduced by averaging. A covered lens then shows one tone that changes slowly
    across the picture: after subtracting this shading (a Gaussian blur), almost nothing is left.

    Args:
        pixels: uint8 (height, width) or (height, width, 3).
        parameters: thresholds and sizes.
    """
    size = parameters.width_px, parameters.height_px
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    tones = small[..., None] if small.ndim == 2 else small @ _TONES
    if np.quantile(tones[..., 0], parameters.black_share) < parameters.black_level:
        return SourceState.BLACK
    even = all(
        _measure_structure(tone, parameters.shading_px) < parameters.structure_level
        for tone in np.moveaxis(tones, 2, 0)
    )
    return SourceState.COVERED if even else SourceState.GOOD


def _measure_structure(tone: NDArray[np.float32], shading_px: float) -> float:
    """Root mean square of a tone without its shading, grey levels."""
    tone = np.ascontiguousarray(tone)
    return float(np.sqrt(np.mean((tone - cv2.GaussianBlur(tone, (0, 0), shading_px)) ** 2)))
