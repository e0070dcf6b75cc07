"""Dark ridges of a picture at four scales: where a crack's centre line may run."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.values import BoolArray, FloatArray

SIGMA = 1.5
"""Scale of the second derivatives on each pyramid level, px of that level."""
LEVELS = 4
INSIDE = 0.55
"""A ridge point lies at most so far, in x and in y, from the middle of its pixel."""


@dataclass(frozen=True)
class Ridges:
    """Ridge points, one row each."""

    pixel: NDArray[np.intp]
    """(n, 2) column and row of the pixel that holds the point."""
    position: FloatArray
    """(n, 2) x, y."""
    normal: FloatArray
    """(n, 2) unit vector across the line."""
    strength: FloatArray
    """(n,) normalised second derivative across, in grey levels: up to half the depth of a line."""
    level: FloatArray
    """(n,) pyramid level of the best scale: widths of about 3, 6, 12 and 25 px."""

    def chosen(self, which: NDArray[np.intp]) -> "Ridges":
        return Ridges(
            self.pixel[which],
            self.position[which],
            self.normal[which],
            self.strength[which],
            self.level[which],
        )

    def moved(self, x: int, y: int) -> "Ridges":
        """The same points in a picture whose origin lies `x`, `y` px further left and up."""
        return replace(
            self,
            pixel=self.pixel + np.array([x, y]),
            position=self.position + np.array([x, y], np.float32),
        )

    def strongest(self, most: int) -> "Ridges":
        """At most `most` points, the weakest left out."""
        if len(self.strength) <= most:
            return self
        return self.chosen(np.sort(np.argpartition(-self.strength, most)[:most]))


@dataclass(frozen=True)
class Scales:
    """Second derivatives xx, xy, yy of every pyramid level, and the best strength of each pixel."""

    hessian: tuple[tuple[FloatArray, FloatArray, FloatArray], ...]
    """Three (h, w) for each level, scale-normalised."""
    strength: FloatArray
    """(H, W) largest eigenvalue over all levels."""
    level: NDArray[np.uint8]
    """(H, W) the level it comes from."""


def analyse(grey: FloatArray) -> Scales:
    """Look at a picture (H, W) at every scale.

    Second derivatives of the Gaussian-smoothed picture, after Steger, "An unbiased detector of
    curvilinear structures" (1998); each pixel takes the scale with the largest normalised
    derivative, after Lindeberg, "Edge detection and ridge detection with automatic scale selection"
    (1998), with pyramid levels as the scales.
    """
    height, width = grey.shape
    hessian: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    strength = np.zeros(0, np.float32)
    level = np.zeros(grey.shape, np.uint8)
    picture = grey
    for octave in range(LEVELS):
        if octave:
            picture = np.asarray(cv2.pyrDown(picture), np.float32)
        if min(picture.shape) < 4:
            break
        smooth = cv2.GaussianBlur(picture, (0, 0), SIGMA, borderType=cv2.BORDER_REPLICATE)
        xx, yy, xy = (
            np.asarray(cv2.filter2D(smooth, -1, k, borderType=cv2.BORDER_REPLICATE), np.float32)
            for k in (_XX, _XX.T, _XY)
        )
        hessian.append((xx, xy, yy))
        half = cv2.addWeighted(xx, 0.5, yy, -0.5, 0)
        here = cv2.addWeighted(xx, 0.5, yy, 0.5, 0) + cv2.magnitude(half, xy)
        if octave == 0:
            strength = here
            continue
        # pyrDown keeps pixel 0 on pixel 0, which resize would not.
        step = 2.0**-octave
        back = np.array([[step, 0, 0], [0, step, 0]], np.float32)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        coarse = cv2.warpAffine(
            here, back, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        level[coarse > strength] = octave
        cv2.max(strength, coarse, strength)
    return Scales(tuple(hessian), strength, level)


_XX = np.array([[1, -2, 1]], np.float32) * np.float32(SIGMA**2)
_XY = np.array([[1, 0, -1], [0, 0, 0], [-1, 0, 1]], np.float32) * np.float32(SIGMA**2 / 4)


def find_ridges(scales: Scales, where: BoolArray, floor: float) -> Ridges:
    """Points on ridges of at least strength `floor`, in the pixels where `where` (H, W) is true.

    A pixel holds a point if the strength has its maximum across the line inside that pixel.
    """
    strength = scales.strength
    candidates = (strength > floor) & where
    candidates[[0, -1]] = candidates[:, [0, -1]] = False
    y, x = np.nonzero(candidates)
    level = scales.level[y, x]
    xx, xy, yy = np.empty((3, len(x)), np.float32)
    for octave, hessian in enumerate(scales.hessian):
        at = np.flatnonzero(level == octave)
        for values, component in zip((xx, xy, yy), hessian, strict=True):
            values[at] = sample(component, x[at] * 0.5**octave, y[at] * 0.5**octave)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    nx, ny = np.cos(angle), np.sin(angle)
    here = strength[y, x]
    span = np.maximum(1, 0.5 * 2.0**level).astype(np.float32)
    ahead = sample(strength, x + span * nx, y + span * ny)
    behind = sample(strength, x - span * nx, y - span * ny)
    shift = 0.5 * span * (ahead - behind) / np.maximum(2 * here - ahead - behind, 1e-6)
    inside = (np.abs(shift * nx) <= INSIDE) & (np.abs(shift * ny) <= INSIDE)
    inside &= (here >= ahead) | (here >= behind)
    x, y, nx, ny, shift = x[inside], y[inside], nx[inside], ny[inside], shift[inside]
    return Ridges(
        pixel=np.stack([x, y], axis=1),
        position=np.stack([x + shift * nx, y + shift * ny], axis=1).astype(np.float32),
        normal=np.stack([nx, ny], axis=1).astype(np.float32),
        strength=here[inside],
        level=level[inside].astype(np.float32),
    )


def sample(picture: FloatArray, x: NDArray[np.floating], y: NDArray[np.floating]) -> FloatArray:
    """Bilinear samples at (n,) places, in rows of 256 because `remap` takes at most 32767 rows."""
    count = len(x)
    if not count:
        return np.zeros(0, np.float32)
    places = np.zeros((2, -(-count // 256) * 256), np.float32)
    places[0, :count], places[1, :count] = x, y
    rows = places.reshape(2, -1, 256)
    found = cv2.remap(picture, rows[0], rows[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.ravel()[:count])
