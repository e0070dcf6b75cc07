"""Masonry: tiles, bricks and blocks, whose joints are grids of straight lines."""

from dataclasses import dataclass

import numpy as np

from crackscan.train.render.lookalikes.brush import (
    Field,
    Rng,
    cover_picture,
    draw_chance,
    draw_sign,
    log_uniform,
    mean_colour,
    shade_picture,
    smooth_field,
    tint_brightness,
)
from crackscan.train.render.lookalikes.course import on_sheet


@dataclass(frozen=True)
class Units:
    """Laid units as they are seen, each field (H, W)."""

    joint: Field
    """Coverage 0..1 of the mortar."""
    tone: Field
    """One random value of deviation 1 for each unit."""
    lip: Field
    """+1 on the edges that face up and left, -1 on those that face down and right."""


def laid_units(
    rng: Rng,
    sheet: tuple[Field, Field],
    unit_px: tuple[float, float],
    joint_px: float,
    bond: float,
    soft_px: float,
    rough_px: float,
) -> Units:
    """Units (height, width) in courses, each course shifted by `bond` of a unit against the last.

    `sheet` is the position of each pixel (`on_sheet`); `rough_px` is how far edges stray
    from straight.
    """
    high, wide = unit_px
    x, y = sheet
    if rough_px > 0.05:
        stray = np.float32(rough_px) * smooth_field(rng, x.shape[:2], max(5.0, high / 4), 2)
        x, y = x + stray, y + stray
    row = np.floor(y * np.float32(1 / high))
    index = row.astype(np.int32) & 255
    shifts = (np.arange(256) * bond * wide + rng.normal(0, 0.01 * wide, 256)) % wide
    x = x + shifts.astype(np.float32)[index]
    column = np.floor(x * np.float32(1 / wide))
    in_y, in_x = y - row * np.float32(high), x - column * np.float32(wide)
    far_y = np.minimum(in_y, np.float32(high) - in_y)
    far_x = np.minimum(in_x, np.float32(wide) - in_x)
    far = np.minimum(far_x, far_y) - np.float32(joint_px / 2)
    joint = np.clip(np.float32(0.5) - far * np.float32(1 / soft_px), 0, min(1.0, joint_px / 0.9))
    tones = rng.standard_normal(4096).astype(np.float32)
    tone = tones[(index * 61 + column.astype(np.int32) * 7) & 4095]
    edge = 1 / max(1.0, joint_px * 0.5)
    rim = np.clip(1 - np.abs(far) * np.float32(edge), 0, 1)
    first = (np.minimum(in_x, in_y) - far) < np.float32(joint_px)
    return Units(joint, tone, np.where(first, rim, -rim))


def paint_units(
    rng: Rng,
    picture: Field,
    units: Units,
    unit_colour: Field | None,
    mortar: Field,
    contrast: float,
    opacity: float,
) -> Field:
    """Units with their mortar; without `unit_colour` the wall itself shows as the units."""
    shape = picture.shape[:2]
    painted = picture
    gain = 1 + np.float32(contrast) * units.tone
    gain += np.float32(rng.uniform(-0.25, 0.25)) * units.lip
    tint = 1 + rng.normal(0, 0.15, 3)
    if unit_colour is not None:
        own = unit_colour / np.maximum(mean_colour(painted), 0.05)
        painted = painted * own.astype(np.float32)
    painted = shade_picture(painted, np.clip(gain, 0.3, 1.7), tint)
    rough = np.clip(
        1 + np.float32(rng.uniform(0.03, 0.12)) * smooth_field(rng, shape, 2.5, 2), 0.3, 2
    )
    worn = np.clip(1.1 + np.float32(rng.uniform(0, 0.5)) * smooth_field(rng, shape, 30), 0, 1)
    alpha = units.joint * worn * np.float32(opacity)
    return cover_picture(painted, tint_brightness(rough, mortar), alpha)


def draw_tile_joints(picture: Field, rng: Rng) -> Field:
    """Wall or floor tiles: an even grid of grout, dark or light, each tile of its own tone."""
    shape = picture.shape[:2]
    high = log_uniform(rng, 18, 160)
    wide = high * (1.0 if draw_chance(rng, 0.5) else log_uniform(rng, 0.5, 3.0))
    joint_px = float(np.clip(high * log_uniform(rng, 0.01, 0.08), 0.7, 9))
    bond = 0.0 if draw_chance(rng, 0.75) else 0.5
    soft = rng.uniform(1.0, 1.8)
    units = laid_units(
        rng, on_sheet(rng, shape, 0.9), (high, wide), joint_px, bond, soft, rng.uniform(0, 0.3)
    )
    mean = mean_colour(picture)
    colour = None
    if draw_chance(rng, 0.5):  # glazed tiles hide the wall's own colour
        colour = rng.uniform(0.25, 0.9) * (1 + rng.normal(0, 0.1, 3)).astype(np.float32)
    base = mean if colour is None else colour
    dark = draw_chance(rng, 0.7)
    grout = base * np.float32(rng.uniform(0.15, 0.7) if dark else rng.uniform(1.1, 1.5))
    contrast = log_uniform(rng, 0.005, 0.06)
    opacity = rng.uniform(0.5, 1.0)
    return paint_units(rng, picture, units, colour, np.clip(grout, 0, 1), contrast, opacity)


