"""Search for the centre lines that stand out from the wall in given cells of a picture."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.centre_line import (
    CentreLine,
    resample_line,
    select_significant,
)
from crackscan.edge.measurement.width.fast_quantile import compute_median, compute_quantile
from crackscan.edge.measurement.width.gap_bridging import bridge_gaps
from crackscan.edge.measurement.width.parameters import SEARCH, SearchParameters
from crackscan.edge.measurement.width.ridge_detection import (
    RidgePoints,
    build_scale_space,
    detect_ridges,
)
from crackscan.edge.measurement.width.ridge_linking import link_ridges
from crackscan.edge.measurement.width.values import BoolArray, FloatArray


def search_lines(
    grey: NDArray[np.uint8], cells: BoolArray, cell_px: int, parameters: SearchParameters = SEARCH
) -> tuple[list[CentreLine], float]:
    """Find the centre lines in the cells, resampled, and the step between their points, px.

    Args:
        grey: uint8 (H, W).
        cells: bool (ceil(H / cell_px), ceil(W / cell_px)), True where lines are searched.
        cell_px: side of a cell.
        parameters: margins, tiles and steps of the search.
    """
    tiles = list(_search_tiles(grey, cells, cell_px, parameters))
    crack_strength = _estimate_crack(np.concatenate([tile[1] for tile in tiles]), parameters)
    wall_strength = compute_median(np.array([tile[2] for tile in tiles]))
    least_strength = _choose_threshold(crack_strength, wall_strength, parameters)
    ridges = _merge_ridges([tile[0] for tile in tiles], least_strength, parameters.most_ridges)
    joined = bridge_gaps(ridges, link_ridges(ridges, grey.shape), parameters.bridge_px)
    kept = select_significant(joined, crack_strength, wall_strength)
    points = sum(line.length for line in kept)
    step_px = min(max(1.0, points / parameters.dense_points), parameters.longest_step_px)
    return [resample_line(line, step_px) for line in kept], step_px


def _estimate_crack(strongest: FloatArray, parameters: SearchParameters) -> float:
    """Estimate the response that most cells of a crack reach, from the strongest (n,) of each."""
    return compute_quantile(strongest, parameters.crack_quantile)


def _choose_threshold(
    crack_strength: float, wall_strength: float, parameters: SearchParameters
) -> float:
    """Choose the response from which on a ridge point counts."""
    return max(parameters.least_response * crack_strength, wall_strength, 0.5)


def _search_tiles(
    grey: NDArray[np.uint8], cells: BoolArray, cell_px: int, parameters: SearchParameters
) -> Iterator[tuple[RidgePoints, FloatArray, float]]:
    """Yield for each tile its ridges, the strongest response of each cell, and the wall's."""
    margin = np.ones((2 * parameters.margin_px + 1,) * 2, np.uint8)
    size = max(parameters.tile_px // cell_px, 1)
    context = -(-parameters.context_px // cell_px)
    single = max(cells.shape) <= size
    for top in range(0, cells.shape[0], size):
        for left in range(0, cells.shape[1], size):
            if not cells[top : top + size, left : left + size].any():
                continue
            first_row, first_column = max(top - context, 0), max(left - context, 0)
            part = cells[first_row : top + size + context, first_column : left + size + context]
            y, x = first_row * cell_px, first_column * cell_px
            picture = _normalise_light(
                grey[y : y + part.shape[0] * cell_px, x : x + part.shape[1] * cell_px],
                parameters.illumination_px,
            )
            space = build_scale_space(picture)
            height, width = picture.shape
            inside = np.repeat(np.repeat(part.astype(np.uint8), cell_px, 0), cell_px, 1)
            near = cv2.dilate(inside[:height, :width], margin) > 0
            own = np.zeros_like(near)
            own[
                (top - first_row) * cell_px : (top + size - first_row) * cell_px,
                (left - first_column) * cell_px : (left + size - first_column) * cell_px,
            ] = True
            wall_strength = compute_median(space.strength[::3, ::3].ravel())
            missing = (part.shape[0] * cell_px - height, part.shape[1] * cell_px - width)
            padded = np.pad(space.strength, ((0, missing[0]), (0, missing[1])))
            # Maximum over rows first: much faster than over both axes at once.
            rows = padded.reshape(part.shape[0], cell_px, -1).max(axis=1)
            strongest = rows.reshape(*part.shape, cell_px).max(axis=2)[part]
            # The final threshold is known here only if there is a single tile.
            least_strength = max(wall_strength, 0.5)
            if single:
                crack_strength = _estimate_crack(strongest, parameters)
                least_strength = _choose_threshold(crack_strength, wall_strength, parameters)
            ridges = detect_ridges(space, near & own, least_strength)
            yield ridges.shift_by(x, y), strongest, wall_strength


def _normalise_light(grey: NDArray[np.uint8], side_px: int) -> FloatArray:
    """Divide by the local mean, so that a crack in the shade counts like one in the sun."""
    picture = grey.astype(np.float32)
    picture *= 128 / (cv2.blur(picture, (side_px, side_px)) + 4)
    return picture


def _merge_ridges(parts: list[RidgePoints], least_strength: float, most: int) -> RidgePoints:
    ridges = RidgePoints(
        np.concatenate([part.pixel for part in parts]),
        np.concatenate([part.position for part in parts]),
        np.concatenate([part.normal for part in parts]),
        np.concatenate([part.strength for part in parts]),
        np.concatenate([part.level for part in parts]),
    )
    strong = ridges.select(np.flatnonzero(ridges.strength > least_strength))
    return strong.keep_strongest(most)
