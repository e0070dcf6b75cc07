"""Traces of tools: scratches, trowel arcs, broom strokes, grinding."""

import numpy as np

from crackscan.train.render.lookalikes.brush import (
    Field,
    Rng,
    as_field,
    band_coverage,
    cover_picture,
    draw_chance,
    draw_sign,
    log_uniform,
    mean_colour,
    noise_along,
    picture_grain,
    shade_picture,
    smooth_field,
)
from crackscan.train.render.lookalikes.course import (
    Course,
    along_across,
    draw_course,
    lay_strip,
    rows_of,
    strip_length,
)
from crackscan.train.render.lookalikes.pen import Pen, smooth_curve


def draw_scratches(picture: Field, rng: Rng) -> Field:
    """Scratches: nearly straight, thin, often in parallel, pale or dark, fading at their ends."""
    shape = picture.shape[:2]
    size = max(shape)
    pen = Pen(shape, 3)
    heading = rng.uniform(0, np.pi)
    together = draw_chance(rng, 0.5)
    thick = log_uniform(rng, 0.5, 2.5)
    for _ in range(int(rng.integers(1, 12))):
        if not together:
            heading = rng.uniform(0, np.pi)
        angle = heading + rng.normal(0, 0.04)
        way = np.array([np.cos(angle), np.sin(angle)])
        aside = np.array([-way[1], way[0]])
        middle = rng.uniform(0, 1, 2) * [shape[1], shape[0]]
        long = size * log_uniform(rng, 0.08, 0.8) / 2
        bow = rng.normal(0, 0.03) * long
        points = np.vstack([middle - way * long, middle + aside * bow, middle + way * long])
        curve = smooth_curve(points, 24)
        pen.line(curve, thick, rng.uniform(0.3, 0.8))
        pen.line(curve[6:18], thick, rng.uniform(0.7, 1))
    drawn = pen.coverage() * np.clip(0.9 + 0.25 * picture_grain(picture), 0.2, 1.3)
    if draw_chance(rng, 0.6):
        tone = np.clip(mean_colour(picture) * rng.uniform(1.15, 1.6) + 0.05, 0, 1)
    else:
        tone = mean_colour(picture) * rng.uniform(0.3, 0.75)
    return cover_picture(picture, tone, drawn * np.float32(rng.uniform(0.4, 1)))


def draw_trowel_arcs(picture: Field, rng: Rng) -> Field:
    """Sweeps of a trowel or float: flat arcs of fine ridges, lit on one side."""
    shape = picture.shape[:2]
    painted = picture
    for _ in range(int(rng.integers(1, 4))):
        flat = draw_course(rng, shape, 0.1, bend=0.5)
        place = along_across(shape, flat)
        length = strip_length(shape)
        wide = log_uniform(rng, 8, 60)
        across = rows_of(wide, 1.0)
        count = len(across)
        ridges = smooth_field(rng, (count, length), (log_uniform(rng, 1.2, 4), 150), 2)
        edge = np.exp(-(((np.abs(across) - wide * 0.8) / max(1.0, wide * 0.05)) ** 2))
        edge = edge * np.sign(across) * np.float32(rng.uniform(0, 3))
        fade = np.clip(1 + 1.2 * noise_along(rng, length, length / 3), 0, 1)
        strip = (ridges * band_coverage(across, -wide * 0.8, wide * 0.8, wide * 0.3) + edge) * fade
        painted = shade_picture(
            painted, 1 + np.float32(rng.uniform(0.015, 0.08)) * lay_strip(strip, place)
        )
    return painted


def draw_groove_arc(picture: Field, rng: Rng) -> Field:
    """One smooth curved groove or ridge, as a tool's corner or a pressed-in cable leaves it."""
    shape = picture.shape[:2]
    course = draw_course(rng, shape, 0.2, bend=0.35)
    place = along_across(shape, course)
    length = strip_length(shape)
    wide = log_uniform(rng, 0.8, 8)
    per_px = 3.0 if wide < 3 else 1.5
    across = rows_of(wide * 1.5 + 3, per_px)
    soft = log_uniform(rng, 1.2, 1.5 + wide)
    turned = band_coverage(across, -wide / 2, wide / 2, soft)
    lip = band_coverage(across, wide / 2, wide / 2 + max(0.8, wide * 0.4), 1.2 + 0.2 * wide)
    start, stop = np.sort(rng.uniform(-0.3, 1.3, 2)) * length
    way = np.arange(length, dtype=np.float32)[None]
    fade = np.clip((way - start) / 25, 0, 1) * np.clip((stop - way) / 25, 0, 1)
    if stop - start < 0.4 * length:
        fade = np.ones_like(way)
    fade = fade * np.clip(0.9 + 0.2 * noise_along(rng, length, 30, 3), 0.2, 1.2)
    depth = rng.uniform(0.15, 0.8) * (1 if draw_chance(rng, 0.8) else -0.4)
    strip = (rng.uniform(0, 0.35) * lip - depth * turned) * fade
    rough = np.clip(1 + 0.15 * picture_grain(picture), 0.4, 1.5)
    return shade_picture(
        picture, np.clip(1 + lay_strip(as_field(strip), place, per_px) * rough, 0.05, 1.7)
    )


def draw_broom_strokes(picture: Field, rng: Rng) -> Field:
    """Broomed, brushed, combed or ground concrete: many fine lines, straight or in arcs."""
    shape = picture.shape[:2]
    course = draw_course(rng, shape, 0.4, 0.3 if draw_chance(rng, 0.3) else 0.0, 0)
    if draw_chance(rng, 0.25):  # round and round, as a grinder goes
        course = Course(course.x, course.y, course.angle_rad, 4.0 / max(shape) * draw_sign(rng))
    along, across = along_across(shape, course)
    length = strip_length(shape)
    fine = log_uniform(rng, 1.3, 8)
    lines = smooth_field(rng, (2 * length, length // 4), (fine, fine * rng.uniform(8, 25) / 4), 2)
    strip = lines * np.float32(log_uniform(rng, 0.02, 0.16))
    where = np.ones(shape, np.float32)
    if draw_chance(rng, 0.5):
        where = np.clip(0.5 + smooth_field(rng, shape, max(shape) / 2.5, 2), 0, 1)
    return shade_picture(
        picture, np.clip(1 + lay_strip(strip, (along / 4, across)) * where, 0.2, 1.8)
    )
