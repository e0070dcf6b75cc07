"""Wires: cables, pipes, bars, meshes and hairs in front of a wall, with the shadows they cast."""

import cv2
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
    noise_along,
    shade_picture,
    smooth_field,
    soften_field,
    tint_brightness,
)
from crackscan.train.render.lookalikes.course import (
    Course,
    along_across,
    draw_course,
    lay_strip,
    on_sheet,
    rows_of,
    strip_length,
)
from crackscan.train.render.lookalikes.pen import Pen, smooth_curve


def cast_shadow(
    rng: Rng, picture: Field, place: tuple[Field, Field], width_px: float, offset_px: float
) -> Field:
    """The shadow of a round thing `width_px` thick, beside it, softer the further off it is."""
    soft = 1.2 + abs(offset_px) * rng.uniform(0.1, 0.4)
    per_px = 2.0 if width_px < 6 else 1.0
    across = rows_of(width_px / 2 + soft + 2, per_px)
    dark = band_coverage(across, -width_px / 2, width_px / 2, soft)
    strip = np.repeat(dark, 4, 1).astype(np.float32)
    along, aside = place
    swing = np.float32(
        rng.normal(0, 0.1 / strip_length(picture.shape[:2]) ** 1.5)
    ) * along * along + np.float32(offset_px)
    gain = 1 - np.float32(rng.uniform(0.12, 0.6)) * lay_strip(strip, (along, aside - swing), per_px)
    return shade_picture(picture, gain, (1.03, 1.0, 0.94))


def paint_rod(
    rng: Rng,
    picture: Field,
    place: tuple[Field, Field],
    width_px: float,
    colour: Field,
    gloss: float,
) -> Field:
    """A round rod along a course: shaded across, with a highlight, dust and wear along it."""
    length = strip_length(picture.shape[:2])
    per_px = 3.0 if width_px < 3 else 2.0 if width_px < 10 else 1.0
    across = rows_of(width_px / 2 + 3, per_px)
    wander = min(0.6, 0.05 * width_px) * noise_along(rng, length, 40, 2)
    body = band_coverage(across, wander - width_px / 2, wander + width_px / 2, 1.2)
    turned = as_field(np.clip((across - wander) / (width_px / 2), -1, 1))
    lit = rng.uniform(-0.8, 0.8)
    facing = np.sqrt(np.maximum(1 - turned * turned, 0)) * np.float32(np.sqrt(1 - lit * lit))
    facing = facing + turned * np.float32(lit)
    light = as_field(0.45 + 0.75 * np.clip(facing, 0, 1))
    light += as_field(gloss * np.exp(-(((turned - lit * 0.7) / 0.22) ** 2)))
    wear = 1 + rng.uniform(0.01, 0.1) * noise_along(rng, length, log_uniform(rng, 20, 150), 3)
    layers = lay_strip(np.dstack([body * np.ones_like(wear), light * wear]), place, per_px)
    return cover_picture(picture, tint_brightness(layers[..., 1], colour), layers[..., 0])


def draw_cable(picture: Field, rng: Rng) -> Field:
    """One to four cables, slack or taut, black to white, each with its shadow on the wall."""
    shape = picture.shape[:2]
    painted = picture
    first = draw_course(rng, shape, 0.5, bend=0.1 if draw_chance(rng, 0.6) else 0.01)
    width_px = log_uniform(rng, 0.7, 12)
    kind = rng.random()
    base = rng.uniform(0.03, 0.22) if kind < 0.6 else rng.uniform(0.25, 0.9)
    colour = np.clip(base * (1 + rng.normal(0, 0.06, 3)), 0, 1).astype(np.float32)
    away = log_uniform(rng, 0.4, 4) * (1 + width_px) * draw_sign(rng)
    shadowed = draw_chance(rng, 0.65)
    for _ in range(1 + int(rng.integers(0, 4) * draw_chance(rng, 0.35))):
        near = rng.normal(0, 2 + 3 * width_px, 2) if painted is not picture else np.zeros(2)
        course = Course(
            first.x + near[0],
            first.y + near[1],
            first.angle_rad + float(rng.normal(0, 0.02)),
            first.bend_per_px * float(rng.uniform(0.7, 1.3)),
        )
        along, across = along_across(shape, course)
        sway = np.float32(rng.uniform(0, 0.02) * min(shape))
        wave = np.sin(along * np.float32(rng.uniform(2, 7) / max(shape)) + rng.uniform(0, 6))
        place = (along, across + sway * wave.astype(np.float32))
        if shadowed:
            painted = cast_shadow(rng, painted, place, width_px, away)
        painted = paint_rod(rng, painted, place, width_px, colour, rng.uniform(0, 0.5))
    return painted


