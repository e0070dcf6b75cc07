"""Recesses and ledges: bands that run along a wall with a shadow of their own."""

import numpy as np

from crackscan.train.render.lookalikes.brush import (
    Field,
    Rng,
    band_coverage,
    draw_chance,
    fading_strength,
    log_uniform,
    noise_along,
    picture_grain,
    shade_picture,
    smooth_field,
)
from crackscan.train.render.lookalikes.course import (
    along_across,
    draw_course,
    lay_strip,
    rows_of,
    strip_length,
)
from crackscan.train.render.lookalikes.stain import draw_runs


def draw_recess(picture: Field, rng: Rng) -> Field:
    """A rebate, drip groove or shadow gap: a grey floor between two lines, in part in shadow."""
    shape = picture.shape[:2]
    length = strip_length(shape)
    wide = log_uniform(rng, 2.5, 26) * min(1.0, min(shape) / 160)
    place = along_across(shape, draw_course(rng, shape, 0.85))
    per_px = 3.0 if wide < 6 else 1.5
    across = rows_of(wide * 0.6 + 4, per_px)
    top, bottom = -wide / 2, wide / 2 * (1 + 0.03 * noise_along(rng, length, length / 2))
    soft = rng.uniform(1.2, 1.8)
    # the shadow of the upper edge: broader here, narrower there, never quite even in depth
    share = np.clip(rng.uniform(0, 1) + 0.3 * noise_along(rng, length, length / 2, 2), 0.08, 1)
    shadow = band_coverage(across, top, top + wide * share, soft)
    shadow = shadow * np.clip(0.9 + 0.25 * noise_along(rng, length, 30, 3), 0.2, 1.1)
    floor = band_coverage(across, top, bottom, soft)
    dirt = smooth_field(rng, (len(across), length), (1.5 * per_px, log_uniform(rng, 10, 60)), 2)
    gain = 1 + floor * (rng.uniform(-0.35, 0.12) + rng.uniform(0.02, 0.12) * dirt)
    gain = gain * (1 - rng.uniform(0.3, 0.9) * shadow)
    line_px = max(0.7, log_uniform(rng, 0.05, 0.2) * wide)
    for edge in (top, bottom):
        tone = rng.uniform(-0.8, 0.3) * (1 if draw_chance(rng, 0.7) else 0)
        line = band_coverage(across, edge - line_px / 2, edge + line_px / 2, 1.2)
        gain = gain * (1 + tone * line * fading_strength(rng, length, 60, rng.uniform(0, 0.6)))
    change = lay_strip(gain - 1, place, per_px)
    change *= np.clip(1 + rng.uniform(0, 0.2) * picture_grain(picture), 0.5, 1.5)
    painted = picture
    if draw_chance(rng, 0.3):
        step = np.float32(rng.normal(0, 0.08)) * np.clip(place[1] + np.float32(0.5), 0, 1)
        painted = shade_picture(painted, 1 + step, 1 + rng.normal(0, 0.15, 3))
    return shade_picture(painted, np.clip(1 + change, 0.05, 1.6))


def draw_ledge(picture: Field, rng: Rng) -> Field:
    """A sill, coping or string course: a lit face, a dark gap or lip, its shadow, dirt below."""
    shape = picture.shape[:2]
    length = strip_length(shape)
    wide = log_uniform(rng, 4, 50) * min(1.0, min(shape) / 200)
    along, across = along_across(shape, draw_course(rng, shape, 0.9))
    face = band_coverage(across, -wide / 2, wide / 2, rng.uniform(1, 1.8))
    mottle = 1 + np.float32(rng.uniform(0.02, 0.12)) * smooth_field(rng, shape, (6, 40), 3)
    painted = shade_picture(picture, 1 + np.float32(rng.uniform(-0.3, 0.35)) * face * mottle)
    deep = wide * log_uniform(rng, 0.15, 1.5)
    below = across - np.float32(wide / 2)
    shadow = np.clip(below + 0.5, 0, 1) * np.clip((deep - below) / max(1.2, deep * 0.3), 0, 1)
    if draw_chance(rng, 0.7):
        painted = shade_picture(
            painted, 1 - np.float32(rng.uniform(0.1, 0.55)) * shadow, (1.03, 1, 0.95)
        )
    if draw_chance(rng, 0.4):
        run = draw_runs(rng, shape, log_uniform(rng, 3, 25), rng.uniform(0.2, 0.6))
        painted = shade_picture(painted, 1 - np.float32(rng.uniform(0.1, 0.45)) * run * (below > 0))
    for edge in (-wide / 2, wide / 2):
        line_px = log_uniform(rng, 0.7, 4)
        strip = band_coverage(rows_of(line_px + 2, 3), -line_px / 2, line_px / 2, 1.2)
        worn = strip * fading_strength(rng, length, log_uniform(rng, 20, 90), rng.uniform(0, 0.5))
        laid = lay_strip(worn, (along, across - np.float32(edge)), 3)
        painted = shade_picture(painted, 1 + np.float32(rng.uniform(-0.85, 0.35)) * laid)
    return painted
