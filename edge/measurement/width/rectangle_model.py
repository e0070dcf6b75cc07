"""The shapes of a profile: a blurred dark rectangle for a crack, a blurred step for an edge.

A crack of width w under a blur of standard deviation s, averaged over pixels of side p, is

    r(x) = (s / p) * (S(x+) - S(x-)),  S(t) = the second integral of the normal density,

evaluated at the four combinations of ±w/2 and ±p/2.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import erf, sqrt

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.profiles import OFFSETS
from crackscan.edge.measurement.width.values import FloatArray

WIDTHS = np.concatenate([np.geomspace(0.2, 1.9, 24), np.linspace(2, 9, 48)]).astype(np.float32)
"""Candidate widths, in units of the level."""
SAMPLING_VARIANCE_PX2 = (0.17, 0.17, 1.7, 7.7)
"""Variance of the blur that sampling adds on each level: pyrDown and linear interpolation."""
FINDER_CENTRES = np.arange(-2.5, 2.51, 0.5).astype(np.float32)
FINDER_WIDTHS = np.array([0.7, 1.6, 2.8, 4.4, 6.5], np.float32)
FINDER_BLUR, FINDER_PIXEL = 0.9, 0.1
"""The coarse grid by which lines are centred, in units of the level."""


@dataclass(frozen=True)
class ShapeFamily:
    """Shapes (k, m) of depth 1 at `OFFSETS`, without mean and slope."""

    shape: FloatArray
    """(k, m), each scaled to norm 1."""
    norm: FloatArray
    """(k,) that norm."""
    mean: FloatArray
    """(k,) the mean that was subtracted."""


def remove_trend(rows: FloatArray) -> FloatArray:
    """Subtract mean and slope of profiles (n, m), as of an evenly lit wall."""
    trend = _trend_basis()
    return np.asarray(rows - (rows @ trend.T) @ trend, np.float32)


@lru_cache(maxsize=8)
def build_rectangles(blurs_px: tuple[float, ...], level: int) -> ShapeFamily:
    """Build the rectangles of all widths under each blur; row = blur * len(WIDTHS) + width."""
    families = [_rectangles_under(blur_px, level) for blur_px in blurs_px]
    return ShapeFamily(
        np.concatenate([one.shape for one in families]),
        np.concatenate([one.norm for one in families]),
        np.concatenate([one.mean for one in families]),
    )


@lru_cache(maxsize=1)
def build_steps() -> ShapeFamily:
    """Build steps from dark to bright: the edge of a shadow, a board or a stain."""
    blur = np.array([0.8, 2.0, 4.0])[:, None, None]
    centre = np.arange(-5.0, 5.1)[:, None]
    return _make_family(_blurred_step((OFFSETS - centre) / blur).reshape(-1, len(OFFSETS)))


def locate_rectangle(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Estimate the offset of the line and its approximate width in each profile (n, m).

    The best of a coarse grid of rectangles, with a parabola through the best three offsets. Both
    results are (n,), in units of the level.
    """
    correlation = remove_trend(rows) @ _build_finders().shape.T
    scores = correlation.reshape(len(rows), len(FINDER_WIDTHS), len(FINDER_CENTRES))
    n = np.arange(len(rows))
    by_centre = scores.max(axis=1)
    inner = np.clip(by_centre.argmax(axis=1), 1, len(FINDER_CENTRES) - 2)
    left, middle, right = (by_centre[n, inner + k] for k in (-1, 0, 1))
    curvature = np.maximum(2 * middle - left - right, 1e-9)
    spacing = FINDER_CENTRES[1] - FINDER_CENTRES[0]
    shift = np.clip(0.5 * (right - left) / curvature, -1, 1) * spacing
    width = FINDER_WIDTHS[scores[n, :, inner].argmax(axis=1)]
    return (FINDER_CENTRES[inner] + shift).astype(np.float32), width


@lru_cache(maxsize=1)
def _trend_basis() -> FloatArray:
    """Orthonormal rows (2, m): mean and slope."""
    rows = np.stack([np.ones_like(OFFSETS), OFFSETS])
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _make_family(shapes: NDArray[np.float64]) -> ShapeFamily:
    free = remove_trend(shapes.astype(np.float32))
    norm = np.maximum(np.linalg.norm(free, axis=1), 1e-6).astype(np.float32)
    return ShapeFamily(free / norm[:, None], norm, shapes.mean(axis=1).astype(np.float32))


@lru_cache(maxsize=1)
def _tabulate_normal() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The normal distribution function on a fine grid."""
    grid = np.linspace(-5, 5, 2001)
    return grid, np.array([0.5 * (1 + erf(t / sqrt(2))) for t in grid])


def _blurred_step(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """A step from 0 to 1 under a Gaussian blur, t in blur deviations; exact to 1e-6."""
    return np.interp(t, *_tabulate_normal())


def _integrated_step(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """The integral of `_blurred_step`."""
    return np.asarray(t * _blurred_step(t) + np.exp(-0.5 * t * t) / np.sqrt(2 * np.pi))


def _blurred_rectangle(
    half_width: NDArray[np.float64],
    blur: NDArray[np.float64] | float,
    pixel: float,
    centre: FloatArray,
) -> NDArray[np.float64]:
    """A rectangle of depth 1, blurred by a Gaussian and averaged over a pixel, at `OFFSETS`."""
    t = OFFSETS.astype(np.float64) - centre[:, None]
    half_pixel = pixel / 2
    corners = [
        _integrated_step((t + edge + shift) / blur)
        for edge in (-half_width, half_width)
        for shift in (-half_pixel, half_pixel)
    ]
    return np.asarray((corners[1] - corners[0] - corners[3] + corners[2]) * (blur / pixel))


@lru_cache(maxsize=160)  # 12 kB each
def _rectangles_under(blur_px: float, level: int) -> ShapeFamily:
    """Rectangles of all widths under one blur."""
    blur = sqrt(blur_px**2 + SAMPLING_VARIANCE_PX2[level]) / 2**level
    half_width = WIDTHS.astype(np.float64)[:, None] / 2
    return _make_family(_blurred_rectangle(half_width, blur, 1 / 2**level, np.zeros(1, np.float32)))


@lru_cache(maxsize=1)
def _build_finders() -> ShapeFamily:
    """The coarse grid of rectangles, row = width * len(FINDER_CENTRES) + centre."""
    half_width = FINDER_WIDTHS.astype(np.float64)[:, None, None] / 2
    shapes = _blurred_rectangle(half_width, FINDER_BLUR, FINDER_PIXEL, FINDER_CENTRES)
    return _make_family(shapes.reshape(-1, len(OFFSETS)))
