"""Joints: straight lines between panels, boards and pours, the commonest false alarm."""

import numpy as np

from crackscan.train.render.lookalikes.brush import (
    Field,
    Rng,
    as_field,
    band_coverage,
    cover_picture,
    draw_chance,
    draw_sign,
    fading_strength,
    log_uniform,
    mean_colour,
    noise_along,
    picture_grain,
    shade_picture,
    smooth_field,
    tint_brightness,
)
from crackscan.train.render.lookalikes.course import (
    along_across,
    draw_course,
    lay_strip,
    rows_of,
    strip_length,
)


def chip_edge(rng: Rng, length: int, count: float, radius_px: float) -> Field:
    """The depth (1, `length`) in px of bites out of an edge, about `count` along it."""
    number = int(rng.poisson(count))
    depth = np.zeros((1, length), np.float32)
    if number == 0:
        return depth
    way = np.arange(length, dtype=np.float32)
    middles = rng.uniform(0, length, (number, 1)).astype(np.float32)
    radii = np.minimum(radius_px * rng.exponential(0.5, (number, 1)), 2 * radius_px) + 0.4
    arcs = 1 - ((way - middles) / (radii * rng.uniform(1.2, 3.5, (number, 1)))) ** 2
    bites = (np.sqrt(np.maximum(arcs, 0)) * radii).max(0, keepdims=True)
    return np.asarray(bites * np.clip(1 + 0.25 * noise_along(rng, length, 3), 0, 2), np.float32)


def dark_of(rng: Rng, picture: Field, deepest: float = 0.45) -> Field:
    """A colour (3,) of dirt and depth that suits the picture: its own, darkened and tinted."""
    tone = mean_colour(picture) * np.float32(rng.uniform(0.05, deepest))
    return tone * (1 + rng.normal(0, 0.06, 3)).astype(np.float32)


def paint_line(
    rng: Rng,
    picture: Field,
    place: tuple[Field, Field],
    width_px: float,
    depth: float,
    worn: float,
) -> Field:
    """A dark straight line of `width_px` and opacity `depth`, lit on one lip, `worn` 0..1."""
    shape = picture.shape[:2]
    length = strip_length(shape)
    per_px = 3.0 if width_px < 2 else 2.0 if width_px < 6 else 1.0
    chip_px = worn * log_uniform(rng, 0.3, 1.2) * (0.8 + width_px * 0.3)
    across = rows_of(width_px * 0.8 + chip_px * 2 + 3, per_px)
    jitter = worn * (0.1 + 0.03 * width_px)
    swell = 1 + 0.12 * worn * noise_along(rng, length, 60)
    left = -width_px / 2 * swell + jitter * noise_along(rng, length, 3 + width_px, 2)
    right = width_px / 2 * swell + jitter * noise_along(rng, length, 3 + width_px, 2)
    left = left - chip_edge(rng, length, worn * length / 90, chip_px)
    right = right + chip_edge(rng, length, worn * length / 90, chip_px)
    tone = np.clip(1 + 0.3 * worn * noise_along(rng, length, log_uniform(rng, 6, 60), 3), 0.2, 1.3)
    if draw_chance(rng, 0.4 * worn):
        tone = tone * fading_strength(
            rng, length, log_uniform(rng, 20, 150), rng.uniform(0.05, 0.5)
        )
    soft = log_uniform(rng, 1.2, 1.6 + 0.5 * width_px)
    groove = band_coverage(across, left, right, soft)
    if width_px > 4 and draw_chance(rng, 0.6):  # the floor of a wide groove is lighter on one side
        floor = rng.uniform(0.1, 0.7) * draw_sign(rng)
        groove = groove * np.clip(1 - np.abs(floor) + floor * across / width_px * 2, 0.25, 1)
    dark = lay_strip(groove * tone, place, per_px)
    dark *= np.clip(1 + rng.uniform(-0.25, 0.25) * picture_grain(picture), 0.3, 1.5)
    painted = picture
    if draw_chance(rng, 0.55):
        lip_px = max(0.8, log_uniform(rng, 0.15, 0.6) * min(width_px, 8))
        lip = band_coverage(across, right, right + lip_px, 1.2) * fading_strength(
            rng, length, 25, 0.3
        )
        lip = lip - rng.uniform(0, 0.6) * band_coverage(across, left - lip_px, left, 1.2)
        if draw_chance(rng, 0.5):
            lip = lip[::-1]
        gain = 1 + rng.uniform(0.05, 0.35) * lay_strip(
            np.ascontiguousarray(lip, np.float32), place, per_px
        )
        painted = shade_picture(painted, gain)
    return cover_picture(painted, dark_of(rng, picture), depth * dark)


