"""Measurement of the crack in given cells of a frame: centre lines, length and widths."""

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.crack_summary import make_unmeasurable, summarize_lines
from crackscan.edge.measurement.width.line_acceptance import SearchedArea, accept_lines
from crackscan.edge.measurement.width.line_points import (
    centre_lines,
    remove_duplicates,
    tabulate_lines,
)
from crackscan.edge.measurement.width.line_search import search_lines
from crackscan.edge.measurement.width.parameters import RIDGE, SEARCH, SearchParameters
from crackscan.edge.measurement.width.profiles import build_pyramid
from crackscan.edge.measurement.width.tone_curve import ENCODED, ToneCurve
from crackscan.edge.measurement.width.values import BoolArray, CrackMeasure, Reason
from crackscan.edge.measurement.width.width_estimation import estimate_widths


def measure_crack(
    rgb: NDArray[np.uint8],
    cells: BoolArray,
    cell_px: int = 16,
    tone: ToneCurve = ENCODED,
    parameters: SearchParameters = SEARCH,
) -> CrackMeasure:
    """Measure the length and the widths of the crack in some cells of a frame.

    Centre lines: Steger (1998), see `ridge_detection`. Widths: a rectangle under a blur, see
    `width_estimation`; the edge of a wide crack lies midway between the brightness of the wall and
    of the crack, the threshold that Cho, Yoon & Jung (2018) found best.

    Args:
        rgb: uint8 (H, W, 3).
        cells: bool (rows, columns), True where the crack is; cell (r, c) covers the pixels from
            (r * cell_px, c * cell_px) on. Incomplete cells at the border may be missing.
        cell_px: side of a cell.
        tone: the brightness on which the blur acts.
        parameters: constants of the search for centre lines.

    Returns:
        The measure. If there is no visible line, it has no branches and its widths the reason.

    Raises:
        ValueError: an array has another shape or type.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(f"need uint8 (H, W, 3), not {rgb.dtype} {rgb.shape}")
    if cells.dtype != np.bool_ or cells.ndim != 2:
        raise ValueError(f"need bool (rows, columns), not {cells.dtype} {cells.shape}")
    inside = _fit_cells(cells, -(-rgb.shape[0] // cell_px), -(-rgb.shape[1] // cell_px))
    if not inside.any():
        return make_unmeasurable(Reason.NO_CONTRAST)
    rows, columns = np.nonzero(inside)
    context = -(-parameters.context_px // cell_px)
    top, left = (max(int(i.min()) - context, 0) for i in (rows, columns))
    part = inside[top : int(rows.max()) + context + 1, left : int(columns.max()) + context + 1]
    y, x = top * cell_px, left * cell_px
    crop = rgb[y : y + part.shape[0] * cell_px, x : x + part.shape[1] * cell_px]
    # Luma is the only channel that JPEG stores at full resolution.
    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_RGB2GRAY), np.uint8)
    found, step_px = search_lines(grey, part, cell_px, parameters)
    if not found:
        return make_unmeasurable(Reason.NO_CONTRAST)
    strength = np.concatenate([line.strength for line in found])
    pictures = build_pyramid(tone.table[grey], RIDGE.levels)
    centred = centre_lines(tabulate_lines(found, step_px), pictures)
    lines = remove_duplicates(centred, strength, grey.shape)
    widths, blur_px = estimate_widths(lines, pictures, tone)
    area = SearchedArea(part, cell_px, (grey.shape[0], grey.shape[1]))
    return summarize_lines(accept_lines(lines, widths, area), (x, y), blur_px)


def _fit_cells(cells: BoolArray, rows: int, columns: int) -> BoolArray:
    """Crop the cells, or pad them with False, to (rows, columns)."""
    fitted = np.zeros((rows, columns), np.bool_)
    part = cells[:rows, :columns]
    fitted[: part.shape[0], : part.shape[1]] = part
    return fitted