def draw_pipe(picture: Field, rng: Rng) -> Field:
    """A pipe, conduit or handrail: a broad rod with highlight, couplings and shadow."""
    shape = picture.shape[:2]
    width_px = log_uniform(rng, 7, 60) * min(1.0, min(shape) / 200)
    along, across = along_across(shape, draw_course(rng, shape, 0.85))
    kind = rng.random()
    if kind < 0.4:
        colour = np.full(3, rng.uniform(0.6, 0.95)) * (1 + rng.normal(0, 0.03, 3))
    elif kind < 0.7:
        colour = np.full(3, rng.uniform(0.1, 0.5)) * (1 + rng.normal(0, 0.05, 3))
    elif kind < 0.85:
        colour = np.array([0.45, 0.25, 0.15]) * rng.uniform(0.6, 1.4)
    else:
        colour = rng.uniform(0.15, 0.7) * (1 + rng.uniform(-0.35, 0.35, 3))
    tone = np.clip(colour, 0, 1).astype(np.float32)
    painted = picture
    place = (along, across)
    if draw_chance(rng, 0.75):
        offset = width_px * rng.uniform(0.2, 1.0) * draw_sign(rng)
        painted = cast_shadow(rng, painted, place, width_px, offset)
    gloss = rng.uniform(0, 0.4)
    painted = paint_rod(rng, painted, place, width_px, tone, gloss)
    for _ in range(int(rng.integers(0, 3))):  # couplings and brackets
        middle = rng.uniform(-0.4, 0.4) * max(shape)
        long = width_px * rng.uniform(0.15, 0.8)
        near = band_coverage(along, middle - long / 2, middle + long / 2, 1.2)
        thick = width_px * rng.uniform(1.1, 1.4)
        sleeve = near * band_coverage(across, -thick / 2, thick / 2, 1.2)
        light = np.clip(1.1 - np.abs(across / np.float32(thick / 2)) ** 2 * 0.7, 0.2, 1.2)
        light *= 1 - 0.4 * band_coverage(along, middle + long / 2 - 1, middle + long / 2 + 1, 1)
        painted = cover_picture(
            painted, tint_brightness(light, (tone * rng.uniform(0.7, 1.1))), sleeve
        )
    return painted


def draw_hair(picture: Field, rng: Rng) -> Field:
    """Hairs, fibres and spider threads: thin, even, smoothly curved, dark or shining."""
    shape = picture.shape[:2]
    height, width = shape
    pen = Pen(shape, 3)
    thick = log_uniform(rng, 0.5, 2.2)
    for _ in range(int(rng.integers(1, 6))):
        start = rng.uniform(0, 1, 2) * [width, height]
        heading = rng.uniform(0, 2 * np.pi)
        turn = rng.normal(0, 0.5)
        long = log_uniform(rng, 0.15, 1.3) * max(shape) / 7
        points = [start]
        for _ in range(7):
            points.append(points[-1] + long * np.array([np.cos(heading), np.sin(heading)]))
            turn = 0.8 * turn + rng.normal(0, 0.15)
            heading += turn
        pen.line(smooth_curve(np.array(points), 90), thick)
    alpha = soften_field(pen.coverage(), rng.uniform(0, 0.7))
    kind = rng.random()
    if kind < 0.6:
        colour = np.array([1.0, 0.85, 0.7]) * rng.uniform(0.04, 0.35)
    else:
        colour = np.clip(rng.uniform(0.6, 1.0) * (1 + rng.normal(0, 0.08, 3)), 0, 1)
    painted = picture
    if draw_chance(rng, 0.4):
        move = np.array([[1, 0, rng.uniform(-4, 4)], [0, 1, rng.uniform(1, 4)]], np.float32)
        moved = cv2.warpAffine(soften_field(alpha, 1.0), move, (width, height))
        painted = shade_picture(painted, 1 - np.float32(rng.uniform(0.1, 0.35)) * moved)
    return cover_picture(painted, colour, alpha * np.float32(rng.uniform(0.4, 1.0)))


