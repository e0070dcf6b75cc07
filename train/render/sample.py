"""One rendered training picture: wall, look-alikes, cracks, camera, with an exact mask."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.rendering.photographed_walls import cut_wall
from crackscan.core.rendering.procedural_walls import PROCEDURAL
from crackscan.train.render import lookalikes
from crackscan.train.render.appearance import draw_joint_look, draw_look, paint_cracks, reach_px
from crackscan.train.render.bonded import grow_in_masonry, lay_masonry
from crackscan.train.render.camera import draw_camera, photograph_scene
from crackscan.train.render.crack import Strand, joint_beside, settle_strands
from crackscan.train.render.family import FAMILIES, grow_cracks
from crackscan.train.render.lighting import light_wall
from crackscan.train.render.path import STEP_PX
from crackscan.train.render.trace import cover_pixels, trace_strands
from crackscan.train.render.visibility import (
    hide_vertices,
    made_visible,
    split_strands,
    visible_vertices,
)

Lines = tuple[NDArray[np.float32], ...]
Mask = NDArray[np.uint8]
HIDES_ALL = {"foliage", "wood", "gravel", "fabric", "jpeg_blocks", "water_drops"}
OVER_CRACKS = tuple(
    name
    for name in lookalikes.LOOK_ALIKES
    if name not in lookalikes.UNDER_CRACKS and name not in HIDES_ALL
)
OVER_CRACKS_SHARE = 0.5


@dataclass(frozen=True)
class RenderConfig:
    """What to render: shares of pictures, and sizes in pixels."""

    crack_share: float = 0.5
    """Share of pictures with a crack; the others show look-alikes only."""
    look_alike_share: float = 0.5
    """Share of the pictures with a crack that show look-alikes as well."""
    procedural_share: float = 0.3
    """Share of walls that are procedural, not cut from the backgrounds (all, without any)."""
    background_scale: tuple[float, float] = (0.4, 3.0)
    """Between which factors backgrounds are scaled."""
    width_px: tuple[float, float] = (0.5, 12.0)
    """Between which widths the main cracks lie, in pixels of the final picture."""
    masonry_share: float = 0.0
    """Share of walls whose cracks follow the joints of bricks and stones, or break through."""


@dataclass(frozen=True)
class Sample:
    """A rendered picture and the truth about it."""

    rgb: NDArray[np.uint8]
    """(H, W, 3) RGB."""
    mask: NDArray[np.uint8]
    """(H, W): 255 where half of the pixel or more is crack, or a centre line passes; else 0."""
    centre_lines: Lines = field(repr=False)
    """Arrays (N, 3) float32: x, y, true local width in px; pixel centres at whole numbers."""
    kind: str
    """Joined with `+`: the wall; the crack's family, `plain`, or `unseen`; the look-alikes."""


def render_sample(
    seed: int,
    size: int,
    backgrounds: Sequence[NDArray[np.uint8]] = (),
    config: RenderConfig = RenderConfig(),
) -> Sample:
    """Render the picture of a seed, `size` x `size`; the same arguments give the same bytes.

    `backgrounds` are crack-free pictures, uint8 RGB of any size; without any, every wall is
    procedural. The scene is drawn at the camera's own scale and resized with the camera's method;
    centre lines, widths and the mask are those of the final picture.
    """
    choose, wall_rng, alike_rng, crack_rng, look_rng, camera_rng = (
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(6)
    )
    camera = draw_camera(camera_rng)
    scene_px = max(16, round(size * camera.scale))
    masonry = None
    if config.masonry_share and choose.random() < config.masonry_share:
        masonry = lay_masonry(wall_rng, scene_px)
        wall, wall_kind = light_wall(wall_rng, masonry.wall), masonry.kind
    else:
        wall, wall_kind = _draw_wall(wall_rng, scene_px, backgrounds, config)
    cracked = choose.random() < config.crack_share
    alikes: tuple[str, ...] = ()
    if not cracked:
        wall, alikes = lookalikes.paint_look_alikes(wall, alike_rng)
    elif choose.random() < config.look_alike_share:
        wall, alikes = lookalikes.paint_look_alikes(wall, alike_rng, lookalikes.UNDER_CRACKS)
    strands: list[Strand] = []
    covered = np.zeros((size, size), np.float32)
    family = "plain"
    if cracked:
        shares = np.array([share for share, _ in FAMILIES.values()])
        family = str(choose.choice(list(FAMILIES), p=shares / shares.sum()))
        if masonry:
            family = "masonry"
            narrow, wide = (width * scene_px / size for width in config.width_px)
            grown = grow_in_masonry(crack_rng, masonry, narrow, wide)
        else:
            grown = _grow_in_view(crack_rng, family, size, scene_px, config)
        look = draw_look(look_rng)
        if look_rng.random() < 0.6:
            grown = settle_strands(grown, wall)
        if family == "straight" and look_rng.random() < 0.65:
            wall = _with_joint(wall, grown, look_rng)
        look, camera = made_visible(look, camera, _typical_width(grown))
        bands = trace_strands(grown, scene_px, scene_px, reach_px(look))
        bare, wall = wall, paint_cracks(wall, bands, look_rng, look)
        if choose.random() < OVER_CRACKS_SHARE * config.look_alike_share:
            before = alike_rng.bit_generator.state
            bare, _ = lookalikes.paint_look_alikes(bare, alike_rng, OVER_CRACKS)
            alike_rng.bit_generator.state = before  # the same things again, before the cracks
            wall, over = lookalikes.paint_look_alikes(wall, alike_rng, OVER_CRACKS)
            alikes += over
        shown = visible_vertices(grown, bare, wall, camera)
        bands = hide_vertices(bands, grown, shown)
        covered = _resize_coverage(cover_pixels(bands, scene_px, scene_px), size)
        strands = _rescale_strands(split_strands(grown, shown), size / scene_px)
    rgb = photograph_scene(wall, size, camera_rng, camera)
    lines = _lines_inside(strands, size)
    kind = "+".join([wall_kind, family if lines or not cracked else "unseen", *alikes])
    return Sample(rgb, mask_of(covered, lines), lines, kind)


