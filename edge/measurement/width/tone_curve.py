"""Tone curves: from grey values to the brightness on which the blur acts."""

from dataclasses import dataclass

import numpy as np

from crackscan.edge.measurement.width.values import FloatArray


@dataclass(frozen=True)
class ToneCurve:
    """A brightness scale, and how dark cracks are on it.

    Depth is the contrast of a crack relative to the brightness of the wall: 1 is black.
    """

    table: FloatArray
    """(256,) brightness of every grey value."""
    depth: float
    """Usual depth of the inside of a crack."""
    depth_deviation: float
    """Standard deviation of that depth between cracks."""


def _decode_srgb() -> FloatArray:
    value = np.arange(256) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


ENCODED = ToneCurve((np.arange(256) / 255).astype(np.float32), 0.65, 0.13)
"""The blur acts on the grey values: an edge lies midway between the grey of wall and crack.

The masks that people drew for DeepCrack have their edges there, and Cho, Yoon & Jung, "Image-based
crack width measurement" (Sensors 2018), found the smallest error for it in pictures of cracks of
known width. It is also right for pictures that were resized after the camera's tone curve. Depths
measured in wide cracks: METU 0.60 ± 0.10, DeepCrack 0.72 ± 0.18.
"""

LINEAR = ToneCurve(_decode_srgb(), 0.87, 0.09)
"""The blur acts on the light, before the camera's tone curve (sRGB, which is inverted here).

Widths are about 0.6 blur deviations larger than with `ENCODED`. A picture does not show which of
them is true: both fit the same profiles to 0.5 % of their depth. Depths measured in wide cracks:
METU 0.83 ± 0.08, DeepCrack 0.86 ± 0.13.
"""
