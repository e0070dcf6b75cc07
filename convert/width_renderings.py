"""Cracks of exactly known width, as a camera would see them: what widths are measured against."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.rendering.photographed_walls import cut_wall
from crackscan.core.rendering.procedural_walls import concrete_wall
from crackscan.edge.measurement.width import LINEAR, ToneCurve

FINER = 6
"""How many times finer than the picture the grid is on which the crack is drawn."""
STEP_PX = 0.25
WALL_BLUR_PX = 0.8
"""The blur that walls bring along; they are blurred as much as the crack beyond that."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """What is to be drawn."""

    width_px: float
    blur_px: float
    """Deviation of the lens's blur, before pixels average over their area."""
    angle_rad: float
    depth: float
    """How much darker than the wall, as a share."""
    noise: float = 1.0
    """Deviation of the sensor's noise, grey levels."""
    quality: int = 90
    """JPEG quality."""
    bend: float = 0.0
    """Curvature, 1/px."""
    jagged: float = 0.0
    """0 for a smooth course and smooth edges, 1 for both as ragged as in rough concrete."""
    vary: float = 0.0
    """Deviation of the logarithm of the width along the crack."""


@dataclass(frozen=True)
class Rendering:
    """A picture with one crack, and the truth about it."""

    rgb: NDArray[np.uint8]
    cells: NDArray[np.bool_]
    """The cells of 16 px that the centre line passes."""
    line: NDArray[np.float32]
    """(n, 3): x, y and width in px, every quarter pixel."""
    setting: Setting


def draw_setting(
    rng: np.random.Generator, width_px: float, blur_px: float, tone: ToneCurve
) -> Setting:
    """A crack of this width and blur, any in all other ways; one in seven is filled or shallow."""
    depth = (
        rng.normal(tone.depth, tone.depth_deviation)
        if rng.random() < 0.85
        else rng.uniform(0.25, 0.6)
    )
    return Setting(
        width_px=width_px,
        blur_px=blur_px,
        angle_rad=float(rng.uniform(0, np.pi)),
        depth=float(np.clip(depth, 0.25, 0.97)),
        noise=float(rng.uniform(0, 3)),
        quality=int(rng.integers(80, 96)),
        bend=float(rng.uniform(-0.003, 0.003)),
        jagged=float(rng.choice([0.0, 0.5, 1.0])),
        vary=float(rng.choice([0.0, 0.1, 0.2])),
    )


def render_crack(
    setting: Setting,
    seed: int,
    size: int = 320,
    walls: Sequence[NDArray[np.uint8]] = (),
    tone: ToneCurve = LINEAR,
) -> Rendering:
    """Draw a crack on a wall; the same arguments give the same bytes.

    Without `walls` (crack-free pictures, uint8 RGB) the wall is procedural. With `LINEAR` the crack
    darkens and blurs the light before the tone curve, with `ENCODED` the grey values themselves.
    """
    rng = np.random.default_rng(seed)
    line, left, right = _draw_course(rng, setting, size)
    cover = _draw_coverage(left, right, size)
    soft = cv2.GaussianBlur(cover, (0, 0), setting.blur_px * cover.shape[0] / size)
    share = np.asarray(cv2.resize(soft, (size, size), interpolation=cv2.INTER_AREA), np.float32)
    wall = cut_wall(rng, size, walls, (0.6, 1.6)) if len(walls) else concrete_wall(rng, size)
    if setting.blur_px > WALL_BLUR_PX:
        beyond = float(np.sqrt(setting.blur_px**2 - WALL_BLUR_PX**2))
        wall = np.asarray(cv2.GaussianBlur(wall, (0, 0), beyond), np.float32)
    values = np.arange(256) / 255
    light = np.interp(np.clip(wall, 0, 1), values, tone.table)
    light *= 1 - setting.depth * share[..., None]
    picture = 255 * np.interp(light, tone.table, values)
    picture += rng.normal(0, setting.noise, picture.shape)
    bgr = np.clip(np.rint(picture[..., ::-1]), 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, setting.quality])
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    rgb = np.ascontiguousarray(decoded[..., ::-1])
    return Rendering(rgb, cells_of(line[:, :2], size), line.astype(np.float32), setting)


def cells_of(places: Floats, size: int, cell_px: int = 16) -> NDArray[np.bool_]:
    """The cells (rows, columns) that places (n, 2) x, y lie in."""
    cells = np.zeros((size // cell_px, size // cell_px), np.bool_)
    column, row = np.clip((places / cell_px).astype(int), 0, size // cell_px - 1).T
    cells[row, column] = True
    return cells


def _draw_course(
    rng: np.random.Generator, setting: Setting, size: int
) -> tuple[Floats, Floats, Floats]:
    """Centre line with widths (n, 3), and both edges (n, 2)."""
    reach = 0.42 * size
    at = np.arange(-reach, reach, STEP_PX)
    rough = setting.jagged
    side = 0.5 * setting.bend * at**2
    side += rough * (4.0 * _draw_waves(rng, len(at), 25) + 1.2 * _draw_waves(rng, len(at), 5))
    way = np.array([np.cos(setting.angle_rad), np.sin(setting.angle_rad)])
    middle = size / 2 - 0.5 + rng.uniform(-8, 8, 2)
    places = middle + at[:, None] * way + side[:, None] * np.array([-way[1], way[0]])
    heading = np.gradient(places, axis=0)
    heading /= np.hypot(heading[:, 0], heading[:, 1])[:, None]
    across = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    half = setting.width_px / 2 * np.exp(setting.vary * _draw_waves(rng, len(at), 20))
    first, second = (half * (1 + 0.12 * rough * _draw_waves(rng, len(at), 3)) for _ in range(2))
    line = np.column_stack([places, first + second])
    return line, places + across * first[:, None], places - across * second[:, None]


def _draw_waves(rng: np.random.Generator, count: int, length_px: float) -> Floats:
    """Smooth noise (count,) of deviation 1, correlated over about `length_px`."""
    sigma = length_px / STEP_PX
    reach = int(4 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= np.sqrt((kernel**2).sum())
    return np.convolve(rng.standard_normal(count + 2 * reach), kernel, "valid")


def _draw_coverage(left: Floats, right: Floats, size: int) -> NDArray[np.float32]:
    """How much of each point of a grid twice as fine as the picture is crack, 0 to 1.

    Drawn FINER times larger. `fillConvexPoly` also fills the pixels that the outline passes, half a
    fine pixel too much on each side: the edges are drawn so much further in.
    """
    across = left - right
    inward = across / np.hypot(across[:, 0], across[:, 1])[:, None] * (0.5 / FINER)
    fine = [(edge + 0.5) * FINER - 0.5 for edge in (left - inward, right + inward)]
    corners = np.stack([fine[0][:-1], fine[0][1:], fine[1][1:], fine[1][:-1]], axis=1)
    mask = np.zeros((size * FINER, size * FINER), np.uint8)
    for quad in np.rint(corners * 16).astype(np.int32):
        cv2.fillConvexPoly(mask, quad, 255, shift=4)
    half = cv2.resize(mask, (2 * size, 2 * size), interpolation=cv2.INTER_AREA)
    return np.asarray(half, np.float32) / np.float32(255)
