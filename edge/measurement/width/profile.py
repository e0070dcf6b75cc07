"""Brightness profiles across lines, averaged along them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.values import FloatArray

OFFSETS = np.linspace(-10, 10, 41).astype(np.float32)
"""Where a profile is sampled, in units of its level: 1, 2, 4 or 8 px."""
IntArray = NDArray[np.intp]


def pyramid(light: FloatArray, levels: int) -> tuple[FloatArray, ...]:
    """The picture to sample on each level: coarse enough not to alias, no coarser."""
    pictures = [light, light]
    while len(pictures) < levels:
        pictures.append(np.asarray(cv2.pyrDown(pictures[-1]), np.float32))
    return tuple(pictures)


def profiles(
    pictures: tuple[FloatArray, ...], centre: FloatArray, normal: FloatArray, level: int
) -> FloatArray:
    """Profiles (n, 41) across lines at (n, 2) places with (n, 2) normals."""
    light, shrink = pictures[level], np.float32(2.0 ** -max(level - 1, 0))
    reach = OFFSETS * np.float32(2.0**level)
    found = np.empty((len(centre), len(OFFSETS)), np.float32)
    for start in range(0, len(centre), 16384):  # remap takes at most 32767 rows
        part = slice(start, start + 16384)
        x, y = (
            (centre[part, axis, None] + normal[part, axis, None] * reach) * shrink
            for axis in (0, 1)
        )
        found[part] = cv2.remap(light, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found


def runs(*keys: NDArray[np.generic]) -> tuple[IntArray, IntArray]:
    """First and one-past-last index, (n,) each, of the run of equal keys around every row."""
    count = len(keys[0])
    new = np.zeros(count, bool)
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    starts = np.concatenate([[0], np.flatnonzero(new)])
    stops = np.concatenate([starts[1:], [count]])
    return np.repeat(starts, stops - starts), np.repeat(stops, stops - starts)


def along(values: FloatArray, radius: int, first: IntArray, last: IntArray) -> FloatArray:
    """Each row's mean with its neighbours up to `radius` rows away, inside its run."""
    here = np.arange(len(values))
    low, high = np.maximum(here - radius, first), np.minimum(here + radius + 1, last)
    total = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=total[1:])
    return np.asarray((total[high] - total[low]) / (high - low)[:, None], np.float32)


def normals(line: FloatArray, reach: FloatArray, first: IntArray, last: IntArray) -> FloatArray:
    """Unit normals (n, 2) of lines, from the points `reach` (n,) rows before and after."""
    here = np.arange(len(line))
    ahead = np.minimum(here + reach.astype(np.intp), last - 1)
    behind = np.maximum(here - reach.astype(np.intp), first)
    way = line[ahead] - line[behind]
    way = way / np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-6)[:, None]
    return np.stack([-way[:, 1], way[:, 0]], axis=1).astype(np.float32)
