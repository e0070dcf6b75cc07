"""Borders of paint and of things, and surfaces other than concrete: wood, gravel, cloth, glass."""

import numpy as np

from crackscan.train.render.lookalikes.brush import (
    Field,
    Rng,
    as_field,
    band_coverage,
    cover_picture,
    draw_chance,
    log_uniform,
    mean_colour,
    picture_grain,
    shade_picture,
    shade_relief,
    smooth_field,
    soften_field,
    tint_brightness,
)
from crackscan.train.render.lookalikes.course import (
    along_across,
    draw_course,
    lay_strip,
    on_sheet,
    strip_length,
)
from crackscan.train.render.lookalikes.light import in_shadow
from crackscan.train.render.lookalikes.pen import Pen, blob_outline, scatter_outlines


def paint_colour(rng: Rng) -> Field:
    """A colour (3,) of wall paint: mostly pale or grey, sometimes a strong one."""
    if draw_chance(rng, 0.65):
        return as_field(np.clip(rng.uniform(0.25, 0.95) * (1 + rng.normal(0, 0.04, 3)), 0, 1))
    kinds = [
        (0.5, 0.22, 0.16),
        (0.75, 0.6, 0.25),
        (0.2, 0.32, 0.5),
        (0.2, 0.38, 0.28),
        (0.36, 0.24, 0.16),
        (0.78, 0.7, 0.52),
        (0.62, 0.72, 0.76),
    ]
    return as_field(
        np.clip(np.array(kinds[rng.integers(len(kinds))]) * rng.uniform(0.7, 1.2), 0, 1)
    )


def draw_paint_edge(picture: Field, rng: Rng) -> Field:
    """Where a coat of paint ends: a masked straight edge, or a brushed or rolled one."""
    shape = picture.shape[:2]
    place = along_across(shape, draw_course(rng, shape, 0.7))
    edge = place[1]
    if draw_chance(rng, 0.5):
        edge = edge + np.float32(log_uniform(rng, 0.3, 4)) * smooth_field(rng, shape, 12, 3)
    coat = np.clip(edge / np.float32(rng.uniform(1, 2.5)) + 0.5, 0, 1)
    if draw_chance(rng, 0.4):  # a painted stripe
        wide = log_uniform(rng, 3, 60)
        coat = band_coverage(edge, -wide / 2, wide / 2, rng.uniform(1, 2))
    own = 1 + np.float32(rng.uniform(0.03, 0.08)) * picture_grain(picture)
    hide = np.clip(1 + np.float32(rng.uniform(0, 0.3)) * smooth_field(rng, shape, 10, 3), 0, 1)
    opacity = np.float32(rng.uniform(0.5, 1.0))
    painted = cover_picture(picture, tint_brightness(own, paint_colour(rng)), coat * hide * opacity)
    if draw_chance(rng, 0.4):  # the coat is thick enough for an edge of its own
        ledge = np.exp(-((edge / np.float32(rng.uniform(0.8, 1.8))) ** 2))
        painted = shade_picture(painted, 1 + np.float32(rng.uniform(-0.4, 0.3)) * ledge)
    return painted


def draw_peeling(picture: Field, rng: Rng) -> Field:
    """Peeling paint or plaster: islands of a coat with a lit edge and a shadow under it."""
    shape = picture.shape[:2]
    hills = smooth_field(rng, shape, log_uniform(rng, 30, 150), 4)
    coat = soften_field(np.clip((hills - np.float32(rng.uniform(-1, 0.8))) * 12 + 0.5, 0, 1), 0.6)
    own = 1 + np.float32(rng.uniform(0.02, 0.08)) * picture_grain(picture)
    painted = cover_picture(
        picture, tint_brightness(own, paint_colour(rng)), coat * np.float32(rng.uniform(0.6, 1))
    )
    thick = coat * np.float32(log_uniform(rng, 0.7, 5))
    return shade_picture(
        painted, shade_relief(thick, rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1))
    )


