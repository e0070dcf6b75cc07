"""Stains: streaks of water and rust, borders of dried puddles, efflorescence, rust spots."""

import cv2
import numpy as np

from crackscan.train.render.lookalikes.brush import (
    Field,
    Rng,
    cover_picture,
    draw_chance,
    log_uniform,
    noise_along,
    picture_grain,
    rough_patches,
    shade_picture,
    shade_relief,
    smooth_field,
    soften_field,
    tint_brightness,
)
from crackscan.train.render.lookalikes.course import Course, along_across, strip_length


def draw_runs(rng: Rng, shape: tuple[int, int], width_px: float, share: float) -> Field:
    """Runs (H, W) of 0..1 that start somewhere and fade downwards, each of about `width_px`."""
    lean = rng.normal(0, 0.04) if draw_chance(rng, 0.8) else rng.uniform(-np.pi, np.pi)
    place = Course(shape[1] / 2, shape[0] / 2, float(lean))
    along, down = along_across(shape, place)
    along = along + np.float32(rng.uniform(0, 0.25) * min(12, width_px)) * smooth_field(
        rng, shape, (90, 40)
    )
    size = strip_length(shape)
    sudden = np.float32(log_uniform(rng, 1.5, 10))
    columns = noise_along(rng, size, width_px, 3)
    strong = np.clip(columns - np.float32(np.quantile(columns, 1 - share)), 0, None)
    strong /= np.float32(max(float(np.quantile(strong, 0.97)), 1e-3))
    start = noise_along(rng, size, width_px * 8) * 0.12 + rng.uniform(-1.2, 0.2)
    long = np.clip(0.6 + 0.3 * noise_along(rng, size, width_px), 0.2, 1.5)
    long = long * np.float32(rng.uniform(0.5, 1.8))
    at = np.clip(along + np.float32(size / 2), 0, size - 1).astype(np.intp)
    way = (down * np.float32(1 / max(shape)) - start[0][at]) / long[0][at]
    run = (
        np.sqrt(np.minimum(strong, 1.2))[0][at]
        * np.clip(way * sudden, 0, 1)
        * np.clip(1 - way, 0, 1)
    )
    return np.asarray(soften_field(run.astype(np.float32), 0.6), np.float32)


def draw_water_streaks(picture: Field, rng: Rng) -> Field:
    """Dark or washed runs of water and dirt down a wall, thin or broad."""
    shape = picture.shape[:2]
    run = draw_runs(rng, shape, log_uniform(rng, 3, 40), rng.uniform(0.2, 0.7))
    run *= np.clip(1 + 0.2 * picture_grain(picture), 0.4, 1.6)
    strength = rng.uniform(0.15, 0.6)
    if draw_chance(rng, 0.7):
        return shade_picture(
            picture, 1 - np.float32(strength) * run, (1.0, 0.98, rng.uniform(0.85, 1.05))
        )
    pale = np.clip(rng.uniform(0.7, 0.95) * (1 + rng.normal(0, 0.03, 3)), 0, 1)
    return cover_picture(picture, pale, run * np.float32(strength * 1.2))


def draw_rust_streaks(picture: Field, rng: Rng) -> Field:
    """Orange to brown runs below something that rusts."""
    shape = picture.shape[:2]
    run = draw_runs(rng, shape, log_uniform(rng, 3, 40), rng.uniform(0.1, 0.5))
    run = run * np.clip(1 + 0.15 * picture_grain(picture), 0.4, 1.6)
    colours = np.array([[0.45, 0.26, 0.1], [0.55, 0.38, 0.18], [0.3, 0.2, 0.12]])
    colour = colours[rng.integers(3)] * rng.uniform(0.7, 1.3)
    return cover_picture(picture, colour, run * np.float32(rng.uniform(0.4, 1.1)))


def draw_stain_border(picture: Field, rng: Rng) -> Field:
    """A dried puddle: a slightly different tone inside, and a fine dark or pale rim around it."""
    shape = picture.shape[:2]
    hills = smooth_field(rng, shape, log_uniform(rng, 0.3, 1.2) * max(shape), 3)
    level = np.float32(rng.uniform(-0.5, 1.0))
    slope_x = cv2.Sobel(hills, cv2.CV_32F, 1, 0, scale=1 / 8)
    slope_y = cv2.Sobel(hills, cv2.CV_32F, 0, 1, scale=1 / 8)
    steep = np.sqrt(slope_x * slope_x + slope_y * slope_y) + np.float32(0.004)
    far = (hills - level) / steep
    rim_px = log_uniform(rng, 2.0, 14)
    outer = np.clip(far / np.float32(rng.uniform(1.5, 4)) + 0.5, 0, 1)
    inner = np.exp(-np.maximum(far, 0) / np.float32(rim_px))
    uneven = np.clip(0.9 + 0.4 * smooth_field(rng, shape, 25, 2), 0.1, 1.6)
    tone = rng.uniform(0.05, 0.2) * (-1 if draw_chance(rng, 0.7) else 0.6)
    rim = tone * rng.uniform(0.3, 1.3) * (1 if draw_chance(rng, 0.8) else -0.7)
    gain = 1 + (np.float32(tone) + np.float32(rim) * inner * uneven) * outer
    return shade_picture(picture, gain, np.clip(1 + rng.normal(0, 0.12, 3), 0.7, 1.3))


def draw_efflorescence(picture: Field, rng: Rng) -> Field:
    """White salt: powdery patches and crusts, thicker in the middle, sometimes running down."""
    shape = picture.shape[:2]
    patch = rough_patches(rng, shape, log_uniform(rng, 20, 120), rng.uniform(0.1, 0.5))
    crumbs = np.clip(0.65 + 0.25 * smooth_field(rng, shape, log_uniform(rng, 2, 16), 4), 0, 1.2)
    alpha = patch * crumbs
    if draw_chance(rng, 0.4):
        alpha = np.maximum(alpha, draw_runs(rng, shape, log_uniform(rng, 3, 20), 0.25))
    painted = picture
    if draw_chance(rng, 0.5):  # a crust thick enough to throw shadows
        thick = soften_field(alpha, 1.0) * np.float32(log_uniform(rng, 0.5, 3))
        painted = shade_picture(painted, shade_relief(thick, rng.uniform(0, 2 * np.pi), 0.5))
    white = np.clip(rng.uniform(0.75, 1.0) * (1 + rng.normal(0, 0.02, 3)), 0, 1)
    return cover_picture(painted, white, alpha * np.float32(rng.uniform(0.35, 0.95)))


def draw_rust_spots(picture: Field, rng: Rng) -> Field:
    """Spots and blooms of rust, from pinheads to plates."""
    shape = picture.shape[:2]
    feature = log_uniform(rng, 6, 90)
    hills = smooth_field(rng, shape, feature, 3)
    far = np.clip((hills - np.float32(rng.uniform(0.9, 2.2))) * 2, 0, 1)
    halo = np.clip((soften_field(hills, feature / 5) - 0.4) * 1.2, 0, 1) * np.float32(
        rng.uniform(0, 0.5)
    )
    alpha = np.maximum(far, halo) * np.clip(0.8 + 0.3 * smooth_field(rng, shape, 3, 2), 0, 1)
    bright = np.clip(1 + 0.22 * smooth_field(rng, shape, 8, 2), 0.6, 1.6)
    colour = np.array([0.42, 0.23, 0.1]) * rng.uniform(0.6, 1.4)
    opacity = np.float32(rng.uniform(0.4, 1.0))
    return cover_picture(picture, tint_brightness(bright, colour), alpha * opacity)
