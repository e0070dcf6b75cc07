"""Crack-free walls made from noise: concrete, plaster, aggregate, boards, masonry."""

from collections.abc import Callable

import cv2
import numpy as np

from crackscan.core.rendering import noise
from crackscan.core.rendering.noise import Field


def _draw_colour(rng: np.random.Generator, low: float, high: float, chroma: float) -> Field:
    warm, green = rng.normal(0.25 * chroma, chroma), rng.normal(0.0, 0.3 * chroma)
    tone = np.array([1 + warm, 1 + green, 1 - warm], np.float32)
    return np.asarray(tone * np.float32(rng.uniform(low, high)), np.float32)


def _shade_relief(rng: np.random.Generator, relief: Field, strength: float) -> Field:
    """The shading of a relief under light from the side, about 1."""
    angle = rng.uniform(0.0, 2 * np.pi)
    slope_x = cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=1) * np.float32(np.cos(angle))
    slope_y = cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=1) * np.float32(np.sin(angle))
    slope = slope_x + slope_y
    spread = float(slope.std()) + 1e-6
    return np.asarray(1.0 + np.clip(slope * np.float32(strength / spread), -0.5, 0.5), np.float32)


def _tint_shade(rng: np.random.Generator, base: Field, shade: Field, tint: float) -> Field:
    size = shade.shape[0]
    if tint <= 0.0:
        return noise.colour_field(shade, base)
    warm = np.float32(tint) * noise.octave_noise(rng, size, size, size / 2, 16.0, 0.6)
    return _warm_shade(shade, warm, base)


def _warm_shade(shade: Field, warm: Field, base: Field) -> Field:
    planes = [shade * (1 + warm) * base[0], shade * base[1], shade * (1 - warm) * base[2]]
    return np.asarray(cv2.merge(planes), np.float32)


def draw_spots(rng: np.random.Generator, size: int, cell_px: float, share: float) -> Field:
    """Irregular round spots that cover about `share` of the wall, soft-edged, 0..1."""
    field = noise.smooth_noise(rng, size, size, cell_px) + 0.35 * noise.smooth_noise(
        rng, size, size, cell_px / 3
    )
    edge = float(np.quantile(field[::4, ::4], 1.0 - share))
    return np.asarray(np.clip((field - edge) * 4.0, 0.0, 1.0), np.float32)


def concrete_wall(rng: np.random.Generator, size: int) -> Field:
    """Cast concrete: clouds, fine grain, pores and bug holes."""
    cloud = noise.octave_noise(rng, size, size, size / 1.5, 6.0, rng.uniform(0.55, 0.85))
    shade = 1.0 + np.float32(rng.uniform(0.02, 0.09)) * cloud
    shade += np.float32(rng.uniform(0.005, 0.05)) * noise.octave_noise(
        rng, size, size, 4.0, 1.0, 0.9
    )
    if rng.random() < 0.7:
        pores = draw_spots(rng, size, rng.uniform(2.5, 9.0), rng.uniform(0.002, 0.03))
        shade *= 1.0 - np.float32(rng.uniform(0.1, 0.6)) * pores
        if rng.random() < 0.5:
            shade *= _shade_relief(
                rng,
                np.asarray(cv2.GaussianBlur(pores, (0, 0), 0.8), np.float32),
                rng.uniform(0.01, 0.04),
            )
    return _tint_shade(rng, _draw_colour(rng, 0.3, 0.85, 0.035), shade, rng.uniform(0.0, 0.012))