def draw_sky(rng: Rng, shape: tuple[int, int]) -> Field:
    """A sky (H, W, 3): blue, grey or white, paler towards one side, with clouds."""
    blue = np.array([0.45, 0.62, 0.85]) if draw_chance(rng, 0.5) else np.array([0.85, 0.88, 0.92])
    fall = np.linspace(rng.uniform(0.8, 1.0), rng.uniform(0.9, 1.1), shape[0])[:, None]
    bright = as_field(fall) + np.float32(rng.uniform(0, 0.06)) * smooth_field(rng, shape, 80, 2)
    return np.clip(tint_brightness(bright, blue * rng.uniform(0.8, 1.1)), 0, 1)


def draw_building_edge(picture: Field, rng: Rng) -> Field:
    """The edge of a wall against sky, darkness, glass or another wall, with flashing or shadow."""
    shape = picture.shape[:2]
    across = along_across(shape, draw_course(rng, shape, 0.75))[1]
    beyond = np.clip(across / np.float32(rng.uniform(1, 2)) + 0.5, 0, 1)
    kind = rng.random()
    if kind < 0.4:
        other = draw_sky(rng, shape)
    elif kind < 0.65:
        dark = np.clip(0.5 + 0.4 * smooth_field(rng, shape, 60, 3), 0, 1) * rng.uniform(0.05, 0.25)
        other = tint_brightness(dark, (1, 1, 1.05))
    else:
        flipped = np.ascontiguousarray(picture[::-1, ::-1]) / np.maximum(mean_colour(picture), 0.05)
        other = np.clip(flipped * paint_colour(rng), 0, 1)
    painted = picture
    if draw_chance(rng, 0.5):  # shadow of an eave or ledge
        soft = log_uniform(rng, 1.5, 30)
        reach_px = log_uniform(rng, 3, 60)
        shadow = np.clip((across + np.float32(reach_px)) / np.float32(soft) + 0.5, 0, 1)
        painted = in_shadow(rng, painted, shadow, rng.uniform(0.15, 0.6))
    painted = cover_picture(painted, other, beyond)
    for _ in range(int(rng.integers(0, 4))):  # ledges, gutters, seals along the edge
        wide = log_uniform(rng, 0.8, 18)
        off = rng.normal(0, 12)
        strip = band_coverage(across, off - wide / 2, off + wide / 2, 1.3)
        tone = mean_colour(picture) * np.float32(rng.uniform(0.1, 1.3))
        painted = cover_picture(
            painted, np.clip(tone, 0, 1), strip * np.float32(rng.uniform(0.5, 1))
        )
    return painted


def draw_window(picture: Field, rng: Rng) -> Field:
    """A window, door or hatch: frame, bars, dark or sky-bright panes, sill with its shadow."""
    shape = picture.shape[:2]
    x, y = along_across(shape, draw_course(rng, shape, 1.0))
    wide, tall = np.array(shape[::-1]) * rng.uniform(0.25, 0.9, 2)
    frame_px = log_uniform(rng, 1.5, 16)
    half_x, half_y = np.float32(wide / 2), np.float32(tall / 2)
    out = np.maximum(np.abs(x) - half_x, np.abs(y) - half_y)
    opening = np.clip(0.5 - out, 0, 1)
    panes = np.clip(0.5 - out - np.float32(frame_px), 0, 1)
    bars_x, bars_y = rng.integers(1, 4, 2)
    for part, half, count in ((x, half_x, bars_x), (y, half_y, bars_y)):
        pitch = np.float32(2 * half / count)
        near = np.abs((part + half + pitch / 2) % pitch - pitch / 2)
        panes = np.minimum(panes, np.clip(near - np.float32(frame_px * 0.35) + 0.5, 0, 1))
    glass = draw_sky(rng, shape) * np.float32(
        rng.uniform(0.1, 0.9) if draw_chance(rng, 0.6) else 0.12
    )
    glass *= (0.8 + 0.2 * np.clip(smooth_field(rng, shape, 30, 3), -1, 1))[..., None]
    painted = picture
    if draw_chance(rng, 0.7):
        edge = np.exp(-np.maximum(out, 0) / np.float32(log_uniform(rng, 1, 8)))
        painted = shade_picture(painted, 1 - np.float32(rng.uniform(0.05, 0.5)) * edge)
    own = 1 + np.float32(0.04) * smooth_field(rng, shape, 20, 2)
    lit = own + np.float32(0.25) * np.clip(1 - np.abs(out + np.float32(frame_px)) / 1.5, 0, 1)
    painted = cover_picture(painted, tint_brightness(lit, paint_colour(rng)), opening)
    return cover_picture(painted, np.clip(glass, 0, 1), panes)


