"""Brightness profiles across centre lines, and averages along them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.values import FloatArray, IntArray

OFFSETS = np.linspace(-10, 10, 41).astype(np.float32)
"""Positions of the samples of a profile, in units of its level: 1, 2, 4 or 8 px."""
_REMAP_ROWS = 16384
"""`cv2.remap` accepts at most 32767 rows."""


def build_pyramid(brightness: FloatArray, levels: int) -> tuple[FloatArray, ...]:
    """Build the picture to sample on each level, coarse enough not to alias.

    Levels 0 and 1 sample the full picture, because linear interpolation at 2 px does not alias.
    """
    pictures = [brightness, brightness]
    while len(pictures) < levels:
        pictures.append(np.asarray(cv2.pyrDown(pictures[-1]), np.float32))
    return tuple(pictures)


def sample_profiles(
    pictures: tuple[FloatArray, ...], centre: FloatArray, normal: FloatArray, level: int
) -> FloatArray:
    """Sample the profiles (n, 41) across lines at points (n, 2) along normals (n, 2)."""
    picture, shrink = pictures[level], np.float32(2.0 ** -max(level - 1, 0))
    offsets = OFFSETS * np.float32(2.0**level)
    profiles = np.empty((len(centre), len(OFFSETS)), np.float32)
    for start in range(0, len(centre), _REMAP_ROWS):
        part = slice(start, start + _REMAP_ROWS)
        x, y = (
            (centre[part, axis, None] + normal[part, axis, None] * offsets) * shrink
            for axis in (0, 1)
        )
        profiles[part] = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return profiles


def find_runs(*keys: NDArray[np.generic]) -> tuple[IntArray, IntArray]:
    """Return the first and one-past-last index (n,) of the run of equal keys around each row."""
    count = len(keys[0])
    new = np.zeros(count, bool)
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    starts = np.concatenate([[0], np.flatnonzero(new)])
    stops = np.concatenate([starts[1:], [count]])
    return np.repeat(starts, stops - starts), np.repeat(stops, stops - starts)


def average_along(values: FloatArray, radius: int, first: IntArray, last: IntArray) -> FloatArray:
    """Average each row with its neighbours up to `radius` rows away, within its run."""
    index = np.arange(len(values))
    low, high = np.maximum(index - radius, first), np.minimum(index + radius + 1, last)
    total = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=total[1:])
    return np.asarray((total[high] - total[low]) / (high - low)[:, None], np.float32)


def compute_normals(
    line: FloatArray, reach: FloatArray, first: IntArray, last: IntArray
) -> FloatArray:
    """Compute unit normals (n, 2) of lines from the points `reach` (n,) rows before and after."""
    index = np.arange(len(line))
    after = np.minimum(index + reach.astype(np.intp), last - 1)
    before = np.maximum(index - reach.astype(np.intp), first)
    tangent = line[after] - line[before]
    tangent = tangent / np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-6)[:, None]
    return np.stack([-tangent[:, 1], tangent[:, 0]], axis=1).astype(np.float32)
