"""Cracks as geometry: strands with a true width at every vertex."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.rendering import noise
from crackscan.train.render.path import Points

Strands = list["Strand"]
THINNEST_PX = 0.35


@dataclass(frozen=True)
class Strand:
    """One unbranched piece of a crack; pixel centres lie at whole numbers."""

    points: NDArray[np.float32]
    """(N, 3): x, y and the true local width, all in pixels."""
    left: NDArray[np.float32]
    """(N,): the share of the width that lies left of the centre line, looking along it (y down)."""
    rank: int
    """0 for a main crack, 1 for its branches, 2 for theirs."""


def widen_course(
    rng: np.random.Generator,
    course: Points,
    width_px: float,
    rank: int = 0,
    taper: tuple[float, float] = (1.0, 1.0),
    opening: float | None = None,
) -> Strand:
    """Give a course a width that varies as real ones do.

    A crack opens by one shift of its two banks, so that it is wide where it runs across that
    shift and narrow where it runs with it: `opening` is the direction of the shift in radians
    (random by default: about across the course). `taper` scales both ends.
    """
    count = len(course)
    heading = np.gradient(course, axis=0)
    heading /= np.hypot(heading[:, 0], heading[:, 1])[:, None] + 1e-6
    if opening is None:
        whole = course[-1] - course[0]
        opening = float(np.arctan2(whole[1], whole[0]) + np.pi / 2 + rng.normal(0, 0.45))
    across = np.abs(heading[:, 0] * np.sin(opening) - heading[:, 1] * np.cos(opening))
    across = 0.3 + 0.8 * np.convolve(np.pad(across, 1, mode="edge"), (0.25, 0.5, 0.25), "valid")
    slow, quick = rng.uniform(0.1, 0.4), rng.uniform(0.08, 0.3)
    vary = slow * noise.noise_sequence(rng, count, 40.0) + quick * noise.noise_sequence(
        rng, count, 2.5
    )
    crumble = rng.uniform(0.0, 1.0) * min(1.0, 3.0 / width_px)  # grains are of one size
    vary += 0.25 * crumble * rng.standard_normal(count)
    if rng.random() < 0.25:  # lens-shaped openings with pinched stretches between them
        vary -= np.clip(noise.noise_sequence(rng, count, 12.0), 0.0, 1.5) * 0.8
    width = width_px * across * np.exp(np.clip(vary, -1.6, 0.8))
    at = np.linspace(0.0, 1.0, count)
    head, tail = taper
    width *= np.minimum(1.0, head + (1 - head) * at / rng.uniform(0.15, 0.9))
    width *= np.minimum(1.0, tail + (1 - tail) * (1 - at) / rng.uniform(0.15, 0.9))
    points = np.column_stack([course, np.maximum(width, THINNEST_PX)]).astype(np.float32)
    shift = 0.2 * (0.3 + 0.7 * crumble) * noise.noise_sequence(rng, count, 1.5)
    left = np.clip(0.5 + shift, 0.15, 0.85).astype(np.float32)
    return Strand(points, left, rank)


def joint_beside(rng: np.random.Generator, main: Strand) -> Strand:
    """A straight joint that a crack runs along, now in it and now beside it; it is not a crack."""
    shift = rng.normal(0.0, 3.0, 2).astype(np.float32)
    at = np.linspace(0.0, 1.0, len(main.points), dtype=np.float32)[:, None]
    course = main.points[0, :2] + shift + at * (main.points[-1, :2] - main.points[0, :2])
    width = np.full(len(at), rng.uniform(1.0, 7.0), np.float32)
    return Strand(np.column_stack([course, width]), np.full(len(at), 0.5, np.float32), 0)


def settle_strands(strands: Strands, wall: NDArray[np.float32]) -> Strands:
    """Let strands follow the wall's texture: each vertex moves to the darkest place close by.

    Fracture runs round aggregate and along seams. `wall` is the picture (H, W, 3) without cracks;
    vertices move by at most 2.5 px across the crack, and smoothly.
    """
    grey = cv2.GaussianBlur(wall[..., 1], (0, 0), 0.8)
    height, width = grey.shape
    reach = np.linspace(-2.5, 2.5, 6, dtype=np.float32)
    moved: Strands = []
    for piece in strands:
        points = piece.points.copy()
        heading = np.gradient(points[:, :2], axis=0)
        heading /= np.hypot(heading[:, 0], heading[:, 1])[:, None] + 1e-6
        column = points[:, 0, None] - reach * heading[:, 1, None]
        row = points[:, 1, None] + reach * heading[:, 0, None]
        seen = grey[
            np.clip(np.rint(row), 0, height - 1).astype(np.intp),
            np.clip(np.rint(column), 0, width - 1).astype(np.intp),
        ]
        pull = np.maximum(seen.mean(axis=1, keepdims=True) - seen, 0.0)
        shift = (pull * reach).sum(axis=1) / (pull.sum(axis=1) + np.float32(0.01))
        shift = np.convolve(np.pad(shift, 1, mode="edge"), (0.25, 0.5, 0.25), "valid")
        points[:, 0] -= shift * heading[:, 1]
        points[:, 1] += shift * heading[:, 0]
        moved.append(Strand(points, piece.left, piece.rank))
    return moved