def draw_wood(picture: Field, rng: Rng) -> Field:
    """Planks: wood grain with knots and dark gaps, brown, grey or painted."""
    shape = picture.shape[:2]
    x, y = on_sheet(rng, shape, 0.6)
    plank = log_uniform(rng, 14, 120)
    index = np.floor(y / np.float32(plank))
    near = y - index * np.float32(plank)
    near = np.minimum(near, np.float32(plank) - near)
    tones = rng.standard_normal(256).astype(np.float32)
    tone = tones[index.astype(np.int32) & 255]
    fine = log_uniform(rng, 1.5, 5)
    fibre = smooth_field(rng, (512, 128), (fine, fine * 4), 3)
    bow = 4 * smooth_field(rng, shape, (plank, 120))
    rows = np.mod(y + bow + 137 * tone, 511).astype(np.float32)
    columns = np.mod((x + 61 * tone) / 6, 127).astype(np.float32)
    grain_ = fibre[rows.astype(np.intp), columns.astype(np.intp)]
    grain_ = soften_field(grain_, 0.6)
    rings = np.sin((y + bow * 3 + 40 * tone) * np.float32(2 * np.pi / (fine * 5)))
    bright = 1 + 0.12 * tone * rng.uniform(0.3, 1) + np.float32(rng.uniform(0.04, 0.14)) * grain_
    bright = bright + np.float32(rng.uniform(0, 0.05)) * rings
    gap_px = log_uniform(rng, 0.7, 5)
    gap = np.clip(gap_px / 2 + 0.5 - near, 0, min(1, gap_px))
    bright = bright * (1 - np.float32(rng.uniform(0.4, 0.95)) * gap)
    kinds = [(0.55, 0.38, 0.22), (0.68, 0.55, 0.38), (0.5, 0.48, 0.45), (0.35, 0.22, 0.13)]
    colour = np.array(kinds[rng.integers(4)]) * rng.uniform(0.7, 1.3)
    where = np.ones(shape, np.float32)
    if draw_chance(rng, 0.4):  # one board or panel only
        across = along_across(shape, draw_course(rng, shape, 0.8))[1]
        where = np.clip(across + 0.5, 0, 1)
    return cover_picture(picture, np.clip(tint_brightness(bright, colour), 0, 1), where)


def draw_gravel(picture: Field, rng: Rng) -> Field:
    """Gravel, chippings or rubble: stones over stones with dark between them."""
    shape = picture.shape[:2]
    size = max(shape)
    stone = log_uniform(rng, 3.5, 20)
    base = as_field(rng.uniform(0.4, 0.85) * (1 + rng.normal(0, 0.03, 3)))
    ground = np.clip(0.35 + 0.12 * smooth_field(rng, shape, stone, 2), 0.05, 1)
    kinds = np.stack([blob_outline(rng, stone * 0.55, 0.08, rng.uniform(0.6, 1)) for _ in range(6)])
    count = int(min(500, 1.1 * size * size / stone**2))
    pen = Pen(shape, 1)
    pen.fill_all(scatter_outlines(rng, kinds, count, shape), rng.uniform(0.3, 1, count))
    drawn = pen.coverage()
    on = np.clip(drawn * 4, 0, 1)
    rough = 1 + np.float32(0.08) * smooth_field(rng, shape, 2, 2)
    painted = tint_brightness(ground * (1 - on) + on * rough * (0.3 + 0.75 * drawn), base)
    dome = soften_field(drawn, stone * 0.1) * np.float32(stone * rng.uniform(0.15, 0.4))
    painted = shade_picture(painted, shade_relief(dome, rng.uniform(0, 6.3), 0.8))
    where = np.ones(shape, np.float32)
    if draw_chance(rng, 0.5):
        where = np.clip((smooth_field(rng, shape, size / 2, 3) + rng.uniform(-0.5, 0.5)) * 5, 0, 1)
    return cover_picture(picture, painted, where)


