"""Crack-free walls cut from photographs, at a random scale."""

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.errors import DataError
from crackscan.core.pictures import is_picture, read_picture
from crackscan.core.rendering import noise
from crackscan.core.rendering.noise import Field

Picture = NDArray[np.uint8]

MAX_PICTURES = 2000
"""Pictures read at most, so that they fit into memory."""
MAX_SIDE_PX = 2048
"""Longer pictures are halved until they are not."""


def read_backgrounds(folders: Sequence[str | os.PathLike[str]]) -> list[NDArray[np.uint8]]:
    """Read the crack-free pictures of folders, at any depth, uint8 RGB; none for no folder.

    Of more than 2,000 pictures, 2,000 spread evenly over the sorted names are read; pictures longer
    than 2,048 px are halved until they are not. Raises DataError for a folder without pictures.
    """
    paths: list[Path] = []
    for folder in folders:
        found = sorted(path for path in Path(folder).rglob("*") if is_picture(path))
        if not found:
            raise DataError(f"{folder} holds no picture to render on")
        paths += found
    if len(paths) > MAX_PICTURES:
        chosen = np.linspace(0, len(paths) - 1, MAX_PICTURES).round().astype(int)
        paths = [paths[i] for i in chosen]
    return [_halve_picture(read_picture(path)) for path in paths]


def _halve_picture(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    while max(rgb.shape[:2]) > MAX_SIDE_PX:
        half = (rgb.shape[1] // 2, rgb.shape[0] // 2)
        rgb = np.asarray(cv2.resize(rgb, half, interpolation=cv2.INTER_AREA), np.uint8)
    return rgb


def cut_wall(
    rng: np.random.Generator, size: int, pictures: Sequence[Picture], scale: tuple[float, float]
) -> Field:
    """A square wall cut from crack-free pictures (uint8 RGB), (size, size, 3) float32 in 0..1.

    The picture is turned, mirrored and scaled by a factor between the two of `scale` (log-uniform)
    and continued by mirroring; half the time the detail of a second one is laid over it, which
    also hides the mirrors.
    """
    alone = rng.random() < 0.5
    first = _lay_picture(rng, size, pictures[int(rng.integers(len(pictures)))], scale, alone)
    if alone:
        return _add_grain(rng, first)
    second = _lay_picture(rng, size, pictures[int(rng.integers(len(pictures)))], scale, False)
    detail = second - _mean_colour(second)
    if rng.random() < 0.5:
        share = np.clip(
            0.5 + 0.8 * noise.octave_noise(rng, size, size, size / 2, 8.0, 0.7), 0.0, 1.0
        )
        mixed = first + noise.colour_field(share) * (_mean_colour(first) + detail - first)
    else:
        mixed = first + np.float32(rng.uniform(0.3, 0.9)) * detail
    return _add_grain(rng, np.asarray(np.clip(mixed, 0.0, 1.0), np.float32))


def _add_grain(rng: np.random.Generator, wall: Field) -> Field:
    """Put back the finest grain, which enlarging and a phone's noise filter took away."""
    if rng.random() < 0.25:
        return wall
    size = wall.shape[0]
    grain = noise.octave_noise(rng, size, size, rng.uniform(1.5, 6.0), 1.0, rng.uniform(0.7, 1.2))
    if rng.random() < 0.3:  # pores and sand: the dark tail is longer
        grain = np.minimum(grain, 0.6) + 1.5 * np.minimum(grain + 1.6, 0.0)
    strength = np.float32(np.exp(rng.uniform(np.log(0.008), np.log(0.15))))
    return np.asarray(wall * noise.colour_field(1.0 + strength * grain), np.float32)


def _lay_picture(
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
    laid = _warp_picture(picture, matrix, size)
    if not woven or max(width, height) * factor > 1.2 * size:
        return laid
    away = rng.uniform(0.3, 0.7, 2) * (width, height)  # mirrors side by side make a kaleidoscope
    matrix[:, 2] += away
    matrix[:, :2] = matrix[:, :2] @ np.array([[0.0, -1.0], [1.0, 0.0]])
    other = _warp_picture(picture, matrix, size)
    share = np.clip(0.5 + noise.smooth_noise(rng, size, size, size / 3), 0.0, 1.0)
    share = np.asarray(share / np.sqrt(share**2 + (1 - share) ** 2), np.float32)
    rest = np.sqrt(1 - share**2)
    level = noise.colour_field(1 - share - rest, _mean_colour(laid))
    return np.asarray(
        noise.colour_field(share) * laid + noise.colour_field(rest) * other + level, np.float32
    )


def _mean_colour(picture: Field) -> Field:
    return np.array(cv2.mean(picture)[:3], np.float32)


def _warp_picture(picture: Picture, matrix: NDArray[np.float64], size: int) -> Field:
    laid = cv2.warpAffine(
        np.ascontiguousarray(picture),
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.multiply(laid, np.float32(1 / 255), dtype=np.float32)
