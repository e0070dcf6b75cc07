"""Masonry with joints, and cracks that follow the joints or break through the stones.

A wall of bricks, blocks or rubble is drawn together with a map of its joints. A crack takes the
cheapest way through the wall (Dijkstra 1959), where a joint costs less than a stone: with cheap
joints it runs in steps along them, with stones as cheap as joints straight through.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from crackscan.core.rendering import noise
from crackscan.core.rendering.noise import Field
from crackscan.train.render.crack import Strand, widen_course
from crackscan.train.render.family import draw_width_px
from crackscan.train.render.path import STEP_PX

GRID_PX = 2
"""The way of a crack is sought on a grid this fine, in pixels of the scene."""
WIDEST = 0.03
"""Widest crack in masonry, as a share of the scene's side."""


@dataclass(frozen=True)
class Masonry:
    """A wall of stones and joints."""

    wall: Field
    """(size, size, 3) float32 in 0..1."""
    joint: Field
    """(size, size) float32: 1 in a joint, 0 on a stone."""
    kind: str


def lay_masonry(rng: np.random.Generator, size: int) -> Masonry:
    """Draw a wall of a random bond, seen at a random distance and slightly aslant."""
    kind = str(rng.choice(list(BONDS), p=[0.55, 0.2, 0.25]))
    tall = float(np.exp(rng.uniform(np.log(0.07), np.log(0.4)))) * size
    near, stone = BONDS[kind](rng, size, tall)
    joint_px = max(0.8, float(rng.uniform(0.03, 0.14)) * tall)
    ragged = np.float32(rng.uniform(0.1, 0.5) * joint_px)
    near = near + ragged * noise.octave_noise(rng, size, size, max(tall / 3, 4.0), 1.5, 0.8)
    edge = np.float32(max(0.7, rng.uniform(0.1, 0.6) * joint_px))
    body = np.asarray(np.clip((near - np.float32(joint_px / 2)) / edge + 0.5, 0, 1), np.float32)
    return Masonry(_painted(rng, body, stone, joint_px), 1 - body, kind)


def grow_in_masonry(
    rng: np.random.Generator, masonry: Masonry, narrow_px: float, wide_px: float
) -> list[Strand]:
    """One or two cracks through a masonry wall, along its joints or across its stones.

    Widths lie between `narrow_px` and `wide_px`, in pixels of the scene.
    """
    size = masonry.joint.shape[0]
    wide_px = max(narrow_px, min(wide_px, WIDEST * size))
    grown = []
    for _ in range(1 + int(rng.random() < 0.3)):
        across = float(np.exp(rng.uniform(np.log(1.0), np.log(12.0))))
        course = _cheapest_way(rng, masonry.joint, across)
        width = draw_width_px(rng, narrow_px, wide_px)
        taper = (1.0, float(rng.choice([1.0, 0.1])))
        if len(course) > 4:
            grown.append(widen_course(rng, course, width, taper=taper))
    return grown


def _cheapest_way(rng: np.random.Generator, joint: Field, across: float) -> NDArray[np.float32]:
    """A path (N, 2) of x, y through the wall on which a stone costs `across` times a joint."""
    size = joint.shape[0]
    cells = max(8, size // GRID_PX)
    small = cv2.resize(joint, (cells, cells), interpolation=cv2.INTER_AREA)
    rough = np.exp(np.float32(0.35) * noise.octave_noise(rng, cells, cells, 12.0, 1.5, 0.8))
    cost = (1.0 + np.float32(across - 1) * (1 - np.clip(1.6 * small, 0, 1))) * rough
    start, end = _ends(rng, cells)
    number = np.arange(cells * cells).reshape(cells, cells)
    rows, cols, weights = [], [], []
    for down, right, length in ((0, 1, 1.0), (1, 0, 1.0), (1, 1, 1.4142), (1, -1, 1.4142)):
        here = np.s_[: cells - down, max(0, -right) : cells - max(0, right)]
        there = np.s_[down:, max(0, right) : cells + min(0, right)]
        rows.append(number[here].ravel())
        cols.append(number[there].ravel())
        weights.append((cost[here] + cost[there]).ravel() * length)
    graph = coo_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(cols))),
        shape=(cells * cells,) * 2,
    ).tocsr()
    first, last = (int(number[at]) for at in (start, end))
    _, before = dijkstra(graph, directed=False, indices=first, return_predecessors=True)
    way = [last]
    while way[-1] != first and before[way[-1]] >= 0:
        way.append(int(before[way[-1]]))
    down_right = np.array([divmod(at, cells) for at in reversed(way)], np.float64)
    points = (down_right[:, ::-1] + 0.5) * (size / cells) - 0.5
    return _resampled(rng, points)


