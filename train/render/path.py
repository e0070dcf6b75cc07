"""The course of a crack: jagged at every scale, as fracture in a material with grains runs."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
STEP_PX = 2.0


def jagged_path(
    rng: np.random.Generator,
    start: NDArray[np.floating],
    end: NDArray[np.floating],
    wander: float,
    roughness: float,
    detail_px: float = 4.0,
) -> Points:
    """A fractal path from `start` to `end`, (N, 2) x, y in pixels, a vertex about every 2 px.

    Midpoint displacement (Fournier, Fussell and Carpenter, 1982) across and along the way, with
    the size of the displacement varying along it, so that calm and ragged stretches alternate.
    `wander` is the displacement of the first midpoint relative to the length; `roughness` in 0..1
    is how much of it is left at every halving (0.45 smooth, 0.65 very ragged). Turns shorter than
    `detail_px` fade out: a crack cannot turn within its own width.
    """
    way = np.asarray(end, np.float64) - np.asarray(start, np.float64)
    length = float(np.hypot(way[0], way[1])) + 1e-6
    levels = max(1, int(np.ceil(np.log2(max(length / STEP_PX, 2.0)))))
    count = 2**levels + 1
    at = np.linspace(0.0, 1.0, count)
    course = np.asarray(start, np.float64) + at[:, None] * way
    side = np.array([-way[1], way[0]]) / length
    ahead = way / length
    calm = np.exp(0.5 * np.interp(at, np.linspace(0, 1, 7), rng.standard_normal(7)))
    size = wander * length
    across_total = np.zeros(count)
    along_total = np.zeros(count)
    for level in range(1, levels + 1):
        knots = 2**level + 1
        where = np.linspace(0.0, 1.0, knots)
        move = np.clip(rng.standard_t(4, (knots, 2)) * 0.8, -2.5, 2.5)
        move[::2] = 0.0
        fade = min(1.0, length / 2**level / detail_px) ** 1.5
        strength = fade * size * (calm if level > 2 else 1.0)
        across_total += strength * np.interp(at, where, move[:, 0])
        along_total += 0.45 * strength * np.interp(at, where, move[:, 1])
        size *= roughness
    course += across_total[:, None] * side + along_total[:, None] * ahead
    return course.astype(np.float32)


def stepped_path(
    rng: np.random.Generator,
    start: NDArray[np.floating],
    end: NDArray[np.floating],
    tread_px: float,
    riser_px: float,
) -> Points:
    """A stepped path such as mortar joints force on a crack, (N, 2), rough in detail."""
    way = np.asarray(end, np.float64) - np.asarray(start, np.float64)
    steps = max(2, int(min(abs(way[0]) / tread_px + 1, abs(way[1]) / riser_px + 1)))
    corners = [np.asarray(start, np.float64)]
    for _ in range(steps):
        run = way[0] / steps * rng.uniform(0.6, 1.4)
        fall = way[1] / steps * rng.uniform(0.8, 1.2)
        corners.append(corners[-1] + (run, 0.0))
        corners.append(corners[-1] + (0.0, fall))
    pieces = [jagged_path(rng, a, b, 0.04, 0.6) for a, b in pairwise(corners)]
    return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])
