"""Holes: bug holes, spalls and honeycombs, darker than the wall and lit on one rim."""

import cv2
import numpy as np

from crackscan.train.render.lookalikes.brush import (
    Field,
    Rng,
    Values,
    as_field,
    cover_picture,
    draw_chance,
    log_uniform,
    mean_colour,
    shade_picture,
    shade_relief,
    smooth_field,
    soften_field,
    tint_brightness,
)
from crackscan.train.render.lookalikes.pen import Pen, blob_outline


def shift_field(values: Values, x_px: float, y_px: float) -> Field:
    """`values` (H, W) moved right and down, its border going on outwards."""
    move = np.array([[1, 0, x_px], [0, 1, y_px]], np.float32)
    size = (values.shape[1], values.shape[0])
    return as_field(cv2.warpAffine(as_field(values), move, size, borderMode=cv2.BORDER_REPLICATE))


def draw_bug_holes(picture: Field, rng: Rng) -> Field:
    """Round pores of trapped air, a few or a swarm, most of them small, some open and deep."""
    shape = picture.shape[:2]
    height, width = shape
    pen = Pen(shape, 2)
    largest = log_uniform(rng, 2, 14)
    count = int(rng.integers(2, 60))
    middles = rng.uniform(0, 1, (count, 2)) * [width, height]
    if draw_chance(rng, 0.4):  # in a row, as below a board's edge
        slant = rng.normal(0, 0.15)
        middles[:, 1] = rng.uniform(0, height) + slant * middles[:, 0]
        middles[:, 1] += rng.normal(0, largest, count)
    radii = np.clip(largest * rng.pareto(2.2, count) * 0.35 + 0.5, 0.5, largest)
    for middle, radius in zip(middles, radii, strict=True):
        ring = blob_outline(rng, radius, 0.12, rng.uniform(0.6, 1))
        pen.fill(ring + middle, rng.uniform(0.5, 1))
    hole = soften_field(pen.coverage(), rng.uniform(0.2, 0.8))
    light = rng.uniform(0, 2 * np.pi)
    far = min(2.0, 0.6 + 0.15 * largest)
    off_x, off_y = float(np.cos(light) * far), float(np.sin(light) * far)
    inside = hole * (1 - 0.5 * shift_field(hole, -off_x, -off_y))
    rim = np.clip(shift_field(hole, -off_x, -off_y) - hole, 0, 1)
    painted = shade_picture(picture, 1 + np.float32(rng.uniform(0, 0.3)) * rim)
    dark = mean_colour(picture) * np.float32(rng.uniform(0.1, 0.5))
    return cover_picture(
        painted, dark, (0.5 * hole + 0.8 * inside) * np.float32(rng.uniform(0.35, 1))
    )


def draw_spall(picture: Field, rng: Rng) -> Field:
    """A shallow break-out: rough, darker floor with stones in it, a lit edge and a shadowed one."""
    shape = picture.shape[:2]
    feature = log_uniform(rng, 40, 200)
    lump_px = log_uniform(rng, 4, 30)
    lumps = smooth_field(rng, shape, lump_px, 4)
    hills = smooth_field(rng, shape, feature, 3) + np.float32(rng.uniform(0.05, 0.2)) * lumps
    level = np.float32(rng.uniform(0.4, 1.4))
    inside = np.clip((hills - level) * np.float32(rng.uniform(5, 20)), 0, 1)
    deep = log_uniform(rng, 1.5, 8)
    rise = np.float32(lump_px * rng.uniform(0.03, 0.12))
    floor = inside * (rise * lumps - np.float32(deep))
    light = rng.uniform(0, 2 * np.pi)
    painted = shade_picture(
        picture,
        shade_relief(soften_field(floor, rng.uniform(0.5, 1.2)), light, rng.uniform(0.4, 1)),
    )
    tint = as_field(1 + rng.normal(0, 0.025, 3)) * np.array([1.02, 1, 0.97], np.float32)
    tone = mean_colour(picture) * tint * np.float32(rng.uniform(0.45, 0.9))
    stones = np.clip(1 + np.float32(rng.uniform(0.05, 0.2)) * lumps, 0.3, 1.7)
    painted = cover_picture(
        painted, tint_brightness(stones, tone), inside * np.float32(rng.uniform(0.4, 0.85))
    )
    off = float(deep * rng.uniform(0.3, 0.9))
    edge = inside * (1 - shift_field(inside, -off * np.cos(light), -off * np.sin(light)))
    return shade_picture(painted, 1 - np.float32(rng.uniform(0.2, 0.6)) * soften_field(edge, 1.0))


def draw_honeycomb(picture: Field, rng: Rng) -> Field:
    """Coarse concrete whose grout ran out: stones side by side with dark hollows between them."""
    shape = picture.shape[:2]
    where = np.clip(
        smooth_field(rng, shape, log_uniform(rng, 40, 150), 3) * 2 - rng.uniform(0, 2), 0, 1
    )
    stone_px = log_uniform(rng, 4, 18)
    lumps = smooth_field(rng, shape, stone_px, 3)
    hollow = np.clip(-lumps * 1.5 - 0.6, 0, 1)
    rise = where * lumps * np.float32(stone_px * rng.uniform(0.04, 0.1))
    painted = shade_picture(picture, shade_relief(rise, rng.uniform(0, 6.3), rng.uniform(0.5, 1)))
    dark = mean_colour(picture) * np.float32(rng.uniform(0.15, 0.5))
    return cover_picture(painted, dark, where * hollow * np.float32(rng.uniform(0.3, 0.9)))