def _ends(rng: np.random.Generator, cells: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Two places on the wall: on opposite borders, or one of them inside."""
    first, second = (int(at) for at in rng.integers(0, cells, 2))
    far = cells - 1 if rng.random() < 0.6 else int(rng.integers(cells // 2, cells))
    if rng.random() < 0.5:  # from top to bottom, as settlement cracks masonry
        return (0, first), (far, second)
    return (first, 0), (second, far)


def _resampled(rng: np.random.Generator, points: NDArray[np.float64]) -> NDArray[np.float32]:
    """A vertex about every 2 px, corners of the grid smoothed and roughened again."""
    if len(points) < 4:
        return points.astype(np.float32)
    kernel = np.array([1.0, 2.0, 1.0]) / 4
    for _ in range(int(rng.integers(1, 4))):
        inner = [np.convolve(np.pad(points[:, i], 1, mode="edge"), kernel, "valid") for i in (0, 1)]
        points = np.column_stack(inner)
    lengths = np.hypot(*np.diff(points, axis=0).T)
    at = np.concatenate([[0.0], np.cumsum(lengths)])
    places = np.linspace(0.0, at[-1], max(4, round(at[-1] / STEP_PX)))
    course = np.column_stack([np.interp(places, at, points[:, i]) for i in (0, 1)])
    course += rng.uniform(0.1, 0.5) * rng.standard_normal(course.shape)
    return course.astype(np.float32)


Laid = tuple[Field, NDArray[np.intp]]
"""Distance to the middle of the nearest joint in pixels, and the number of the stone."""


def _aslant(rng: np.random.Generator, size: int, tall: float) -> tuple[Field, Field]:
    """Coordinates along and across the courses, for a camera that is not quite level."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) - np.float32(size / 2)
    turn = rng.normal(0.0, 0.06)
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    depth = (
        1 + np.float32(rng.normal(0, 0.12) / size) * x + np.float32(rng.normal(0, 0.12) / size) * y
    )
    wobble = np.float32(rng.uniform(0.0, 0.03) * tall) * noise.smooth_noise(
        rng, size, size, tall / 2
    )
    return (
        np.asarray((x * cosine - y * sine) / depth + wobble, np.float32),
        np.asarray((x * sine + y * cosine) / depth + wobble, np.float32),
    )


def _in_courses(rng: np.random.Generator, u: Field, v: Field, tall: float, vary: float) -> Laid:
    """Courses of stones; heights and lengths vary by the share `vary`."""
    wide = tall * float(rng.choice([2.0, 2.6, 3.2, 3.8] if vary < 0.1 else [1.4, 2.0]))
    low = float(v.min())
    count = int((float(v.max()) - low) / tall * (1 + 2 * vary)) + 4
    tops = low - rng.random() * tall + np.cumsum(tall * rng.uniform(1 - vary, 1 + vary, count))
    course = np.searchsorted(tops, v.ravel()).reshape(v.shape)
    edges = np.concatenate([[tops[0] - tall], tops, [tops[-1] + tall]])
    near = np.minimum(v - edges[course], edges[course + 1] - v)
    stone = np.zeros(v.shape, np.intp)
    bond = float(rng.choice([0.5, 0.5, 0.25, 1 / 3]))
    left = float(u.min())
    number = int((float(u.max()) - left) / wide * (1 + 2 * vary)) + 5
    start = rng.random() * wide
    for row in range(int(course.min()), int(course.max()) + 1):
        inside = course == row
        shift = wide * ((bond * row) % 1.0) if vary < 0.1 else rng.random() * wide
        lengths = wide * rng.uniform(1 - vary, 1 + vary, number)
        ends = left - wide - start + shift - wide + np.cumsum(np.concatenate([[0.0], lengths]))
        across = u[inside]
        at = np.clip(np.searchsorted(ends, across), 1, len(ends) - 1)
        near[inside] = np.minimum(
            near[inside], np.minimum(across - ends[at - 1], ends[at] - across)
        )
        stone[inside] = row * 1009 + at
    return np.asarray(near, np.float32), stone


def _bricks(rng: np.random.Generator, size: int, tall: float) -> Laid:
    return _in_courses(rng, *_aslant(rng, size, tall), tall, float(rng.uniform(0.0, 0.04)))


def _ashlar(rng: np.random.Generator, size: int, tall: float) -> Laid:
    return _in_courses(rng, *_aslant(rng, size, tall), 1.4 * tall, float(rng.uniform(0.15, 0.45)))


def _rubble(rng: np.random.Generator, size: int, tall: float) -> Laid:
    """Stones of any shape: the cells of random points, flattened, with bent borders."""
    u, v = _aslant(rng, size, tall)
    flat = np.float32(rng.uniform(1.0, 2.0))
    pitch = 1.5 * tall
    columns, rows = (int(np.ceil(size * 1.5 / pitch / one)) + 2 for one in (float(flat), 1.0))
    grid = np.mgrid[0:rows, 0:columns].reshape(2, -1).T + rng.uniform(
        -0.4, 0.4, (rows * columns, 2)
    )
    points = ((grid - [rows / 2, columns / 2]) * pitch * [1.0, float(flat)]).astype(np.float32)
    bend = np.float32(0.15 * tall)
    u = u + bend * noise.smooth_noise(rng, size, size, tall)
    v = v + bend * noise.smooth_noise(rng, size, size, tall)
    first = np.full(u.shape, np.inf, np.float32)
    second = first.copy()
    stone = np.zeros(u.shape, np.intp)
    for number, (down, right) in enumerate(points):
        far = np.hypot((u - right) / flat, v - down)
        closer = far < first
        second = np.where(closer, first, np.minimum(second, far))
        first = np.where(closer, far, first)
        stone[closer] = number
    return np.asarray((second - first) / 2, np.float32), stone


BONDS: dict[str, Callable[[np.random.Generator, int, float], Laid]] = {
    "bricks": _bricks,
    "ashlar": _ashlar,
    "rubble": _rubble,
}
"""How stones are laid."""


def _painted(
    rng: np.random.Generator, body: Field, stone: NDArray[np.intp], joint_px: float
) -> Field:
    size = body.shape[0]
    base = np.float32(rng.uniform(0.3, 0.75)) * _tone(rng, 0.05)
    if rng.random() < 0.5:
        base = np.array([0.6, 0.4, 0.32], np.float32) * np.float32(rng.uniform(0.6, 1.35))
    mortar = np.float32(rng.uniform(0.55, 1.5)) * base.mean() * _tone(rng, 0.04)
    count = 257
    tones = np.exp(rng.uniform(0.03, 0.25) * rng.standard_normal((count, 1)))
    hues = np.exp(rng.uniform(0.0, 0.08) * rng.standard_normal((count, 3)))
    colours = (base * np.clip(tones * hues, 0.4, 1.8)).astype(np.float32)
    rgb = colours[(stone * 37) % count]
    grain = noise.octave_noise(rng, size, size, rng.uniform(6.0, 30.0), 1.0, rng.uniform(0.7, 0.95))
    rgb = rgb * noise.colour_field(1 + np.float32(rng.uniform(0.02, 0.14)) * grain)
    bed = noise.octave_noise(rng, size, size, 8.0, 1.0, 0.9)
    filled = noise.colour_field(
        1 + np.float32(rng.uniform(0.02, 0.12)) * bed, mortar.astype(np.float32)
    )
    rgb = filled + noise.colour_field(body) * (rgb - filled)
    relief = cv2.GaussianBlur(body, (0, 0), max(0.6, 0.3 * joint_px))
    light = rng.uniform(0, 2 * np.pi)
    slope = cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=1) * np.float32(np.cos(light))
    slope = slope + cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=1) * np.float32(np.sin(light))
    strength = float(rng.uniform(0.0, 1.2))
    shading = np.clip(1 + np.float32(strength) * slope, 0.3, 1.5).astype(np.float32)
    cloud = 1 + np.float32(rng.uniform(0.0, 0.08)) * noise.smooth_noise(rng, size, size, size / 3)
    return np.asarray(np.clip(rgb * noise.colour_field(shading * cloud), 0.02, 1.0), np.float32)


def _tone(rng: np.random.Generator, chroma: float) -> NDArray[np.float32]:
    warm = rng.normal(0.02, chroma)
    return np.array([1 + warm, 1.0, 1 - warm], np.float32)