def draw_brickwork(picture: Field, rng: Rng) -> Field:
    """Bricks in running bond with recessed or flush mortar, seen more or less at an angle."""
    shape = picture.shape[:2]
    high = log_uniform(rng, 12, 70)
    wide = high * rng.uniform(2.6, 3.8)
    joint_px = max(0.8, high * rng.uniform(0.07, 0.2))
    soft = rng.uniform(1.0, 2.2)
    rough = rng.uniform(0.0, 0.04) * high * 0.5
    units = laid_units(rng, on_sheet(rng, shape, 0.9), (high, wide), joint_px, 0.5, soft, rough)
    kinds = [(0.55, 0.3, 0.22), (0.62, 0.45, 0.33), (0.72, 0.64, 0.5), (0.45, 0.42, 0.4)]
    colour = None
    if draw_chance(rng, 0.75):  # else painted over: bricks show by their joints only
        colour = np.array(kinds[rng.integers(4)], np.float32) * np.float32(rng.uniform(0.7, 1.3))
    base = mean_colour(picture) if colour is None else colour
    grey = np.float32(rng.uniform(0.25, 0.8))
    mortar = grey * np.array([1, 0.97, 0.92], np.float32)
    if colour is None or draw_chance(rng, 0.3):
        mortar = base * np.float32(rng.uniform(0.3, 0.9))
    contrast = rng.uniform(0.02, 0.06) if colour is None else rng.uniform(0.04, 0.2)
    opacity = rng.uniform(0.6, 1.0)
    return paint_units(rng, picture, units, colour, mortar, contrast, opacity)


def draw_blockwork(picture: Field, rng: Rng) -> Field:
    """Big blocks or precast panels of the wall's own stuff with thin joints."""
    shape = picture.shape[:2]
    high = log_uniform(rng, 60, 190)
    wide = high * rng.uniform(1.2, 2.4)
    joint_px = log_uniform(rng, 0.8, 9)
    rough = min(log_uniform(rng, 0.1, 0.5), 0.1 + 0.08 * joint_px)
    units = laid_units(
        rng,
        on_sheet(rng, shape, 0.8),
        (high, wide),
        joint_px,
        float(rng.choice([0, 0.5, 0.33])),
        1.4,
        rough,
    )
    mortar = mean_colour(picture) * np.float32(rng.uniform(0.15, 1.2))
    opacity = log_uniform(rng, 0.3, 1.0)
    contrast = rng.uniform(0.01, 0.07)
    return paint_units(rng, picture, units, None, np.clip(mortar, 0, 1), contrast, opacity)


def draw_corrugated(picture: Field, rng: Rng) -> Field:
    """Ribs: corrugated sheet, formliner grooves, louvres; parallel shaded bands, often rusty."""
    shape = picture.shape[:2]
    pitch = log_uniform(rng, 5, 50)
    x, _ = on_sheet(rng, shape, 0.9)
    place = np.linspace(0, 1, 256, endpoint=False, dtype=np.float32)
    sharp = log_uniform(rng, 0.7, 6)
    wave = np.tanh(np.sin(place * np.float32(2 * np.pi)) * np.float32(sharp))
    profile = wave / np.float32(np.tanh(sharp))
    lit = np.roll(profile, -1) - np.roll(profile, 1)
    lit /= np.float32(max(float(np.abs(lit).max()), 1e-3))
    turn = np.float32(rng.uniform(0.1, 0.45) * draw_sign(rng)) * lit
    turn += np.float32(rng.uniform(0, 0.12)) * profile
    if draw_chance(rng, 0.5):  # dark grooves
        turn -= np.float32(rng.uniform(0.1, 0.6)) * np.clip(-profile * 4 - 3, 0, 1)
    ribs = turn[(x * np.float32(256 / pitch)).astype(np.int32) & 255]
    ribs *= np.clip(1 + 0.2 * smooth_field(rng, shape, 30, 2), 0.3, 1.5)
    painted = picture
    if draw_chance(rng, 0.4):
        hue = np.array([0.5, 0.3, 0.2]) if draw_chance(rng, 0.6) else 1 + rng.normal(0, 0.15, 3)
        colour = np.clip(hue * rng.uniform(0.3, 1.0), 0, 1)
        rusty = np.clip(0.7 + 0.5 * smooth_field(rng, shape, 25, 3), 0, 1) * np.float32(0.8)
        painted = cover_picture(painted, colour, rusty)
    return shade_picture(painted, np.clip(1 + ribs, 0.05, 1.9))
