"""Courses and sheets: where lines run, and how a strip of texture is laid along them."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from crackscan.train.render.lookalikes.brush import Field, Rng, Values, as_field, draw_chance


@dataclass(frozen=True)
class Course:
    """Where a line runs: through a point, at an angle (0 = level), with a bend."""

    x: float
    y: float
    angle_rad: float
    bend_per_px: float = 0.0
    """Curvature: the line leaves its tangent by bend / 2 times the way squared."""


def draw_course(
    rng: Rng,
    shape: tuple[int, int],
    upright: float = 0.6,
    bend: float = 0.0,
    off_middle: float = 0.4,
) -> Course:
    """A course through a picture, at most `off_middle` of its extent away from its middle.

    `upright` is the share that runs level or plumb (within some degrees), the rest at any angle;
    `bend` is the largest sagitta, as a share of the picture's diagonal.
    """
    height, width = shape
    if draw_chance(rng, upright):
        angle = float(rng.integers(0, 4) * np.pi / 2 + rng.normal(0, 0.03))
    else:
        angle = rng.uniform(0, 2 * np.pi)
    diagonal = float(np.hypot(height, width))
    curvature = rng.uniform(-1, 1) * bend * 8 / diagonal
    off = rng.uniform(-off_middle, off_middle)
    extent = abs(width * np.sin(angle)) + abs(height * np.cos(angle))
    return Course(
        width / 2 - off * extent * np.sin(angle),
        height / 2 + off * extent * np.cos(angle),
        float(angle),
        float(curvature),
    )


def along_across(shape: tuple[int, int], course: Course) -> tuple[Field, Field]:
    """For every pixel the way along the course and the distance to its right, both (H, W) in px."""
    x = np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(course.x)
    y = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(course.y)
    cos, sin = np.float32(np.cos(course.angle_rad)), np.float32(np.sin(course.angle_rad))
    along = x * cos + y * sin
    across = y * cos - x * sin
    if course.bend_per_px:
        across -= np.float32(course.bend_per_px / 2) * along * along
    return along, across


def strip_length(shape: tuple[int, int]) -> int:
    """The length in px of a strip that spans the picture at any angle."""
    return int(np.hypot(*shape)) + 8


def rows_of(half_px: float, per_px: float) -> Field:
    """The distances (K, 1) from a strip's centre line of its rows, `per_px` of them a pixel."""
    count = int(np.ceil(half_px * per_px))
    return (np.arange(-count, count + 1, dtype=np.float32) / np.float32(per_px))[:, None]


def lay_strip(strip: Values, place: tuple[Values, Values], per_px: float = 1.0) -> Field:
    """A strip (across, along) or (across, along, C) laid along a course; beyond it all is 0.

    `place` is what `along_across` gave. The strip's middle lies on the course's point, its rows
    are `per_px` to the pixel across, its columns one to the pixel along.
    """
    along, across = as_field(place[0]), as_field(place[1])
    texture = np.ascontiguousarray(strip, np.float32)
    rows, columns = texture.shape[:2]
    inside = np.abs(across) <= np.float32(rows / 2 / per_px)
    if np.count_nonzero(inside) > min(0.4 * inside.size, 2**15 - 2):
        pick: tuple[npt.NDArray[np.intp], ...] | slice = slice(None)
    else:  # most lines touch few pixels: look up no others
        pick = np.nonzero(inside)
        if len(pick[0]) == 0:
            return np.zeros(along.shape + texture.shape[2:], np.float32)
    x = along[pick] + np.float32((columns - 1) / 2)
    y = across[pick] * np.float32(per_px) + np.float32((rows - 1) / 2)
    found = as_field(cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    if x.ndim == 2:
        return found * (inside if found.ndim == 2 else inside[..., None])
    laid = np.zeros(along.shape + texture.shape[2:], np.float32)
    laid[pick] = found.reshape(len(x), *texture.shape[2:])
    return laid


def on_sheet(rng: Rng, shape: tuple[int, int], tilt: float = 0.25) -> tuple[Field, Field]:
    """Where every pixel lies on a flat sheet, turned, moved and seen at an angle: x and y in px.

    `tilt` is the largest change of scale towards one side (0.5: up to half as fine again).
    """
    height, width = shape
    angle = rng.normal(0, 0.05) if draw_chance(rng, 0.6) else rng.uniform(0, 2 * np.pi)
    along, across = along_across(shape, Course(width / 2, height / 2, float(angle)))
    lean_x, lean_y = (rng.uniform(-tilt, tilt, 2) / np.hypot(height, width)).astype(np.float32)
    depth = np.float32(1) / (1 + lean_x * along + lean_y * across)
    off_x, off_y = rng.uniform(0, 4096, 2).astype(np.float32)
    return along * depth + off_x, across * depth + off_y