def draw_fabric(picture: Field, rng: Rng) -> Field:
    """Cloth, sacking, safety net or glass-fibre mesh: a fine weave with folds."""
    shape = picture.shape[:2]
    x, y = on_sheet(rng, shape, 0.5)
    pitch = log_uniform(rng, 3, 20)
    folds = smooth_field(rng, shape, max(shape) / 3, 2)
    x, y = x + folds * np.float32(0.4 * pitch), y + folds * np.float32(0.3 * pitch)
    turn_x = np.sin(x * np.float32(2 * np.pi / pitch))
    turn_y = np.sin(y * np.float32(2 * np.pi / pitch))
    weave = np.maximum(turn_x, turn_y)
    open_ = draw_chance(rng, 0.5)
    colour = paint_colour(rng)
    bright = 0.85 + 0.18 * weave + 0.12 * folds + 0.04 * smooth_field(rng, shape, 2)
    alpha = np.ones(shape, np.float32)
    if open_:
        alpha = np.clip((weave - np.float32(rng.uniform(0.3, 0.85))) * 5 + 0.5, 0, 1)
    if draw_chance(rng, 0.5):
        across = along_across(shape, draw_course(rng, shape, 0.4))[1]
        alpha = alpha * np.clip(across + 0.5, 0, 1)
    return cover_picture(picture, np.clip(tint_brightness(bright, colour), 0, 1), alpha)


def draw_carved(picture: Field, rng: Rng) -> Field:
    """Rough render, bush-hammered or raked concrete: relief all over, lit from the side."""
    shape = picture.shape[:2]
    lumps_px = log_uniform(rng, 2.5, 14)
    stretch = log_uniform(rng, 1, 5)
    length = strip_length(shape)
    place = along_across(shape, draw_course(rng, shape, 0.5, off_middle=0))
    sheet = smooth_field(rng, (length, length), (lumps_px, lumps_px * stretch), 2)
    height = lay_strip(sheet, place) * np.float32(lumps_px * rng.uniform(0.02, 0.14))
    return shade_picture(
        picture, shade_relief(height, rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 1.0))
    )


def draw_pour_line(picture: Field, rng: Rng) -> Field:
    """Where one lift of concrete or one coat of render ends: two tones along a wavy soft border."""
    shape = picture.shape[:2]
    across = along_across(shape, draw_course(rng, shape, 0.85))[1]
    across = across + np.float32(log_uniform(rng, 1, 14)) * smooth_field(rng, shape, 50, 3)
    soft = log_uniform(rng, 1.5, 25)
    side = np.clip(across / np.float32(soft) + 0.5, 0, 1)
    mottle = 1 + np.float32(0.2) * smooth_field(rng, shape, log_uniform(rng, 8, 40), 3)
    step = np.float32(rng.uniform(0.05, 0.28) * (-1 if draw_chance(rng, 0.5) else 1))
    return shade_picture(picture, 1 + step * side * mottle, 1 + rng.normal(0, 0.07, 3))


def draw_repair(picture: Field, rng: Rng) -> Field:
    """A mended place: a patch of other mortar with straight or trowelled edges."""
    shape = picture.shape[:2]
    x, y = along_across(shape, draw_course(rng, shape, 0.8))
    stray = np.float32(log_uniform(rng, 0.2, 5)) * smooth_field(rng, shape, 20, 3)
    half_x, half_y = (rng.uniform(0.12, 0.45, 2) * shape[::-1]).astype(np.float32)
    inside = -np.maximum(np.abs(x) - half_x, np.abs(y) - half_y) + stray
    mortar = np.clip(inside / np.float32(rng.uniform(1, 5)) + 0.5, 0, 1)
    tone = mean_colour(picture) * as_field(rng.uniform(0.65, 1.3) * (1 + rng.normal(0, 0.03, 3)))
    swirl = smooth_field(rng, shape, (log_uniform(rng, 3, 12), 40), 2)
    own = (
        1 + np.float32(rng.uniform(0.01, 0.05)) * swirl + np.float32(0.02) * picture_grain(picture)
    )
    painted = cover_picture(
        picture, tint_brightness(own, np.clip(tone, 0, 1)), mortar * np.float32(0.85)
    )
    ledge = np.exp(-((inside / np.float32(rng.uniform(0.8, 2))) ** 2))
    return shade_picture(painted, 1 + np.float32(rng.uniform(-0.35, 0.2)) * ledge)
