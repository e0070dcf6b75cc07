"""Strands become pixels: exact coverage, and where every pixel lies along and across its crack."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.train.render.crack import Strand

Floats = NDArray[np.float32]
MARGIN_PX = 12


@dataclass(frozen=True)
class Band:
    """The pixels within reach of the cracks of one rank, as flat arrays of length K."""

    rank: int
    pixel: NDArray[np.intp]
    """Flat index into the picture."""
    across: Floats
    """Signed distance from the centre line in pixels, negative to its left."""
    half: Floats
    """Half of the local width on this pixel's side, in pixels."""
    vertex: NDArray[np.intp]
    """The nearest vertex, counted over all strands of the rank."""
    normal: Floats
    """(K, 2): unit vector across the crack, from its left to its right."""
    cover: Floats
    """The share of the pixel that is crack, 0..1."""


def cover_pixels(bands: list[Band], height: int, width: int) -> Floats:
    """The share of every pixel that is crack, (H, W) float32 in 0..1."""
    total = np.zeros(height * width, np.float32)
    for band in bands:
        total[band.pixel] = np.maximum(total[band.pixel], band.cover)
    return total.reshape(height, width)


def trace_strands(strands: list[Strand], height: int, width: int, reach_px: float) -> list[Band]:
    """Trace strands, one band a rank, as far as their width and `reach_px` beyond it.

    A pixel's coverage is the overlap of its unit interval with the crack's, both measured across
    the crack: the sum over a strand's pixels is its area, however thin it is.
    """
    ranks = sorted({piece.rank for piece in strands})
    bands = (
        _trace_band([s for s in strands if s.rank == r], height, width, reach_px) for r in ranks
    )
    return [band for band in bands if band is not None]


def _trace_band(strands: list[Strand], height: int, width: int, reach_px: float) -> Band | None:
    points = np.concatenate([s.points for s in strands])
    left = np.concatenate([s.left for s in strands])
    last = np.cumsum([len(s.points) for s in strands]) - 1
    segment = np.ones(len(points), bool)
    segment[last] = False
    starts = np.flatnonzero(segment)
    nearest = _nearest_segments(points, starts, height, width)
    if nearest is None:
        return None
    far, seed = nearest
    wide = reach_px + 0.5 * float(points[:, 2].max()) + 2.0
    pixel = np.flatnonzero(far <= wide)
    if not len(pixel):
        return None
    seed = seed[pixel]
    if wide > reach_px + 4.0:  # thin strands beside a wide one need no wide band
        close = far[pixel] <= reach_px + 0.8 * points[seed, 2] + 2.0
        pixel, seed = pixel[close], seed[close]
    y, x = (v.astype(np.float32) for v in np.divmod(pixel, width))
    best, vertex, at = _foot_of_pixels(points, seed, x, y)
    for offset, end in (
        (-1, at == 0.0),
        (1, at == 1.0),
    ):  # past an end, the neighbour may be nearer
        k = np.clip(seed[end] + offset, 0, len(points) - 2)
        k = np.where(segment[k], k, seed[end])
        near, _, there = _foot_of_pixels(points, k, x[end], y[end])
        closer = near < best[end]
        which = np.flatnonzero(end)[closer]
        best[which], vertex[which], at[which] = near[closer], k[closer], there[closer]
    a, b = points[vertex], points[vertex + 1]
    dx, dy = b[:, 0] - a[:, 0], b[:, 1] - a[:, 1]
    side = np.where(dx * (y - a[:, 1]) < dy * (x - a[:, 0]), -1.0, 1.0).astype(np.float32)
    across = side * best
    normal = np.stack([-dy, dx], axis=1) / (np.sqrt(dx * dx + dy * dy)[:, None] + 1e-6)
    share = left[vertex] + at * (left[vertex + 1] - left[vertex])
    half = np.where(side < 0, share, 1 - share) * (a[:, 2] + at * (b[:, 2] - a[:, 2]))
    keep = best <= half + np.float32(reach_px)
    if not keep.any():
        return None
    pixel, across, half = pixel[keep], across[keep], half[keep].astype(np.float32)
    whole = points[vertex[keep], 2]
    other = np.maximum(whole - half, 0.0)
    inward = np.abs(across)
    cover = np.clip(np.minimum(inward + 0.5, half) - np.maximum(inward - 0.5, -other), 0.0, 1.0)
    return Band(
        strands[0].rank, pixel, across, half, vertex[keep], normal[keep], cover.astype(np.float32)
    )


def _foot_of_pixels(
    points: Floats, k: NDArray[np.intp], x: Floats, y: Floats
) -> tuple[Floats, NDArray[np.intp], Floats]:
    """Distance of pixels from segments `k`, these, and where along them the foot lies, 0..1."""
    a, b = points[k, :2], points[k + 1, :2]
    dx, dy = b[:, 0] - a[:, 0], b[:, 1] - a[:, 1]
    px, py = x - a[:, 0], y - a[:, 1]
    at = np.clip((px * dx + py * dy) / (dx * dx + dy * dy + np.float32(1e-9)), 0.0, 1.0)
    px -= at * dx
    py -= at * dy
    return np.sqrt(px * px + py * py), k.copy(), at.astype(np.float32, copy=False)


def _nearest_segments(
    points: Floats, starts: NDArray[np.intp], height: int, width: int
) -> tuple[Floats, NDArray[np.intp]] | None:
    """The distance of every pixel from the centre lines and the nearest segment, both (H * W,)."""
    tall, wide = height + 2 * MARGIN_PX, width + 2 * MARGIN_PX
    owner = np.full(tall * wide, -1, np.intp)
    for part in (0.0, 0.2, 0.4, 0.6, 0.8):
        at = points[starts, :2] + np.float32(part) * (points[starts + 1, :2] - points[starts, :2])
        column = np.rint(at[:, 0]).astype(np.intp) + MARGIN_PX
        row = np.rint(at[:, 1]).astype(np.intp) + MARGIN_PX
        inside = (column >= 0) & (column < wide) & (row >= 0) & (row < tall)
        owner[row[inside] * wide + column[inside]] = starts[inside]
    lines = owner >= 0
    if not lines.any():
        return None
    ground = np.where(lines, 0, 255).astype(np.uint8).reshape(tall, wide)
    far, label = cv2.distanceTransformWithLabels(
        ground, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    inner = (slice(MARGIN_PX, MARGIN_PX + height), slice(MARGIN_PX, MARGIN_PX + width))
    by_label = np.zeros(int(label.max()) + 1, np.intp)
    by_label[label.reshape(-1)[lines]] = owner[lines]
    return (
        np.ascontiguousarray(far[inner], np.float32).reshape(-1),
        by_label[np.ascontiguousarray(label[inner]).reshape(-1)],
    )
