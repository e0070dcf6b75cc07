"""Smooth random fields, from small random grids that are enlarged: cheap at any size."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
POOL_PX = 1024


@lru_cache(maxsize=1)
def _pool() -> Field:
    """White noise of unit variance that every picture takes its grain from, (1024, 3072)."""
    pool = np.random.default_rng(20_231_102).standard_normal((POOL_PX, 3 * POOL_PX), np.float32)
    pool.setflags(write=False)
    return pool


def white_noise(rng: np.random.Generator, height: int, width: int, channels: int = 1) -> Field:
    """White noise of zero mean and unit variance, (H, W) or (H, W, 3): a random window of one pool.

    Drawing fresh normals for every pixel would cost more than all the rest of a rendering. Above
    1024 pixels the pool repeats.
    """
    pool = _pool()
    tall, wide = pool.shape
    if height > tall or width * channels > wide:
        pool = np.tile(pool, (-(-height // tall), -(-width * channels // wide)))
        tall, wide = pool.shape
    y = int(rng.integers(0, tall - height + 1))
    x = int(rng.integers(0, wide - width * channels + 1))
    window = pool[y : y + height, x : x + width * channels]
    sign = np.float32(rng.choice((-1.0, 1.0)))
    return (window * sign).reshape((height, width) if channels == 1 else (height, width, channels))


def smooth_noise(
    rng: np.random.Generator, height: int, width: int, cell_px: float, stretch: float = 1.0
) -> Field:
    """A field of about zero mean and unit variance that varies over `cell_px` pixels, (H, W).

    `stretch` > 1 draws it out along x, < 1 along y.
    """
    rows = max(3, round(height * min(1.0, stretch) / cell_px) + 1)
    columns = max(3, round(width / (max(1.0, stretch) * cell_px)) + 1)
    grid = rng.standard_normal((rows, columns), np.float32) * np.float32(1.35)
    return _enlarge_field(grid, height, width)


def octave_noise(
    rng: np.random.Generator,
    height: int,
    width: int,
    coarse_px: float,
    fine_px: float,
    falloff: float,
) -> Field:
    """A sum of smooth fields, `coarse_px` to `fine_px`, each `falloff` times the one before.

    Zero mean and about unit variance, (H, W); `falloff` 0.5 is soft, 0.9 is rough.
    """
    total = np.zeros((3, 3), np.float32)
    weight, power, cell = 1.0, 0.0, coarse_px
    while cell >= fine_px:
        if cell < 1.5:
            total = _enlarge_field(total, height, width)
            total += np.float32(weight) * white_noise(rng, height, width)
        else:
            rows, columns = (max(3, round(side / cell) + 1) for side in (height, width))
            fresh = rng.standard_normal((rows, columns), np.float32)
            total = _enlarge_field(total, rows, columns) + np.float32(1.35 * weight) * fresh
        power += weight * weight
        weight *= falloff
        cell /= 2.0
    return _enlarge_field(total, height, width) * np.float32(max(power, 1e-6) ** -0.5)


def _enlarge_field(field: Field, height: int, width: int) -> Field:
    if field.shape == (height, width):
        return field
    if height > 4 * field.shape[0] and width > 4 * field.shape[1]:  # the last doubling is cheap
        half = (-(-width // 2), -(-height // 2))
        field = np.asarray(cv2.resize(field, half, interpolation=cv2.INTER_CUBIC), np.float32)
        return np.asarray(cv2.resize(field, (width, height)), np.float32)
    return np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def colour_field(field: Field, colour: Sequence[float] | Field = (1.0, 1.0, 1.0)) -> Field:
    """A field (H, W) times a colour (3,), as (H, W, 3): ten times faster than broadcasting."""
    planes = [field if c == 1.0 else field * np.float32(c) for c in colour]
    return np.asarray(cv2.merge(planes), np.float32)


def tint_picture(picture: Field, colour: Sequence[float] | Field) -> Field:
    """A picture (H, W, 3) times a colour (3,)."""
    return np.asarray(cv2.transform(picture, np.diag(colour)), np.float32)


def noise_sequence(rng: np.random.Generator, count: int, cell: float) -> Field:
    """A smooth random sequence, (count,), of about unit variance that varies over `cell` steps."""
    knots = max(2, int(count / max(cell, 1.0)) + 2)
    values = rng.standard_normal(knots)
    at = np.linspace(0.0, knots - 1.0, count) if count > 1 else np.zeros(count)
    return np.interp(at, np.arange(knots), values).astype(np.float32) * np.float32(1.25)
