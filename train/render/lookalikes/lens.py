"""What the camera adds: coarse JPEG blocks, drops and dirt on the lens."""

import cv2
import numpy as np

from crackscan.train.render.lookalikes.brush import (
    Field,
    Rng,
    as_field,
    cover_picture,
    draw_chance,
    log_uniform,
    shade_picture,
    soften_field,
)
from crackscan.train.render.lookalikes.hole import shift_field
from crackscan.train.render.lookalikes.pen import Pen, blob_outline, smooth_curve


def draw_jpeg_blocks(picture: Field, rng: Rng) -> Field:
    """The picture after very strong JPEG compression, its blocks 8 to 24 px in size."""
    height, width = picture.shape[:2]
    grow = rng.uniform(1, 3) if draw_chance(rng, 0.4) else 1.0
    size = (max(8, round(width / grow)), max(8, round(height / grow)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if grow > 1 else picture
    quality = int(rng.integers(6, 30))
    bytes_ = np.rint(np.asarray(small)[..., ::-1] * 255).astype(np.uint8)
    packed = cv2.imencode(".jpg", bytes_, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    opened = as_field(np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)))[..., ::-1] * np.float32(
        1 / 255
    )
    if grow > 1:
        opened = as_field(cv2.resize(opened, (width, height), interpolation=cv2.INTER_LINEAR))
    return np.ascontiguousarray(np.clip(opened, 0, 1))


def draw_water_drops(picture: Field, rng: Rng) -> Field:
    """Drops on the lens or the wall: the picture upside down in each, a dark and a bright rim."""
    shape = picture.shape[:2]
    height, width = shape
    pen = Pen(shape, 2)
    size = log_uniform(rng, 3, 4 + 0.1 * max(shape))
    for _ in range(int(rng.integers(2, 30))):
        middle = rng.uniform(0, 1, 2) * [width, height]
        pen.fill(blob_outline(rng, size * rng.uniform(0.3, 1.1), 0.1, rng.uniform(0.7, 1)) + middle)
    drop = soften_field(pen.coverage(), 0.6)
    dome = soften_field(drop, 0.3 * size)
    slope_x = cv2.Sobel(dome, cv2.CV_32F, 1, 0, scale=1 / 8)
    slope_y = cv2.Sobel(dome, cv2.CV_32F, 0, 1, scale=1 / 8)
    bend = np.float32(rng.uniform(1, 4) * size * size * 0.5)
    x = np.arange(width, dtype=np.float32)[None, :] - bend * slope_x
    y = np.arange(height, dtype=np.float32)[:, None] - bend * slope_y
    bent = as_field(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))
    light = (slope_x + slope_y) * np.float32(size * rng.uniform(0.05, 0.4))
    bent = shade_picture(bent, np.clip(1 + light, 0.4, 1.7))
    return cover_picture(picture, bent, drop * np.float32(rng.uniform(0.5, 1)))


def draw_lens_dirt(picture: Field, rng: Rng) -> Field:
    """Dust and fibres on the lens: blurred grey spots and curls, the same all over in sharpness."""
    shape = picture.shape[:2]
    height, width = shape
    pen = Pen(shape, 2)
    for _ in range(int(rng.integers(1, 10))):
        middle = rng.uniform(0, 1, 2) * [width, height]
        if draw_chance(rng, 0.35):
            curl = middle + np.cumsum(rng.normal(0, 0.05 * max(shape), (5, 2)), 0)
            pen.line(smooth_curve(curl, 40), log_uniform(rng, 1, 5), rng.uniform(0.5, 1))
        else:
            radius = log_uniform(rng, 1, 2 + 0.05 * max(shape))
            pen.fill(blob_outline(rng, radius, 0.15) + middle, rng.uniform(0.4, 1))
    spot = soften_field(pen.coverage(), log_uniform(rng, 1, 8))
    if draw_chance(rng, 0.3):  # a diffraction ring
        spot = np.clip(spot - 0.6 * shift_field(soften_field(spot, 3), 0, 0), 0, 1)
    strong = rng.uniform(0.25, 0.85)
    if draw_chance(rng, 0.75):
        return shade_picture(picture, 1 - np.float32(strong) * spot)
    return cover_picture(picture, (0.9, 0.9, 0.88), spot * np.float32(strong))
