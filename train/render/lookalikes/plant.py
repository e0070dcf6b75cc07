"""Plants: twigs, roots, leaves, grass and moss on or before a wall."""

import cv2
import numpy as np
import numpy.typing as npt

from crackscan.train.render.lookalikes.brush import (
    Field,
    Rng,
    as_field,
    cover_picture,
    draw_chance,
    log_uniform,
    rough_patches,
    shade_picture,
    shade_relief,
    smooth_field,
    soften_field,
    tint_brightness,
)
from crackscan.train.render.lookalikes.hole import shift_field
from crackscan.train.render.lookalikes.pen import (
    Pen,
    rotation_matrix,
    scatter_outlines,
    smooth_curve,
)

Points = npt.NDArray[np.float64]


def leaf_green(rng: Rng) -> Field:
    """A colour (3,) of leaves: fresh, dark, yellow or dry."""
    kinds = [(0.25, 0.4, 0.12), (0.12, 0.22, 0.08), (0.5, 0.52, 0.2), (0.42, 0.3, 0.16)]
    return as_field(np.array(kinds[rng.integers(4)]) * rng.uniform(0.7, 1.4))


def leaf_outline(rng: Rng, long_px: float, heading: float) -> Points:
    """The outline (16, 2) of a leaf that begins at the origin."""
    way = np.linspace(0, 1, 9)
    wide = long_px * rng.uniform(0.12, 0.35) * np.sin(np.pi * way**0.8)
    side = np.stack([way * long_px, wide], 1)
    other = np.stack([way[1:-1] * long_px, -wide[1:-1]], 1)[::-1]
    return np.vstack([side, other]) @ rotation_matrix(heading)


def stem_course(rng: Rng, start: Points, heading: float, long_px: float, curl: float) -> Points:
    """A smoothly bent stem (32, 2)."""
    turns = heading + np.cumsum(rng.normal(0, curl, 5)) + rng.normal(0, curl) * np.arange(5)
    steps = np.stack([np.cos(turns), np.sin(turns)], 1) * long_px / 5
    return smooth_curve(np.vstack([start, start + np.cumsum(steps, 0)]), 32)


def draw_twigs(picture: Field, rng: Rng) -> Field:
    """Stems and tendrils with leaves on them, and the shadow they cast."""
    shape = picture.shape[:2]
    size = max(shape)
    wood, leaves = Pen(shape, 2), Pen(shape, 2)
    thick = log_uniform(rng, 0.7, 6)
    leafy = rng.uniform(0, 1) if draw_chance(rng, 0.8) else 0.0
    leaf_px = log_uniform(rng, 0.02, 0.12) * size
    for _ in range(int(rng.integers(1, 5))):
        start = rng.uniform(0, 1, 2) * [shape[1], shape[0]]
        heading = rng.uniform(0, 2 * np.pi)
        main = stem_course(rng, start, heading, size * log_uniform(rng, 0.4, 1.3), 0.16)
        wood.taper(main, thick, thick * 0.5)
        for at in rng.integers(4, 32, int(rng.integers(0, 4))):
            aside = heading + rng.choice([-1, 1]) * rng.uniform(0.4, 1.2)
            wood.taper(stem_course(rng, main[at], aside, size * 0.2, 0.2), thick * 0.6, thick * 0.3)
        for at in rng.integers(2, 32, int(leafy * 9)):
            out = rng.uniform(0, 2 * np.pi)
            leaves.fill(
                leaf_outline(rng, leaf_px * rng.uniform(0.5, 1.3), out) + main[at],
                rng.uniform(0.6, 1),
            )
    stems, green = wood.coverage(), leaves.coverage()
    painted = picture
    if draw_chance(rng, 0.6):
        off = log_uniform(rng, 1, 10)
        both = soften_field(np.maximum(stems, np.minimum(1, 2 * green)), 0.5 + off * 0.3)
        painted = shade_picture(
            painted, 1 - np.float32(rng.uniform(0.15, 0.5)) * shift_field(both, off, off)
        )
    bark = np.array([0.35, 0.27, 0.2]) * rng.uniform(0.3, 1.7)
    painted = cover_picture(painted, np.clip(bark, 0, 1), stems * np.float32(rng.uniform(0.7, 1)))
    bright = np.clip(0.4 + 0.7 * green + 0.12 * smooth_field(rng, shape, 4, 2), 0.1, 1.5)
    return cover_picture(
        painted, tint_brightness(bright, leaf_green(rng)), np.minimum(1, 1.7 * green)
    )


def draw_moss(picture: Field, rng: Rng) -> Field:
    """Moss, lichen and algae: rough green to black patches with soft or crumbly borders."""
    shape = picture.shape[:2]
    patch = rough_patches(rng, shape, log_uniform(rng, 12, 90), rng.uniform(0.08, 0.5))
    tufts = smooth_field(rng, shape, log_uniform(rng, 1.5, 5), 2)
    alpha = np.clip(patch * (0.8 + 0.35 * tufts), 0, 1)
    kinds = [(0.3, 0.36, 0.16), (0.16, 0.17, 0.13), (0.55, 0.56, 0.42), (0.5, 0.42, 0.2)]
    colour = np.array(kinds[rng.integers(4)]) * rng.uniform(0.7, 1.3)
    painted = picture
    if draw_chance(rng, 0.5):
        painted = shade_picture(painted, shade_relief(alpha * 2, rng.uniform(0, 2 * np.pi), 0.7))
    bright = np.clip(1 + 0.22 * tufts, 0.4, 1.6)
    return cover_picture(
        painted, tint_brightness(bright, colour), alpha * np.float32(rng.uniform(0.35, 1))
    )