def step_between(rng: Rng, picture: Field, place: tuple[Field, Field]) -> Field:
    """The two sides of a line in slightly different tone, as from two pours or panels."""
    step = rng.normal(0, 0.06) + draw_sign(rng) * 0.02
    edge = np.clip(place[1] / np.float32(rng.uniform(0.8, 2.5)) + 0.5, 0, 1)
    tint = 1 + rng.normal(0, 0.15, 3)
    gain = 1 + np.float32(step) * (edge - np.float32(rng.uniform(0, 1)))
    return shade_picture(picture, gain, tint)


def smear_beside(rng: Rng, picture: Field, place: tuple[Field, Field], width_px: float) -> Field:
    """A band of discoloured, washed or honeycombed concrete along a line where grout leaked."""
    shape = picture.shape[:2]
    wide = log_uniform(rng, 1.5, 8) * (2 + width_px)
    stray = np.float32(wide * rng.uniform(0.1, 0.5)) * smooth_field(rng, shape, 0.7 * wide + 5, 3)
    side = (place[1] + stray) * np.float32(1 / wide)
    if draw_chance(rng, 0.5):  # one side only
        side = np.where(side < 0, side * 8, side)
    fall = np.exp(-side * side)
    spots = np.clip(0.7 + 0.5 * smooth_field(rng, shape, log_uniform(rng, 2, 12), 3), 0, 2)
    strength = rng.uniform(0.03, 0.22) * (-1 if draw_chance(rng, 0.65) else 1)
    gain = 1 + np.float32(strength) * fall * spots
    return shade_picture(picture, gain, rng.uniform(0.8, 1.2, 3))


def draw_fins(rng: Rng, picture: Field, place: tuple[Field, Field], width_px: float) -> Field:
    """A ridge of squeezed-out grout: lit on one side, shadowed on the other, broken in parts."""
    shape = picture.shape[:2]
    length = strip_length(shape)
    per_px = 3.0 if width_px < 4 else 1.5
    across = rows_of(width_px * 2.5 + 4, per_px)
    tall = fading_strength(
        rng, length, (6 + 3 * width_px) * log_uniform(rng, 1, 6), rng.uniform(0.1, 0.7)
    )
    tall = tall * np.clip(1 + 0.25 * noise_along(rng, length, 3 + width_px, 2), 0.2, 2)
    middle = min(0.5, 0.06 * width_px) * noise_along(rng, length, 40)
    wide = width_px * (0.35 + 0.4 * tall)
    lit = band_coverage(across, middle - wide, middle, 1.0 + 0.3 * width_px) * tall
    dim = (
        band_coverage(across, middle, middle + wide * rng.uniform(0.6, 1.6), 1.0 + 0.3 * width_px)
        * tall
    )
    ridge = rng.uniform(0.08, 0.4) * lit - rng.uniform(0.05, 0.4) * dim
    if draw_chance(rng, 0.5):
        ridge = ridge[::-1]
    laid = lay_strip(ridge, place, per_px)
    rough = np.clip(0.9 + 0.35 * smooth_field(rng, shape, 1.5 + 0.4 * width_px, 2), 0.1, 1.7)
    return shade_picture(picture, 1 + laid * rough)


def draw_formwork_joint(picture: Field, rng: Rng) -> Field:
    """The straight seam of two form panels: a groove or fin, leaked grout, a step in tone."""
    shape = picture.shape[:2]
    painted = picture.copy()
    width_px = log_uniform(rng, 0.7, 10)
    count = 1 if draw_chance(rng, 0.65) else 2
    course = draw_course(rng, shape, bend=0.01 if draw_chance(rng, 0.3) else 0.0)
    for seam in range(count):
        if seam:  # a second seam, square to the first or beside it
            turn = np.pi / 2 if draw_chance(rng, 0.7) else 0.0
            again = draw_course(rng, shape)
            course = type(course)(again.x, again.y, course.angle_rad + turn + rng.normal(0, 0.01))
        place = along_across(shape, course)
        if draw_chance(rng, 0.7):
            painted = step_between(rng, painted, place)
        if draw_chance(rng, 0.5):
            painted = smear_beside(rng, painted, place, width_px)
        if draw_chance(rng, 0.4):
            painted = draw_fins(rng, painted, place, width_px * rng.uniform(1, 2))
        if draw_chance(rng, 0.85):
            worn = rng.beta(1.2, 2.0)
            painted = paint_line(rng, painted, place, width_px, log_uniform(rng, 0.2, 0.95), worn)
    return painted