def _with_joint(
    wall: NDArray[np.float32], strands: Sequence[Strand], rng: np.random.Generator
) -> NDArray[np.float32]:
    look = draw_joint_look(rng)
    joint = joint_beside(rng, strands[0])
    return paint_cracks(
        wall, trace_strands([joint], wall.shape[0], wall.shape[1], reach_px(look)), rng, look
    )


def _typical_width(strands: Sequence[Strand]) -> float:
    return float(np.median(np.concatenate([piece.points[:, 2] for piece in strands])))


def _draw_wall(
    rng: np.random.Generator,
    size: int,
    backgrounds: Sequence[NDArray[np.uint8]],
    config: RenderConfig,
) -> tuple[NDArray[np.float32], str]:
    if len(backgrounds) and rng.random() >= config.procedural_share:
        kind, wall = "real", cut_wall(rng, size, backgrounds, config.background_scale)
    else:
        shares = np.array([share for share, _ in PROCEDURAL.values()])
        kind = str(rng.choice(list(PROCEDURAL), p=shares / shares.sum()))
        wall = PROCEDURAL[kind][1](rng, size)
    return light_wall(rng, wall), kind


def _grow_in_view(
    rng: np.random.Generator, family: str, size: int, scene_px: int, config: RenderConfig
) -> list[Strand]:
    """A crack in the scene's pixels of which at least a tenth of the picture's side is seen."""
    narrow, wide = (width * scene_px / size for width in config.width_px)
    grown: list[Strand] = []
    for _ in range(8):
        grown = grow_cracks(rng, family, scene_px, narrow, wide)
        xy = np.concatenate(
            [piece.points[:, :2] for piece in grown] or [np.empty((0, 2), np.float32)]
        )
        inside = ((xy > 0) & (xy < scene_px)).all(axis=1).sum()
        if inside * STEP_PX > 0.1 * scene_px:
            break
    return grown


def _rescale_strands(strands: Sequence[Strand], factor: float) -> list[Strand]:
    """Strands in the pixels of a picture `factor` times as large: edges stay edges."""
    moved = []
    for piece in strands:
        points = piece.points * np.float32(factor)
        points[:, :2] += np.float32(0.5 * factor - 0.5)
        moved.append(Strand(points, piece.left, piece.rank))
    return moved


def _lines_inside(strands: Sequence[Strand], size: int) -> Lines:
    """The stretches of the centre lines that lie in the picture, each of two points or more."""
    within = [
        np.all((s.points[:, :2] >= -0.5) & (s.points[:, :2] <= size - 0.5), axis=1).astype(np.bool_)
        for s in strands
    ]
    return tuple(np.ascontiguousarray(part.points) for part in split_strands(strands, within))


def _resize_coverage(covered: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    if covered.shape[0] == size:
        return covered
    method = cv2.INTER_AREA if covered.shape[0] > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(covered, (size, size), interpolation=method), np.float32)


def mask_of(covered: NDArray[np.float32], lines: Sequence[NDArray[np.float32]]) -> Mask:
    """Mask (H, W) of a coverage 0..1 and centre lines: 255 if half covered or on a line, else 0."""
    mask = np.where(covered >= 0.5, 255, 0).astype(np.uint8)
    courses = [np.rint(line[:, :2]).astype(np.int32) for line in lines]
    cv2.polylines(mask, courses, False, 255, 1, cv2.LINE_8)
    return mask
