"""Crack-free walls from real pictures at random scale, and the light on a wall."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.train.render import noise
from crackscan.train.render.noise import Field
from crackscan.train.render.procedural import spots

Picture = NDArray[np.uint8]


def real(
    rng: np.random.Generator, size: int, pictures: Sequence[Picture], scale: tuple[float, float]
) -> Field:
    """A square wall cut from crack-free pictures (uint8 RGB), (size, size, 3) float32 in 0..1.

    The picture is turned, mirrored and scaled by a factor between the two of `scale` (log-uniform)
    and continued by mirroring; half the time the detail of a second one is laid over it, which
    also hides the mirrors.
    """
    alone = rng.random() < 0.5
    first = _lay(rng, size, pictures[int(rng.integers(len(pictures)))], scale, alone)
    if alone:
        return _grained(rng, first)
    second = _lay(rng, size, pictures[int(rng.integers(len(pictures)))], scale, False)
    detail = second - _mean(second)
    if rng.random() < 0.5:
        share = np.clip(0.5 + 0.8 * noise.octaves(rng, size, size, size / 2, 8.0, 0.7), 0.0, 1.0)
        mixed = first + noise.rgb(share) * (_mean(first) + detail - first)
    else:
        mixed = first + np.float32(rng.uniform(0.3, 0.9)) * detail
    return _grained(rng, np.asarray(np.clip(mixed, 0.0, 1.0), np.float32))


def _grained(rng: np.random.Generator, wall: Field) -> Field:
    """Put back the finest grain, which enlarging and a phone's noise filter took away."""
    if rng.random() < 0.25:
        return wall
    size = wall.shape[0]
    grain = noise.octaves(rng, size, size, rng.uniform(1.5, 6.0), 1.0, rng.uniform(0.7, 1.2))
    if rng.random() < 0.3:  # pores and sand: the dark tail is longer
        grain = np.minimum(grain, 0.6) + 1.5 * np.minimum(grain + 1.6, 0.0)
    strength = np.float32(np.exp(rng.uniform(np.log(0.008), np.log(0.15))))
    return np.asarray(wall * noise.rgb(1.0 + strength * grain), np.float32)


def _lay(
    rng: np.random.Generator,
    size: int,
    picture: Picture,
    scale: tuple[float, float],
    woven: bool,
) -> Field:
    """One picture laid over the square; `woven` breaks up the mirrors if it is repeated."""
    factor = float(np.exp(rng.uniform(np.log(scale[0]), np.log(scale[1]))))
    if factor < 0.8:
        smaller = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        picture = np.asarray(smaller, np.uint8)
        factor = 1.0
    height, width = picture.shape[:2]
    turn = int(rng.integers(4)) * np.pi / 2
    if rng.random() < 0.5:
        turn += rng.uniform(-np.pi / 4, np.pi / 4)
    cosine, sine = np.cos(turn) / factor, np.sin(turn) / factor
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    middle_x, middle_y = rng.uniform(0, width), rng.uniform(0, height)
    half = (size - 1) / 2
    if width * factor > size * 1.5 and height * factor > size * 1.5:  # room for a true cut
        inset = size / factor * 0.72
        middle_x = rng.uniform(inset, max(width - inset, inset + 1))
        middle_y = rng.uniform(inset, max(height - inset, inset + 1))
    matrix = np.array(
        [
            [cosine, -sine, middle_x - cosine * half + sine * half],
            [sine, cosine, middle_y - sine * half - cosine * half],
        ]
    )
    laid = _warped(picture, matrix, size)
    if not woven or max(width, height) * factor > 1.2 * size:
        return laid
    away = rng.uniform(0.3, 0.7, 2) * (width, height)  # mirrors side by side make a kaleidoscope
    matrix[:, 2] += away
    matrix[:, :2] = matrix[:, :2] @ np.array([[0.0, -1.0], [1.0, 0.0]])
    other = _warped(picture, matrix, size)
    share = np.clip(0.5 + noise.smooth(rng, size, size, size / 3), 0.0, 1.0)
    share = np.asarray(share / np.sqrt(share**2 + (1 - share) ** 2), np.float32)
    rest = np.sqrt(1 - share**2)
    level = noise.rgb(1 - share - rest, _mean(laid))
    return np.asarray(noise.rgb(share) * laid + noise.rgb(rest) * other + level, np.float32)


def _mean(picture: Field) -> Field:
    return np.array(cv2.mean(picture)[:3], np.float32)


def _warped(picture: Picture, matrix: NDArray[np.float64], size: int) -> Field:
    laid = cv2.warpAffine(
        np.ascontiguousarray(picture),
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.multiply(laid, np.float32(1 / 255), dtype=np.float32)


def light_up(rng: np.random.Generator, wall: Field) -> Field:
    """Uneven light over a wall, stains and a colour cast; returns a new picture in 0..1."""
    size = wall.shape[0]
    coarse = max(8, size // 3)
    angle = rng.uniform(0.0, 2 * np.pi)
    ramp = np.linspace(-1.0, 1.0, coarse, dtype=np.float32)
    slope = np.float32(rng.gamma(1.5, 0.04))
    light = 1.0 + slope * (
        np.float32(np.cos(angle)) * ramp[None, :] + np.float32(np.sin(angle)) * ramp[:, None]
    )
    if rng.random() < 0.5:
        cloud = noise.smooth(rng, coarse, coarse, coarse / 3)
        light = light * (1.0 + np.float32(rng.gamma(1.5, 0.02)) * cloud)
    if rng.random() < 0.3:
        stain = spots(rng, coarse, coarse / rng.uniform(3, 8), rng.uniform(0.05, 0.4))
        stain = np.asarray(cv2.GaussianBlur(stain, (0, 0), rng.uniform(0.5, 3.0)), np.float32)
        light = light * (1.0 - np.float32(rng.uniform(-0.1, 0.3)) * stain)
    if rng.random() < 0.45:  # grey walls, dull days, and photographs without colour
        kept = rng.random()
        weights = np.tile((0.3, 0.59, 0.11), (3, 1))
        wall = np.asarray(cv2.transform(wall, kept * np.eye(3) + (1 - kept) * weights), np.float32)
    cast = np.array([1 + rng.normal(0, 0.012), 1.0, 1 + rng.normal(0, 0.012)], np.float32)
    light = np.asarray(cv2.resize(noise.rgb(light.astype(np.float32), cast), (size, size)))
    return np.clip(wall * light, 0.0, 1.0)
