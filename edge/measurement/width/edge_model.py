"""The shapes a profile may have: a dark box seen through a blur, and the plain steps it is not."""

from dataclasses import dataclass
from functools import lru_cache
from math import erf, sqrt

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.profile import OFFSETS
from crackscan.edge.measurement.width.values import FloatArray

WIDTHS = np.concatenate([np.geomspace(0.2, 1.9, 24), np.linspace(2, 9, 48)]).astype(np.float32)
"""Widths tried, in units of the level."""
EXTRA_PX2 = (0.17, 0.17, 1.7, 7.7)
"""Variance of the blur that sampling adds on each level: pyrDown and linear interpolation."""
CENTRES = np.arange(-2.5, 2.51, 0.5).astype(np.float32)
FINDER_WIDTHS = np.array([0.7, 1.6, 2.8, 4.4, 6.5], np.float32)


@dataclass(frozen=True)
class Family:
    """Shapes (k, m) of depth 1 at `OFFSETS`, free of mean and slope."""

    shape: FloatArray
    """(k, m), each scaled to norm 1."""
    norm: FloatArray
    """(k,) that norm."""
    mean: FloatArray
    """(k,) the mean that was taken out."""


@lru_cache(maxsize=1)
def _flat() -> FloatArray:
    """Orthonormal rows (2, m): mean and slope."""
    rows = np.stack([np.ones_like(OFFSETS), OFFSETS])
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def flatten(rows: FloatArray) -> FloatArray:
    """Profiles (n, m) without mean and slope, that is without an evenly lit wall."""
    flat = _flat()
    return np.asarray(rows - (rows @ flat.T) @ flat, np.float32)


def _family(shapes: NDArray[np.float64]) -> Family:
    free = flatten(shapes.astype(np.float32))
    norm = np.maximum(np.linalg.norm(free, axis=1), 1e-6).astype(np.float32)
    return Family(free / norm[:, None], norm, shapes.mean(axis=1).astype(np.float32))


@lru_cache(maxsize=1)
def _distribution() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The normal distribution function on a fine grid."""
    grid = np.linspace(-5, 5, 2001)
    return grid, np.array([0.5 * (1 + erf(t / sqrt(2))) for t in grid])


def _step(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """A blurred step from 0 to 1, t in blur deviations; exact to 1e-6."""
    return np.interp(t, *_distribution())


def _slope(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """The integral of `_step`."""
    return np.asarray(t * _step(t) + np.exp(-0.5 * t * t) / np.sqrt(2 * np.pi))


def _dip(
    half: NDArray[np.float64], blur: NDArray[np.float64] | float, pixel: float, centre: FloatArray
) -> NDArray[np.float64]:
    """A box of depth 1, blurred by a Gaussian and averaged over a pixel, at `OFFSETS`."""
    t = OFFSETS.astype(np.float64) - centre[:, None]
    side = pixel / 2
    corners = [
        _slope((t + edge + shift) / blur) for edge in (-half, half) for shift in (-side, side)
    ]
    return np.asarray((corners[1] - corners[0] - corners[3] + corners[2]) * (blur / pixel))


@lru_cache(maxsize=8)
def boxes(blurs_px: tuple[float, ...], level: int) -> Family:
    """All widths under each blur, row = blur * len(WIDTHS) + width: a dip of depth 1."""
    each = [_boxes_under(blur_px, level) for blur_px in blurs_px]
    return Family(
        np.concatenate([one.shape for one in each]),
        np.concatenate([one.norm for one in each]),
        np.concatenate([one.mean for one in each]),
    )


@lru_cache(maxsize=160)  # 12 kB each
def _boxes_under(blur_px: float, level: int) -> Family:
    """All widths under one blur."""
    blur = sqrt(blur_px**2 + EXTRA_PX2[level]) / 2**level
    half = WIDTHS.astype(np.float64)[:, None] / 2
    return _family(_dip(half, blur, 1 / 2**level, np.zeros(1, np.float32)))


@lru_cache(maxsize=1)
def finders() -> Family:
    """Boxes off the centre, row = width * len(CENTRES) + centre."""
    half = FINDER_WIDTHS.astype(np.float64)[:, None, None] / 2
    return _family(_dip(half, 0.9, 0.1, CENTRES).reshape(-1, len(OFFSETS)))


@lru_cache(maxsize=1)
def steps() -> Family:
    """Plain steps from dark to bright: the edge of a shadow, a board or a stain."""
    blur = np.array([0.8, 2.0, 4.0])[:, None, None]
    centre = np.arange(-5.0, 5.1)[:, None]
    return _family(_step((OFFSETS - centre) / blur).reshape(-1, len(OFFSETS)))


def place(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far off the middle each profile's line lies, and its rough width, (n,) each, in units."""
    found = flatten(rows) @ finders().shape.T
    scores = found.reshape(len(rows), len(FINDER_WIDTHS), len(CENTRES))
    n = np.arange(len(rows))
    by_centre = scores.max(axis=1)
    inner = np.clip(by_centre.argmax(axis=1), 1, len(CENTRES) - 2)
    left, middle, right = (by_centre[n, inner + k] for k in (-1, 0, 1))
    bend = np.maximum(2 * middle - left - right, 1e-9)
    shift = np.clip(0.5 * (right - left) / bend, -1, 1) * (CENTRES[1] - CENTRES[0])
    width = FINDER_WIDTHS[scores[n, :, inner].argmax(axis=1)]
    return (CENTRES[inner] + shift).astype(np.float32), width
