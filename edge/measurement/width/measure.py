"""Measure the crack that runs through given cells of a frame: centre lines, length, widths."""

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width import profile, summary
from crackscan.edge.measurement.width.along import measure_along
from crackscan.edge.measurement.width.light import PICTURE, Tone
from crackscan.edge.measurement.width.lines import centre, distinct, table
from crackscan.edge.measurement.width.ridge import LEVELS
from crackscan.edge.measurement.width.search import AROUND_PX, find_traces
from crackscan.edge.measurement.width.values import BoolArray, CrackMeasure, Reason


def measure_crack(
    rgb: NDArray[np.uint8], cells: BoolArray, cell_px: int = 16, tone: Tone = PICTURE
) -> CrackMeasure:
    """Length and widths of the crack in some cells of a frame.

    `rgb` is uint8 (H, W, 3); `cells` is bool (rows, columns), true where the crack is, cell (r, c)
    covering the pixels from (r * cell_px, c * cell_px) on. Where no line can be made out, the
    measure has no branches and its widths say why. Raises ValueError for other shapes or types.

    Centre lines: Steger (1998), see `ridge`. Widths: a dark box seen through a blur, see `along`;
    the edge of a wide crack then lies midway between the brightness of the wall and of the crack,
    the threshold found best by Cho, Yoon & Jung (2018).
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(f"need uint8 (H, W, 3), not {rgb.dtype} {rgb.shape}")
    if cells.dtype != np.bool_ or cells.ndim != 2:
        raise ValueError(f"need bool (rows, columns), not {cells.dtype} {cells.shape}")
    inside = _fitted(cells, -(-rgb.shape[0] // cell_px), -(-rgb.shape[1] // cell_px))
    if not inside.any():
        return summary.nothing(Reason.NO_CONTRAST)
    rows, columns = np.nonzero(inside)
    around = -(-AROUND_PX // cell_px)
    top, left = (max(int(i.min()) - around, 0) for i in (rows, columns))
    part = inside[top : int(rows.max()) + around + 1, left : int(columns.max()) + around + 1]
    y, x = top * cell_px, left * cell_px
    cut = rgb[y : y + part.shape[0] * cell_px, x : x + part.shape[1] * cell_px]
    # Luma is the one channel that JPEG keeps at full size.
    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(cut), cv2.COLOR_RGB2GRAY), np.uint8)
    traces, step_px = find_traces(grey, part, cell_px)
    if not traces:
        return summary.nothing(Reason.NO_CONTRAST)
    strength = np.concatenate([trace.strength for trace in traces])
    pictures = profile.pyramid(tone.table[grey], LEVELS)
    lines = distinct(centre(table(traces, step_px), pictures), strength, grey.shape)
    along, blur_px = measure_along(lines, pictures, tone)
    searched = summary.Searched(part, cell_px, (grey.shape[0], grey.shape[1]))
    found = summary.believed(lines, along, searched)
    return summary.summarise(found, (x, y), blur_px)


def _fitted(cells: BoolArray, rows: int, columns: int) -> BoolArray:
    """The cells, cut or padded with false to (rows, columns)."""
    whole = np.zeros((rows, columns), np.bool_)
    part = cells[:rows, :columns]
    whole[: part.shape[0], : part.shape[1]] = part
    return whole