def draw_saw_cut(picture: Field, rng: Rng) -> Field:
    """A cut or tooled control joint: one sharp, very even line, dark or half filled with dust."""
    shape = picture.shape[:2]
    painted = picture
    width_px = log_uniform(rng, 0.8, 12)
    place = along_across(shape, draw_course(rng, shape, 0.5))
    if width_px > 3 and draw_chance(rng, 0.35):  # tooled: round shoulders beside the cut
        wide = width_px * rng.uniform(1, 3)
        turned = place[1] / np.float32(wide)
        bowl = turned * np.exp(-turned * turned * 2) * np.float32(rng.uniform(-0.5, 0.5))
        painted = shade_picture(painted, 1 + bowl)
    if draw_chance(rng, 0.3):
        painted = smear_beside(rng, painted, place, width_px)
    painted = paint_line(
        rng, painted, place, width_px, log_uniform(rng, 0.25, 1.0), rng.uniform(0, 0.2)
    )
    if width_px > 2.5 and draw_chance(rng, 0.4):  # dust and grit in the cut
        length = strip_length(shape)
        filling = band_coverage(rows_of(width_px, 2), -width_px * 0.45, width_px * 0.45)
        filling = filling * fading_strength(
            rng, length, log_uniform(rng, 5, 60), rng.uniform(0.2, 0.8)
        )
        grit = np.clip(0.7 + 0.15 * smooth_field(rng, shape, 2.5, 2), 0, 1)
        tone = mean_colour(picture) * np.float32(rng.uniform(0.6, 1.0))
        painted = cover_picture(painted, tone, lay_strip(filling, place, 2) * grit)
    return painted


def draw_expansion_joint(picture: Field, rng: Rng) -> Field:
    """A wide joint with sealant or board in it: own colour and grain, gaps at its lips, dirt."""
    shape = picture.shape[:2]
    length = strip_length(shape)
    width_px = log_uniform(rng, 4, 32) * min(1.0, min(shape) / 160)
    place = along_across(shape, draw_course(rng, shape, 0.7))
    painted = step_between(rng, picture, place) if draw_chance(rng, 0.6) else picture
    if draw_chance(rng, 0.5):
        painted = smear_beside(rng, painted, place, width_px)
    worn = rng.beta(1.2, 2.0)
    per_px = 2.0 if width_px < 12 else 1.0
    across = rows_of(width_px * 1.3 + 6, per_px)
    rough = worn * (0.4 + 0.04 * width_px)
    left = -width_px / 2 + rough * noise_along(rng, length, 6, 3)
    right = width_px / 2 + rough * noise_along(rng, length, 6, 3)
    left = left - chip_edge(rng, length, worn * length / 90, 0.1 * width_px + 0.7)
    right = right + chip_edge(rng, length, worn * length / 90, 0.1 * width_px + 0.7)
    fill = band_coverage(across, left, right, 1.3)
    # the sealant: round or hollow, shaded across, streaked along
    hollow = rng.uniform(-0.35, 0.35)
    slope = rng.uniform(-0.3, 0.3)
    part = across / np.float32(width_px / 2)
    body = 1 + hollow * (1 - part * part) + slope * part
    body = body + 0.06 * noise_along(rng, length, log_uniform(rng, 8, 80), 3)
    if draw_chance(rng, 0.5):  # a gap where the sealant let go, on one side or both
        gap = max(0.8, width_px * rng.uniform(0.03, 0.15))
        body = body * (1 - rng.uniform(0.4, 0.9) * band_coverage(across, left, left + gap, 1.2))
        if draw_chance(rng, 0.5):
            body = body * (
                1 - rng.uniform(0.4, 0.9) * band_coverage(across, right - gap, right, 1.2)
            )
    kind = rng.random()
    if kind < 0.4:  # black or grey sealant
        colour = as_field(rng.uniform(0.06, 0.35) * (1 + rng.normal(0, 0.04, 3)))
    elif kind < 0.8:  # grey to beige mastic near the wall's own tone
        tint = as_field(1 + rng.normal(0, 0.06, 3))
        colour = mean_colour(picture) * tint * rng.uniform(0.55, 1.15)
    else:  # an open gap
        colour = mean_colour(picture) * rng.uniform(0.05, 0.25)
    fine = 1 + rng.uniform(0.01, 0.06) * smooth_field(rng, shape, log_uniform(rng, 2, 8), 2)
    sealant = np.clip(lay_strip(body, place, per_px) * fine, 0, 2.5)
    filled = lay_strip(fill, place, per_px) * rng.uniform(0.8, 1.0)
    painted = cover_picture(painted, tint_brightness(sealant, colour), filled)
    if draw_chance(rng, 0.6):
        lip = band_coverage(across, right, right + max(0.8, 0.06 * width_px), 1.3)
        lip = lip - 0.7 * band_coverage(across, left - max(0.8, 0.06 * width_px), left, 1.3)
        lip = lip * fading_strength(rng, length, 30, 0.2) * draw_sign(rng)
        painted = shade_picture(painted, 1 + rng.uniform(0.05, 0.3) * lay_strip(lip, place, per_px))
    return painted