def draw_rebar(picture: Field, rng: Rng) -> Field:
    """A bare ribbed bar, rusty, in a broken-out trough with a rust halo."""
    shape = picture.shape[:2]
    length = strip_length(shape)
    width_px = log_uniform(rng, 3, 26) * min(1.0, min(shape) / 160)
    place = along_across(shape, draw_course(rng, shape, 0.7))
    painted = picture
    if draw_chance(rng, 0.7):
        wide = width_px * rng.uniform(1.2, 4)
        soft = max(2.0, wide * rng.uniform(0.1, 0.9))
        stray = np.float32(wide * rng.uniform(0.1, 0.5)) * smooth_field(rng, shape, wide + 6, 3)
        halo = band_coverage(place[1] + stray, -wide, wide, soft)
        spots = np.clip(0.75 + 0.35 * smooth_field(rng, shape, 10, 3), 0, 1.2)
        colour = np.array([0.42, 0.24, 0.12]) * rng.uniform(0.6, 1.3)
        alpha = halo * spots * np.float32(rng.uniform(0.15, 0.8))
        painted = cover_picture(painted, colour, alpha)
    before = painted
    if draw_chance(rng, 0.7):
        offset = width_px * rng.uniform(0.2, 0.7) * draw_sign(rng)
        painted = cast_shadow(rng, painted, place, width_px, offset)
    rust = np.array([0.36, 0.21, 0.13], np.float32) * np.float32(rng.uniform(0.5, 1.5))
    along, across_field = place
    pitch = width_px * rng.uniform(0.5, 0.9)
    slant = rng.uniform(-0.6, 0.6)
    ribs = np.sin((along + slant * across_field) * np.float32(2 * np.pi / max(2.5, pitch)))
    painted = paint_rod(rng, painted, place, width_px, rust, rng.uniform(0, 0.15))
    inside = np.abs(across_field) < width_px * 0.55
    rough = 0.12 * ribs + 0.1 * smooth_field(rng, shape, 3, 2)
    painted = shade_picture(painted, np.where(inside, 1 + rough, 1).astype(np.float32))
    if draw_chance(rng, 0.5):  # seen only in part
        seen = fading_strength(rng, length, 50, rng.uniform(0.2, 0.7))
        shown = lay_strip(np.repeat(seen, int(8 * width_px), 0), place)
        painted = before + (painted - before) * cv2.merge([shown] * 3)
    return np.clip(painted, 0, 1)


def draw_fence(picture: Field, rng: Rng) -> Field:
    """A mesh, grating, fence or bars in front: wires in one or two directions at even distances."""
    shape = picture.shape[:2]
    pitch = log_uniform(rng, 9, 80)
    wire_px = float(np.clip(pitch * log_uniform(rng, 0.03, 0.2), 0.7, 10))
    x, y = on_sheet(rng, shape, 0.9)
    x = x + np.float32(rng.uniform(0, 0.012) * pitch) * smooth_field(rng, shape, 60)
    style = rng.random()
    off: tuple[Field, ...]
    if style < 0.3:  # chain link: two sets of zigzags
        zig = np.float32(pitch * 0.25) * np.sin(y * np.float32(2 * np.pi / pitch))
        off = (x + zig, x - zig + np.float32(pitch / 2))
    elif style < 0.65:  # square or oblong mesh
        off = (x, y * np.float32(1 / rng.uniform(0.7, 2.5)))
    else:  # bars
        off = (x,)
    seen = np.zeros(shape, np.float32)
    lit = np.zeros(shape, np.float32)
    for part in off:
        turns = part * np.float32(1 / pitch)
        far = (turns - np.floor(turns) - np.float32(0.5)) * np.float32(pitch)
        wire = np.clip(np.float32(wire_px / 2 + 0.5) - np.abs(far), 0, min(1.0, wire_px))
        seen = np.maximum(seen, wire)
        lit += wire * far * np.float32(1 / wire_px)
    painted = picture
    if draw_chance(rng, 0.5):
        move = np.array([[1, 0, rng.normal(0, pitch / 3)], [0, 1, rng.uniform(1, pitch)]])
        moved = cv2.warpAffine(seen, move, shape[::-1], borderMode=cv2.BORDER_REFLECT)
        soft = soften_field(moved, log_uniform(rng, 0.5, 3))
        painted = shade_picture(painted, 1 - np.float32(rng.uniform(0.15, 0.5)) * soft)
    base = rng.uniform(0.05, 0.3) if draw_chance(rng, 0.5) else rng.uniform(0.4, 0.9)
    colour = np.array([1, 1, 1]) if draw_chance(rng, 0.6) else np.array([1.2, 0.8, 0.6])
    bright = np.clip(1 + np.float32(rng.uniform(-0.7, 0.7)) * lit, 0.2, 1.8)
    alpha = seen * np.float32(rng.uniform(0.7, 1.0))
    tone = np.clip(base * colour, 0, 1)
    return cover_picture(painted, tint_brightness(bright, tone), alpha)