def draw_foliage(picture: Field, rng: Rng) -> Field:
    """A bush or tree before part of the wall or all of it: leaves over leaves over darkness."""
    shape = picture.shape[:2]
    size = max(shape)
    where = np.ones(shape, np.float32)
    if draw_chance(rng, 0.75):
        where = np.clip(
            (smooth_field(rng, shape, size * 0.5, 3) + rng.uniform(-0.6, 0.6)) * 3 + 0.5, 0, 1
        )
    leaf_px = log_uniform(rng, 4, 30)
    base = leaf_green(rng)
    dark = np.clip(0.3 + 0.15 * smooth_field(rng, shape, leaf_px, 2), 0.05, 0.6)
    painted = cover_picture(picture, tint_brightness(dark, base), np.clip(where * 2 - 1, 0, 1))
    kinds = np.stack([leaf_outline(rng, leaf_px, 0.0) for _ in range(4)])
    count = int(min(170, 0.9 * size * size / leaf_px**2))
    for depth in (0.6, 1.1):
        pen = Pen(shape, 1)
        pen.fill_all(scatter_outlines(rng, kinds, count, shape), rng.uniform(0.35, 1, count))
        drawn = pen.coverage()
        bright = np.float32(depth) * (0.35 + 0.85 * drawn)
        alpha = np.clip(drawn * 4, 0, 1) * np.clip(where * 1.5, 0, 1)
        painted = cover_picture(
            painted, tint_brightness(bright, base * as_field(1 + rng.normal(0, 0.1, 3))), alpha
        )
    return painted


def draw_grass(picture: Field, rng: Rng) -> Field:
    """Blades of grass at the foot of a wall, or grass and straw all over the picture."""
    shape = picture.shape[:2]
    height, width = shape
    all_over = draw_chance(rng, 0.3)
    base = leaf_green(rng)
    long = height * (log_uniform(rng, 0.1, 0.35) if all_over else log_uniform(rng, 0.15, 0.7))
    painted = picture
    if all_over:
        ground = np.clip(0.6 + 0.2 * smooth_field(rng, shape, 6, 3), 0.1, 1.2)
        painted = cover_picture(picture, tint_brightness(ground, base), np.ones(shape, np.float32))
    thick = log_uniform(rng, 0.8, 4)
    for depth in (0.5, 1.0):
        pen = Pen(shape, 1)
        count = 60 if all_over else int(rng.integers(4, 40))
        for _ in range(count):
            foot = np.array([rng.uniform(-0.1, 1.1) * width, height + 2.0])
            if all_over:
                foot[1] = rng.uniform(0, 1.2) * height
            heading = -np.pi / 2 + rng.normal(0, 0.3)
            bend = rng.normal(0, 0.25)
            way = np.linspace(0, 1, 6)
            angles = heading + bend * way * 2
            steps = np.stack([np.cos(angles), np.sin(angles)], 1) * long * rng.uniform(0.4, 1.2) / 6
            pen.line(foot + np.cumsum(steps, 0), thick, rng.uniform(0.5, 1))
        drawn = pen.coverage()
        alpha = np.clip(drawn * 2, 0, 1)
        painted = cover_picture(
            painted, tint_brightness(np.float32(depth) * (0.3 + drawn), base), alpha
        )
    return painted


def draw_roots(picture: Field, rng: Rng) -> Field:
    """Ivy feet and dried tendrils: pale or brown lines that cling, smooth and even, with hairs."""
    shape = picture.shape[:2]
    size = max(shape)
    pen = Pen(shape, 3)
    thick = log_uniform(rng, 0.7, 4)
    heading = rng.uniform(0, 2 * np.pi)
    for _ in range(int(rng.integers(1, 4))):
        start = rng.uniform(0, 1, 2) * [shape[1], shape[0]]
        main = stem_course(
            rng, start, heading + rng.normal(0, 0.3), size * rng.uniform(0.5, 1.2), 0.12
        )
        pen.line(main, thick)
        for at in rng.integers(0, 32, int(rng.integers(4, 30))):
            out = rng.uniform(0, 2 * np.pi)
            way = np.array([np.cos(out), np.sin(out)]) * thick * rng.uniform(1.5, 5)
            bent = way @ rotation_matrix(rng.normal(0, 0.4))
            pen.line(np.array([main[at], main[at] + way, main[at] + way + bent]), thick * 0.25, 0.6)
    drawn = pen.coverage()
    light = cv2.Sobel(soften_field(drawn, 0.8), cv2.CV_32F, 1, 1, scale=0.25)
    kinds = [(0.62, 0.55, 0.44), (0.35, 0.26, 0.18), (0.45, 0.43, 0.4)]
    colour = np.clip(np.array(kinds[rng.integers(3)]) * rng.uniform(0.6, 1.3), 0, 1)
    bright = np.clip(1 + 0.8 * light + 0.1 * smooth_field(rng, shape, 4), 0.3, 1.7)
    painted = shade_picture(
        picture, 1 - np.float32(rng.uniform(0, 0.4)) * shift_field(soften_field(drawn, 1), 1, 1.5)
    )
    return cover_picture(
        painted, tint_brightness(bright, colour), drawn * np.float32(rng.uniform(0.5, 1))
    )
