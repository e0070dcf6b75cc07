"""Shadows: edges, bars and branches between the light and the wall."""

import numpy as np

from crackscan.train.render.lookalikes.brush import (
    Field,
    Rng,
    band_coverage,
    draw_chance,
    log_uniform,
    shade_picture,
    smooth_field,
    soften_field,
)
from crackscan.train.render.lookalikes.course import along_across, draw_course
from crackscan.train.render.lookalikes.pen import Pen, smooth_curve


def in_shadow(rng: Rng, picture: Field, shadow: Field, depth: float) -> Field:
    """The picture with light taken away where `shadow` (H, W) is 1; what remains is bluer."""
    cool = rng.uniform(0, 0.12)
    gain = 1 - np.float32(depth) * np.clip(shadow, 0, 1)
    return shade_picture(picture, gain, (1 + cool * 0.5, 1.0, 1 - cool))


def draw_shadow_edge(picture: Field, rng: Rng) -> Field:
    """The edge of a large shadow, or the shadow of a post, hard to very soft."""
    shape = picture.shape[:2]
    course = draw_course(rng, shape, 0.3, bend=0.08 if draw_chance(rng, 0.3) else 0.0)
    along, across = along_across(shape, course)
    soft = log_uniform(rng, 1.0, 40)
    if draw_chance(rng, 0.5):
        if draw_chance(rng, 0.5):
            across = across + np.float32(log_uniform(rng, 0.3, 6)) * smooth_field(rng, shape, 25, 2)
        shadow = np.clip(across / np.float32(soft) + 0.5, 0, 1)
        shadow = shadow * shadow * (3 - 2 * shadow)
    else:
        half = log_uniform(rng, 0.6, 25)
        grow = np.float32(rng.normal(0, 0.02)) * along
        shadow = band_coverage(across, -half - grow, half + grow, min(soft, 2 * half + 1))
    return in_shadow(rng, picture, np.asarray(shadow, np.float32), rng.uniform(0.15, 0.75))


def draw_bar_shadows(picture: Field, rng: Rng) -> Field:
    """The shadows of railings, blinds or wires: several even bands side by side."""
    shape = picture.shape[:2]
    along, across = along_across(shape, draw_course(rng, shape, 0.4))
    pitch = log_uniform(rng, 8, 90)
    wide = pitch * log_uniform(rng, 0.08, 0.5)
    fan = np.float32(rng.normal(0, 0.0008)) * along + 1
    far = (across * fan) % np.float32(pitch) - np.float32(pitch / 2)
    soft = log_uniform(rng, 1.0, max(1.5, wide * 1.5))
    shadow = band_coverage(far, -wide / 2, wide / 2, soft)
    if draw_chance(rng, 0.4):
        shadow = np.maximum(shadow, np.clip(along / np.float32(soft), 0, 1))
    return in_shadow(rng, picture, np.asarray(shadow, np.float32), rng.uniform(0.15, 0.65))


def draw_branch_shadow(picture: Field, rng: Rng) -> Field:
    """The shadow of twigs and leaves: smooth, tapering and blurred, unlike any crack's edge."""
    shape = picture.shape[:2]
    height, width = shape
    pen = Pen(shape, 1)
    size = max(shape)
    stems = [(rng.uniform(0, 1, 2) * [width, height], rng.uniform(0, 2 * np.pi), 0.7 * size, 6.0)]
    thick = log_uniform(rng, 0.6, 3.0)
    leafy = rng.uniform(0, 1)
    for _ in range(16):
        start, heading, long, wide = stems.pop(0)
        bend = rng.normal(0, 0.3)
        steps = np.linspace(0, 1, 6)[:, None]
        angles = heading + bend * steps
        step = np.hstack([np.cos(angles), np.sin(angles)]) * long / 6
        points = smooth_curve(np.vstack([start, start + np.cumsum(step, 0)]), 24)
        pen.taper(points, max(1.0, wide * thick), max(1.0, wide * thick * 0.5))
        for _ in range(2 + int(rng.integers(0, 2))):
            at = points[int(rng.integers(6, 24))]
            turned = heading + rng.uniform(0.3, 1.1) * rng.choice([-1, 1])
            stems.append((at, turned, long * rng.uniform(0.4, 0.75), wide * 0.6))
    shadow = pen.coverage()
    leaves = Pen(shape, 1)
    for _ in range(int(leafy * leafy * 40)):
        middle = rng.uniform(0, 1, 2) * [width, height]
        turn = rng.uniform(0, 2 * np.pi)
        round_ = np.linspace(0, 2 * np.pi, 14)
        long = size * rng.uniform(0.015, 0.06)
        leaf = np.stack([np.cos(round_) * long, np.sin(round_) * long * 0.45], 1)
        leaf = leaf @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        leaves.fill(leaf + middle)
    shadow = np.maximum(shadow, leaves.coverage())
    shadow = soften_field(shadow, log_uniform(rng, 1.0, 4.5))
    return in_shadow(rng, picture, shadow, rng.uniform(0.2, 0.65))
