"""Detection of dark ridges at several scales: candidates for the centre lines of cracks."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.parameters import RIDGE
from crackscan.edge.measurement.width.values import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class RidgePoints:
    """Ridge points, one row each."""

    pixel: IntArray
    """(n, 2) column and row of the pixel that contains the point."""
    position: FloatArray
    """(n, 2) x, y."""
    normal: FloatArray
    """(n, 2) unit vector across the line."""
    strength: FloatArray
    """(n,) normalised second derivative across the line, grey levels: at most half its contrast."""
    level: FloatArray
    """(n,) pyramid level of the best scale: widths of about 3, 6, 12 and 25 px."""

    def select(self, rows: IntArray) -> "RidgePoints":
        return RidgePoints(
            self.pixel[rows],
            self.position[rows],
            self.normal[rows],
            self.strength[rows],
            self.level[rows],
        )

    def shift_by(self, x: int, y: int) -> "RidgePoints":
        """Return the points in a picture whose origin lies `x`, `y` px further left and up."""
        return replace(
            self,
            pixel=self.pixel + np.array([x, y]),
            position=self.position + np.array([x, y], np.float32),
        )

    def keep_strongest(self, most: int) -> "RidgePoints":
        """Return at most `most` points, without the weakest."""
        if len(self.strength) <= most:
            return self
        return self.select(np.sort(np.argpartition(-self.strength, most)[:most]))


@dataclass(frozen=True)
class ScaleSpace:
    """The Hessian of every pyramid level, and the strongest ridge response of each pixel."""

    hessian: tuple[tuple[FloatArray, FloatArray, FloatArray], ...]
    """Second derivatives xx, xy, yy (h, w) of each level, scale-normalised."""
    strength: FloatArray
    """(H, W) largest eigenvalue of the Hessian over all levels."""
    level: NDArray[np.uint8]
    """(H, W) level of that eigenvalue."""


def build_scale_space(grey: FloatArray) -> ScaleSpace:
    """Compute the ridge responses of a picture (H, W) at every scale.

    Second derivatives of the Gaussian-smoothed picture: Steger, "An unbiased detector of
    curvilinear structures" (1998). Each pixel takes the scale with the largest normalised
    derivative: Lindeberg, "Edge detection and ridge detection with automatic scale selection"
    (1998); the pyramid levels are the scales.
    """
    height, width = grey.shape
    hessian: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    strength = np.zeros(0, np.float32)
    level = np.zeros(grey.shape, np.uint8)
    picture = grey
    for octave in range(RIDGE.levels):
        if octave:
            picture = np.asarray(cv2.pyrDown(picture), np.float32)
        if min(picture.shape) < 4:
            break
        smooth = cv2.GaussianBlur(picture, (0, 0), RIDGE.sigma, borderType=cv2.BORDER_REPLICATE)
        xx, yy, xy = (
            np.asarray(cv2.filter2D(smooth, -1, k, borderType=cv2.BORDER_REPLICATE), np.float32)
            for k in (_XX, _XX.T, _XY)
        )
        hessian.append((xx, xy, yy))
        half_difference = cv2.addWeighted(xx, 0.5, yy, -0.5, 0)
        response = cv2.addWeighted(xx, 0.5, yy, 0.5, 0) + cv2.magnitude(half_difference, xy)
        if octave == 0:
            strength = response
            continue
        # pyrDown keeps pixel 0 at pixel 0, which cv2.resize would not.
        step = 2.0**-octave
        to_level = np.array([[step, 0, 0], [0, step, 0]], np.float32)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        enlarged = cv2.warpAffine(
            response, to_level, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        level[enlarged > strength] = octave
        cv2.max(strength, enlarged, strength)
    return ScaleSpace(tuple(hessian), strength, level)


_XX = np.array([[1, -2, 1]], np.float32) * np.float32(RIDGE.sigma**2)
_XY = np.array([[1, 0, -1], [0, 0, 0], [-1, 0, 1]], np.float32) * np.float32(RIDGE.sigma**2 / 4)


def detect_ridges(space: ScaleSpace, mask: BoolArray, least_strength: float) -> RidgePoints:
    """Detect the ridge points above a strength in the pixels of a mask (H, W).

    A pixel contains a point if the strength has its maximum across the line within that pixel; the
    position is that of a parabola through three samples.
    """
    strength = space.strength
    candidates = (strength > least_strength) & mask
    candidates[[0, -1]] = candidates[:, [0, -1]] = False
    y, x = np.nonzero(candidates)
    level = space.level[y, x]
    xx, xy, yy = np.empty((3, len(x)), np.float32)
    for octave, hessian in enumerate(space.hessian):
        rows = np.flatnonzero(level == octave)
        for values, component in zip((xx, xy, yy), hessian, strict=True):
            values[rows] = sample_bilinear(component, x[rows] * 0.5**octave, y[rows] * 0.5**octave)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    nx, ny = np.cos(angle), np.sin(angle)
    centre = strength[y, x]
    span = np.maximum(1, 0.5 * 2.0**level).astype(np.float32)
    after = sample_bilinear(strength, x + span * nx, y + span * ny)
    before = sample_bilinear(strength, x - span * nx, y - span * ny)
    shift = 0.5 * span * (after - before) / np.maximum(2 * centre - after - before, 1e-6)
    inside = np.abs(shift * nx) <= RIDGE.pixel_tolerance
    inside &= np.abs(shift * ny) <= RIDGE.pixel_tolerance
    inside &= (centre >= after) | (centre >= before)
    x, y, nx, ny, shift = x[inside], y[inside], nx[inside], ny[inside], shift[inside]
    return RidgePoints(
        pixel=np.stack([x, y], axis=1),
        position=np.stack([x + shift * nx, y + shift * ny], axis=1).astype(np.float32),
        normal=np.stack([nx, ny], axis=1).astype(np.float32),
        strength=centre[inside],
        level=level[inside].astype(np.float32),
    )


def sample_bilinear(
    picture: FloatArray, x: NDArray[np.floating], y: NDArray[np.floating]
) -> FloatArray:
    """Sample a picture at points (n,); in rows of 256, because `remap` accepts 32767 rows."""
    count = len(x)
    if not count:
        return np.zeros(0, np.float32)
    points = np.zeros((2, -(-count // 256) * 256), np.float32)
    points[0, :count], points[1, :count] = x, y
    rows = points.reshape(2, -1, 256)
    samples = cv2.remap(
        picture, rows[0], rows[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(samples.ravel()[:count])
