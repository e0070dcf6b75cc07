"""A pen for curves and outlines, anti-aliased."""

import cv2
import numpy as np
import numpy.typing as npt

from crackscan.train.render.lookalikes.brush import Field, Rng


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

    def fill_all(self, outlines: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> None:
        """Fill many about convex polygons (M, N, 2), one over the other, each with its value."""
        fixed = self._fixed(outlines.reshape(-1, 2)).reshape(*outlines.shape[:2], 1, 2)
        for outline, value in zip(fixed, np.rint(values * 255).tolist(), strict=True):
            cv2.fillConvexPoly(self.canvas, outline, value, cv2.LINE_AA, 4)

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


def blob_outline(
    rng: Rng, radius: float, rough: float, flat: float = 1.0
) -> npt.NDArray[np.float64]:
    """The outline (20, 2) of a roundish spot about the origin, turned at random.

    `rough` is the deviation of its radius, as a share; `flat` the ratio of its axes.
    """
    turns = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    wobble = np.zeros(20)
    for wave in (2, 3, 4):
        wobble += rng.normal(0, rough / 1.5) * np.cos(wave * turns + rng.uniform(0, 2 * np.pi))
    radii = radius * np.clip(1 + wobble, 0.3, 2)
    ring = np.stack([np.cos(turns) * radii, np.sin(turns) * radii * flat], 1)
    return ring @ rotation_matrix(rng.uniform(0, 2 * np.pi))


def scatter_outlines(
    rng: Rng, outlines: npt.NDArray[np.float64], count: int, shape: tuple[int, int]
) -> npt.NDArray[np.float64]:
    """`count` copies (count, N, 2) of outlines (M, N, 2), turned, resized and strewn at random."""
    pick = outlines[rng.integers(0, len(outlines), count)]
    turns = rng.uniform(0, 2 * np.pi, count)
    sizes = rng.uniform(0.6, 1.4, count)
    cos, sin = (np.cos(turns) * sizes)[:, None], (np.sin(turns) * sizes)[:, None]
    x = pick[..., 0] * cos - pick[..., 1] * sin
    y = pick[..., 0] * sin + pick[..., 1] * cos
    middles = rng.uniform(-0.05, 1.05, (count, 1, 2)) * [shape[1], shape[0]]
    return np.stack([x, y], 2) + middles


def rotation_matrix(angle_rad: float) -> npt.NDArray[np.float64]:
    """The matrix (2, 2) that turns row vectors by an angle."""
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[cos, sin], [-sin, cos]])
