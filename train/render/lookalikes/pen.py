"""A pen for curves and outlines, anti-aliased."""

import cv2
import numpy as np
import numpy.typing as npt

from crackscan.train.render.lookalikes.brush import Field


class Pen:
    """A canvas of `fine` times the picture's size, drawn on in pixels, read back as coverage."""

    def __init__(self, shape: tuple[int, int], fine: int = 3) -> None:
        self.shape = shape
        self.fine = fine
        self.canvas = np.zeros((shape[0] * fine, shape[1] * fine), np.uint8)

    def line(self, points: npt.NDArray[np.float64], width_px: float, value: float = 1.0) -> None:
        """Draw a polyline (N, 2) of x and y in px, of one width."""
        fixed = self._fixed(points)
        thick = max(1, round(width_px * self.fine))
        cv2.polylines(self.canvas, [fixed], False, round(value * 255), thick, cv2.LINE_AA, 4)

    def taper(self, points: npt.NDArray[np.float64], first_px: float, last_px: float) -> None:
        """Draw a polyline whose width goes evenly from the first to the last."""
        parts = min(8, len(points) - 1)
        ends = np.linspace(0, len(points) - 1, parts + 1).astype(int)
        for part in range(parts):
            width = first_px + (last_px - first_px) * part / max(1, parts - 1)
            self.line(points[ends[part] : ends[part + 1] + 1], width)

    def fill(self, points: npt.NDArray[np.float64], value: float = 1.0) -> None:
        """Fill a polygon (N, 2)."""
        cv2.fillPoly(self.canvas, [self._fixed(points)], round(value * 255), cv2.LINE_AA, 4)

    def coverage(self) -> Field:
        """What was drawn, (H, W) in 0..1, averaged over the fine pixels."""
        height, width = self.shape
        small = cv2.resize(self.canvas, (width, height), interpolation=cv2.INTER_AREA)
        return small.astype(np.float32) * np.float32(1 / 255)

    def _fixed(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
        fixed = np.rint((points * self.fine + (self.fine - 1) / 2) * 16)
        return np.clip(fixed, -(2**24), 2**24).astype(np.int32).reshape(-1, 1, 2)


def smooth_curve(points: npt.NDArray[np.float64], count: int = 64) -> npt.NDArray[np.float64]:
    """A smooth curve (`count`, 2) through (N, 2) points, N >= 2 (Catmull and Rom 1974)."""
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    places = np.linspace(0, len(points) - 1, count)
    whole = np.minimum(places.astype(int), len(points) - 2)
    t = (places - whole)[:, None]
    a, b, c, d = (padded[whole + k] for k in range(4))
    return np.asarray(
        b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))),
        np.float64,
    )
