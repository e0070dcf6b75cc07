"""Which stretches of a crack can be seen at all: what no eye sees must not be labelled."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.train.render.appearance import Look
from crackscan.train.render.camera import Camera
from crackscan.train.render.crack import Strand
from crackscan.train.render.trace import Band

FAINTEST = 0.035
WINDOW = 9


def blur_px(camera: Camera) -> float:
    """The standard deviation of a camera's blur in scene pixels, its pixel included."""
    return float(np.sqrt(camera.defocus_px**2 + (0.29 * camera.motion_px) ** 2 + 0.3**2))


def made_visible(look: Look, camera: Camera, width_px: float) -> tuple[Look, Camera]:
    """Darken a crack of `width_px` (scene pixels), then sharpen the camera, until it can be seen.

    Under a Gaussian blur s, a line of width w keeps erf(w / (2 sqrt(2) s)) of its contrast.
    """
    needed = FAINTEST + 0.01 + camera.shot + camera.read
    kept = _contrast_kept(width_px, blur_px(camera))
    if look.fill != "lime" and (1 - look.inside) * kept < needed:
        look = replace(look, inside=float(np.clip(1 - needed / max(kept, 1e-3), 0.1, look.inside)))
    if abs(1 - look.inside) * kept < needed:
        camera = replace(camera, defocus_px=0.3 * camera.defocus_px, motion_px=0.0)
    return look, camera


def _contrast_kept(width_px: float, blur: float) -> float:
    x = width_px / (2 * np.sqrt(2) * blur)
    return float(np.sqrt(1 - np.exp(-x * x * (4 / np.pi + 0.14 * x * x) / (1 + 0.14 * x * x))))


def visible_vertices(
    strands: Sequence[Strand],
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    camera: Camera,
) -> list[NDArray[np.bool_]]:
    """For every strand, which of its vertices can be seen, (N,) bool each.

    `before` and `after` are the scene (H, W, 3) without and with the cracks. A vertex is seen if
    the blurred difference is more than 3.5 % of the local brightness and stands out of the wall
    itself and the noise, on a good part of the vertices around it, and if nothing covers it.
    """
    sigma = blur_px(camera)
    change = cv2.GaussianBlur(np.abs(after[..., 1] - before[..., 1]), (0, 0), sigma)
    wall = cv2.GaussianBlur(before[..., 1], (0, 0), sigma)
    coarse = cv2.GaussianBlur(cv2.resize(wall, None, fx=0.5, fy=0.5), (0, 0), 3.0)
    level = np.asarray(cv2.resize(coarse, wall.shape[::-1]), np.float32) + np.float32(0.02)
    texture = float(np.abs(wall - level)[::3, ::3].mean() / level.mean())
    needed = FAINTEST + 0.5 * (camera.shot + camera.read) + 0.5 * min(texture, 0.1)
    height, width = change.shape
    result = []
    for piece in strands:
        column = np.clip(np.rint(piece.points[:, 0]), 1, width - 2).astype(np.intp)
        row = np.clip(np.rint(piece.points[:, 1]), 1, height - 2).astype(np.intp)
        strength = change[row, column] / (needed * level[row, column])
        clear = (strength > 1.0).astype(np.float32)
        around = np.convolve(np.pad(clear, WINDOW, mode="edge"), np.ones(2 * WINDOW + 1), "valid")
        covered = np.convolve(np.pad(strength < 0.15, 1, mode="edge"), np.ones(3), "valid") >= 3
        result.append((around > 0.3 * (2 * WINDOW + 1)) & ~covered)
    return result


def hide_vertices(
    bands: Sequence[Band], strands: Sequence[Strand], shown: Sequence[NDArray[np.bool_]]
) -> list[Band]:
    """Bands whose coverage is zero beside the vertices that are not shown."""
    cut = []
    for band in bands:
        flags = [s for piece, s in zip(strands, shown, strict=True) if piece.rank == band.rank]
        kept = np.concatenate(flags)[band.vertex]
        cut.append(replace(band, cover=np.where(kept, band.cover, 0.0).astype(np.float32)))
    return cut


def split_strands(strands: Sequence[Strand], shown: Sequence[NDArray[np.bool_]]) -> list[Strand]:
    """The shown stretches of strands, each of two vertices or more, as strands of their own."""
    parts = []
    for piece, flags in zip(strands, shown, strict=True):
        edges = np.flatnonzero(np.diff(np.r_[False, flags, False].astype(np.int8)))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            if stop - start >= 2:
                part = slice(start, stop)
                parts.append(Strand(piece.points[part], piece.left[part], piece.rank))
    return parts
