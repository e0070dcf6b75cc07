"""Search some cells of a picture for the lines that stand out from the wall."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.fast_quantile import median, quantile
from crackscan.edge.measurement.width.link import link
from crackscan.edge.measurement.width.ridge import Ridges, analyse, find_ridges
from crackscan.edge.measurement.width.trace import Trace, join, significant, smooth
from crackscan.edge.measurement.width.values import BoolArray, FloatArray

MARGIN_PX = 8
"""A centre line may leave the cells by so much."""
AROUND_PX = 48
"""Every place is seen with so much of the picture round it."""
TILE_PX = 1024
"""Larger pictures are searched in tiles of about this size, which bounds the memory."""
GAP_PX = 12.0
"""The longest gap that is bridged in a thin line; coarser lines bridge more."""
MOST_RIDGES = 300_000
"""Of a wall full of cracks only so many ridge points, the strongest, are looked at."""
FINE_POINTS, LONGEST_STEP_PX = 8_000, 3.0
"""Lines of more points than this are measured in longer steps."""


def find_traces(
    grey: NDArray[np.uint8], cells: BoolArray, cell_px: int
) -> tuple[list[Trace], float]:
    """The lines in the cells, smoothed, and the step (px) between their points.

    `grey` is uint8 (H, W), `cells` bool (ceil(H / cell_px), ceil(W / cell_px)).
    """
    found = list(_tiles(grey, cells, cell_px))
    usual = _usual(np.concatenate([part[1] for part in found]))
    noise = median(np.array([part[2] for part in found]))
    ridges = _merged([part[0] for part in found], _floor(usual, noise))
    joined = join(ridges, link(ridges, grey.shape), GAP_PX)
    kept = significant(joined, usual, noise)
    points = sum(trace.length for trace in kept)
    step = min(max(1.0, points / FINE_POINTS), LONGEST_STEP_PX)
    return [smooth(trace, step) for trace in kept], step


def _usual(strongest: FloatArray) -> float:
    """The response that most cells of a crack reach, from the strongest (n,) of each."""
    return quantile(strongest, 0.6)


def _floor(usual: float, noise: float) -> float:
    """From this response on a ridge point counts."""
    return max(0.2 * usual, noise, 0.5)


def _tiles(
    grey: NDArray[np.uint8], cells: BoolArray, cell_px: int
) -> Iterator[tuple[Ridges, FloatArray, float]]:
    """Ridges, the strongest response of each cell, and the wall's usual response, tile by tile."""
    reach = np.ones((2 * MARGIN_PX + 1,) * 2, np.uint8)
    size = max(TILE_PX // cell_px, 1)
    around = -(-AROUND_PX // cell_px)
    alone = max(cells.shape) <= size
    for top in range(0, cells.shape[0], size):
        for left in range(0, cells.shape[1], size):
            if not cells[top : top + size, left : left + size].any():
                continue
            first_row, first_column = max(top - around, 0), max(left - around, 0)
            part = cells[first_row : top + size + around, first_column : left + size + around]
            y, x = first_row * cell_px, first_column * cell_px
            picture = _evened(
                grey[y : y + part.shape[0] * cell_px, x : x + part.shape[1] * cell_px]
            )
            scales = analyse(picture)
            height, width = picture.shape
            inside = np.repeat(np.repeat(part.astype(np.uint8), cell_px, 0), cell_px, 1)
            near = cv2.dilate(inside[:height, :width], reach) > 0
            own = np.zeros_like(near)
            own[
                (top - first_row) * cell_px : (top + size - first_row) * cell_px,
                (left - first_column) * cell_px : (left + size - first_column) * cell_px,
            ] = True
            noise = median(scales.strength[::3, ::3].ravel())
            spare = (part.shape[0] * cell_px - height, part.shape[1] * cell_px - width)
            whole = np.pad(scales.strength, ((0, spare[0]), (0, spare[1])))
            # Rows first: many times quicker than both at once.
            rows = whole.reshape(part.shape[0], cell_px, -1).max(axis=1)
            strongest = rows.reshape(*part.shape, cell_px).max(axis=2)[part]
            # What all tiles together will ask for is known already where there is one only.
            floor = _floor(_usual(strongest), noise) if alone else max(noise, 0.5)
            ridges = find_ridges(scales, near & own, floor)
            yield ridges.moved(x, y), strongest, noise


def _evened(grey: NDArray[np.uint8]) -> FloatArray:
    """Brightness relative to the wall around: a crack in the shade counts as one in the sun."""
    picture = grey.astype(np.float32)
    picture *= 128 / (cv2.blur(picture, (65, 65)) + 4)
    return picture


def _merged(parts: list[Ridges], floor: float) -> Ridges:
    ridges = Ridges(
        np.concatenate([part.pixel for part in parts]),
        np.concatenate([part.position for part in parts]),
        np.concatenate([part.normal for part in parts]),
        np.concatenate([part.strength for part in parts]),
        np.concatenate([part.level for part in parts]),
    )
    return ridges.chosen(np.flatnonzero(ridges.strength > floor)).strongest(MOST_RIDGES)
