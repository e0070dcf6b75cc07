"""Noise, courses and layers: what every look-alike is painted with."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from crackscan.core.rendering.noise import smooth_noise, white_noise

Field = npt.NDArray[np.float32]
"""A picture (H, W, 3) in 0..1, sRGB values in RGB order, or one value a pixel (H, W)."""
Rng = np.random.Generator
Colour = Sequence[float] | npt.NDArray[np.floating[Any]]
"""Red, green and blue, 0..1."""
Values = npt.NDArray[np.integer[Any] | np.floating[Any]]
"""Numbers of any type, on the way to a field."""


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """A number between `low` and `high` whose every octave is equally likely."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def draw_chance(rng: Rng, probability: float) -> bool:
    """True in the given share of draws."""
    return bool(rng.random() < probability)


def draw_sign(rng: Rng) -> float:
    """Minus or plus one."""
    return -1.0 if rng.random() < 0.5 else 1.0


def smooth_field(
    rng: Rng, shape: tuple[int, int], feature_px: float | tuple[float, float], octaves: int = 1
) -> Field:
    """Smooth noise (H, W), mean about 0 and deviation about 1.

    `feature_px` is the size of its spots, or (down, across); each further octave is twice as fine
    and half as strong.
    """
    down, across = (feature_px, feature_px) if isinstance(feature_px, int | float) else feature_px
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        cell = min(down, across) / 2**octave
        if max(down, across) / 2**octave < 1.5:
            layer = white_noise(rng, *shape)
        else:
            layer = smooth_noise(rng, *shape, max(1.0, cell), across / down)
        total += np.float32(0.5**octave) * layer
    return total * np.float32(np.sqrt(0.75 / (1 - 0.25**octaves)))


def noise_along(rng: Rng, length: int, feature_px: float, octaves: int = 1) -> Field:
    """Smooth noise along a line (1, `length`), mean about 0 and deviation about 1."""
    return smooth_field(rng, (1, length), feature_px, octaves)


def as_field(values: Values) -> Field:
    """The values as float32."""
    return np.asarray(values, np.float32)


def picture_luma(picture: Field) -> Field:
    """The brightness (H, W) of a picture, 0..1."""
    return as_field(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


def picture_grain(picture: Field, feature_px: float = 3.0) -> Field:
    """The picture's own fine texture (H, W): brightness against its surroundings, deviation 1."""
    grey = picture_luma(picture)
    size = int(feature_px) * 2 + 1
    fine: Field = grey - cv2.blur(grey, (size, size))
    fine /= max(float(fine.std()), 0.004)
    return as_field(np.clip(fine, -3, 3, out=fine))


def mean_colour(picture: Field) -> Field:
    """The mean colour (3,) of a picture."""
    return np.array(cv2.mean(picture)[:3], np.float32)


def soften_field(sharp: Values, sigma_px: float) -> Field:
    """`sharp` blurred by a Gaussian of `sigma_px`; below 0.3 px it comes back as it is."""
    if sigma_px < 0.3:
        return as_field(sharp)
    if sigma_px > 6:  # as good at a fraction of the size, and much faster
        height, width = sharp.shape[:2]
        part = 2.0 / sigma_px
        size = (max(4, round(width * part)), max(4, round(height * part)))
        small = cv2.resize(as_field(sharp), size, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), max(0.5, sigma_px * size[0] / width))
        return as_field(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))
    return as_field(cv2.GaussianBlur(as_field(sharp), (0, 0), sigma_px))


def touched_area(change: Field) -> tuple[slice, slice]:
    """The rows and columns of (H, W) outside which `change` is 0."""
    rows = np.flatnonzero(change.any(axis=1))
    columns = np.flatnonzero(change.any(axis=0))
    if len(rows) == 0:
        return slice(0, 0), slice(0, 0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def shade_picture(picture: Field, gain: Values, tint: Colour = (1.0, 1.0, 1.0)) -> Field:
    """`picture` times `gain` (H, W); `tint` is the strength with which each channel follows it."""
    change = as_field(gain) - np.float32(1)
    place = touched_area(change)
    change = change[place]
    painted = picture.copy()
    if change.size:
        shaded = as_field(cv2.merge([np.float32(t) * change for t in tint]))
        shaded += np.float32(1)
        shaded *= picture[place]
        np.clip(shaded, 0, 1, out=painted[place])
    return painted


def cover_picture(picture: Field, colour: Colour, alpha: Values) -> Field:
    """`picture` under a layer of `colour`, three numbers or (H, W, 3), and opacity `alpha`."""
    opacity = np.clip(as_field(alpha), 0, 1)
    place = touched_area(opacity)
    opacity = opacity[place]
    painted = picture.copy()
    if opacity.size == 0:
        return painted
    below = picture[place]
    veil = as_field(cv2.cvtColor(opacity, cv2.COLOR_GRAY2RGB))
    if isinstance(colour, np.ndarray) and colour.ndim == 3:
        veil *= as_field(colour)[place] - below
        veil += below
        np.clip(veil, 0, 1, out=painted[place])
    else:
        layer = as_field(cv2.merge([np.float32(c) * opacity for c in colour]))
        layer += below
        veil *= below
        layer -= veil
        np.clip(layer, 0, 1, out=painted[place])
    return painted


def tint_brightness(brightness: Values, colour: Colour) -> Field:
    """A picture (H, W, 3): a brightness (H, W) in the given colour."""
    grey = as_field(brightness)
    return as_field(cv2.merge([np.float32(c) * grey for c in colour]))


def band_coverage(
    across: Values, low: Values | float, high: Values | float, soft_px: float = 1.0
) -> Field:
    """Coverage 0..1 of the band between `low` and `high`, with edges `soft_px` wide."""
    slope = np.float32(1 / soft_px)
    first, last = np.asarray(low, np.float32), np.asarray(high, np.float32)
    half = (last - first) * np.float32(0.5)
    covered = (half - np.abs(as_field(across) - (first + last) * np.float32(0.5))) * slope
    top = np.clip(2 * half * slope, 0, 1)
    return as_field(np.clip(covered + np.float32(0.5), 0, top))


def fading_strength(rng: Rng, length: int, feature_px: float, share: float) -> Field:
    """Strength (1, `length`) in 0..1 that vanishes in about `share` of the stretches."""
    bias = float(np.interp(share, [0, 0.5, 1], [2.2, 0.0, -2.2]))
    return as_field(np.clip(noise_along(rng, length, feature_px, 2) * 1.5 + bias * 1.5 + 0.5, 0, 1))


def rough_patches(rng: Rng, shape: tuple[int, int], feature_px: float, share: float) -> Field:
    """A mask (H, W) in 0..1 of rough patches that covers about `share` of the picture."""
    bias = float(np.interp(share, [0, 0.05, 0.5, 0.95, 1], [-3, -1.6, 0, 1.6, 3]))
    return as_field(np.clip((smooth_field(rng, shape, feature_px, 4) + bias) * 4 + 0.5, 0, 1))


def shade_relief(height: Field, light_rad: float, strength: float) -> Field:
    """The shading gain (H, W) of a surface of the given height in px, lit from `light_rad`."""
    slope_x = cv2.Scharr(height, cv2.CV_32F, 1, 0, scale=1 / 32)
    slope_y = cv2.Scharr(height, cv2.CV_32F, 0, 1, scale=1 / 32)
    lit = np.float32(np.cos(light_rad)) * slope_x + np.float32(np.sin(light_rad)) * slope_y
    lit *= np.float32(-strength)
    return as_field(np.clip(lit / (1 + np.abs(lit)) + np.float32(1), 0.05, 2))