def plaster_wall(rng: np.random.Generator, size: int) -> Field:
    """Rendered or painted wall: a lit relief, from smooth paint to roughcast."""
    grain_px = float(np.exp(rng.uniform(np.log(2.0), np.log(24.0))))
    stretch = float(np.exp(rng.normal(0.0, 0.6))) if rng.random() < 0.4 else 1.0
    relief = noise.smooth_noise(rng, size, size, grain_px, stretch)
    relief += 0.5 * noise.smooth_noise(rng, size, size, max(grain_px / 2.5, 1.5), stretch)
    shade = _shade_relief(rng, relief, float(np.exp(rng.uniform(np.log(0.006), np.log(0.22)))))
    shade *= 1.0 + np.float32(rng.uniform(0.005, 0.05)) * noise.octave_noise(
        rng, size, size, size / 1.5, 12.0, 0.7
    )
    shade += np.float32(rng.uniform(0.0, 0.02)) * noise.white_noise(rng, size, size)
    return _tint_shade(
        rng,
        _draw_colour(rng, 0.45, 0.95, 0.12 if rng.random() < 0.15 else 0.04),
        shade,
        rng.uniform(0.0, 0.02),
    )


def aggregate_wall(rng: np.random.Generator, size: int) -> Field:
    """Asphalt, washed concrete or coarse stone: grains of many tones, lit."""
    grain_px = float(np.exp(rng.uniform(np.log(2.0), np.log(14.0))))
    tone, dome = _lay_stones(rng, size, grain_px)
    shade = 1.0 + np.float32(rng.uniform(0.05, 0.25)) * tone
    shade *= 1.0 - np.float32(rng.uniform(0.1, 0.7)) * np.clip(0.35 - dome, 0.0, 0.35) / 0.35
    bumps = dome + 0.15 * noise.octave_noise(rng, size, size, max(grain_px / 2, 2.0), 1.0, 0.8)
    shade *= _shade_relief(rng, np.asarray(bumps, np.float32), rng.uniform(0.03, 0.16))
    shade *= 1.0 + 0.05 * noise.octave_noise(rng, size, size, size / 2, 20.0, 0.7)
    shade += np.float32(rng.uniform(0.01, 0.06)) * noise.octave_noise(
        rng, size, size, 3.0, 1.0, 0.9
    )
    warm = np.float32(rng.uniform(0.0, 0.05)) * np.roll(tone, 7)
    shade = np.clip(shade / shade.mean(), 0.05, 2.0)
    return _warm_shade(shade, warm, _draw_colour(rng, 0.25, 0.65, 0.03))


def _lay_stones(rng: np.random.Generator, size: int, grain_px: float) -> tuple[Field, Field]:
    """Stones of about `grain_px`: a random tone for each, and a dome that falls to its borders.

    The cells nearest to random points (Voronoi), with borders bent by noise; stones below the
    binder's height are not seen.
    """
    count = max(4, int((size / grain_px) ** 2))
    ground = np.full((size, size), 255, np.uint8)
    at = rng.integers(0, size, (2, count))
    ground[at[0], at[1]] = 0
    far, label = cv2.distanceTransformWithLabels(
        ground, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    tones = rng.standard_normal(count + 2).astype(np.float32)
    sizes = rng.uniform(0.5, 1.3, count + 2).astype(np.float32)
    tone = tones[label]
    reach = np.asarray(far, np.float32) / np.float32(0.75 * grain_px)
    reach += 0.15 * noise.smooth_noise(rng, size, size, max(grain_px / 2, 1.5))
    dome = np.clip(sizes[label] - reach, 0.0, 1.0)
    seen = np.clip(3.0 * dome, 0.0, 1.0)
    return np.asarray(tone * seen, np.float32), np.asarray(dome, np.float32)


def board_wall(rng: np.random.Generator, size: int) -> Field:
    """Board-marked concrete: grain along the boards, every board of its own tone."""
    pitch = float(rng.uniform(0.12, 0.6) * size)
    row = np.arange(size) / pitch + rng.random()
    board = row.astype(np.intp)
    tones = 1.0 + 0.05 * rng.standard_normal(int(board.max()) + 1)
    long = float(rng.uniform(8, 30))
    grain = noise.smooth_noise(rng, size, size, rng.uniform(1.5, 5.0), long)
    grain += 0.6 * noise.smooth_noise(rng, size, size, rng.uniform(4.0, 12.0), long / 2)
    shade = 1.0 + np.float32(rng.uniform(0.01, 0.06)) * grain
    shade *= tones[board][:, None].astype(np.float32)
    edge = np.abs(row - np.rint(row)) * pitch
    seam = np.clip(1.0 - edge / rng.uniform(0.8, 2.5), 0.0, 1.0)[:, None].astype(np.float32)
    broken = np.clip(0.6 + 0.7 * noise.smooth_noise(rng, size, size, 40.0, 3.0), 0.0, 1.3)
    shade *= 1.0 + np.float32(rng.uniform(-0.35, 0.2)) * seam * broken
    shade *= 1.0 + 0.05 * noise.octave_noise(rng, size, size, size / 1.5, 4.0, 0.75)
    shade += np.float32(rng.uniform(0.005, 0.03)) * noise.octave_noise(
        rng, size, size, 3.0, 1.0, 0.9
    )
    if rng.random() < 0.5:
        shade = np.ascontiguousarray(shade.T)
    return _tint_shade(rng, _draw_colour(rng, 0.3, 0.8, 0.035), shade, rng.uniform(0.0, 0.015))


def masonry_wall(rng: np.random.Generator, size: int) -> Field:
    """Brick, block or tile: joints in a bond, stones of different tones."""
    tall = float(rng.uniform(0.1, 0.4) * size)
    wide = tall * float(rng.choice([1.0, 2.0, 3.2]))
    joint = float(rng.uniform(0.02, 0.12) * tall)
    tilt = np.float32(rng.normal(0.0, 0.03))
    wobble = np.float32(rng.uniform(0.0, 0.025) * tall) * noise.smooth_noise(
        rng, size, size, tall / 3
    )
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    v = (y + tilt * x + wobble) / np.float32(tall) + np.float32(rng.random())
    course = np.floor(v)
    u = (x - tilt * y + wobble) / np.float32(wide) + np.float32(rng.choice([0.0, 0.5])) * (
        course % 2
    )
    u += np.float32(rng.random() + 1.0)
    stone = (course.astype(np.intp) * 31 + np.floor(u).astype(np.intp) * 7) % 97
    tones = (1.0 + rng.uniform(0.02, 0.15) * rng.standard_normal(97)).astype(np.float32)
    near = np.minimum(
        np.minimum(v - course, course + 1 - v) * np.float32(tall),
        np.minimum(u - np.floor(u), np.floor(u) + 1 - u) * np.float32(wide),
    )
    body = np.clip(near - np.float32(joint), 0.0, 1.0)
    brick = _draw_colour(rng, 0.3, 0.75, 0.03)
    if rng.random() < 0.5:
        brick = np.array([0.62, 0.42, 0.34], np.float32) * np.float32(rng.uniform(0.6, 1.3))
    mortar = np.float32(rng.uniform(0.75, 1.35)) * brick.mean() * _draw_colour(rng, 0.95, 1.0, 0.03)
    rough = 1.0 + np.float32(rng.uniform(0.02, 0.08)) * noise.octave_noise(
        rng, size, size, 24.0, 1.0, 0.8
    )
    shade = rough * (1.0 + body * (tones[stone] - 1.0))
    shade = shade * _shade_relief(rng, np.asarray(body, np.float32), rng.uniform(0.0, 0.08))
    planes = [shade * (m + body * (b - m)) for b, m in zip(brick, mortar, strict=True)]
    return np.asarray(cv2.merge(planes), np.float32)


PROCEDURAL: dict[str, tuple[float, Callable[[np.random.Generator, int], Field]]] = {
    "concrete": (0.3, concrete_wall),
    "plaster": (0.3, plaster_wall),
    "aggregate": (0.16, aggregate_wall),
    "boards": (0.14, board_wall),
    "masonry": (0.1, masonry_wall),
}
"""Every procedural wall with its share."""
