"""Measures a crack of any size at full resolution, in memory for a small part of it."""

from collections.abc import Sequence

import numpy as np

from crackscan.core.pictures import RGB
from crackscan.edge.measurement.width import CrackMeasure, Reason, measure_crack
from crackscan.edge.measurement.width.crack_summary import make_unmeasurable, summarize_lines
from crackscan.edge.measurement.width.line_acceptance import AcceptedLines
from crackscan.edge.measurement.width.values import BoolArray

PART_PX = 1536
"""A crack that spans more is measured in parts of this side."""


def measure_parts(rgb: RGB, cells: Sequence[tuple[int, int]], cell_px: int) -> CrackMeasure:
    """The measure of the crack in some cells of a photograph, as `measure_crack` gives it.

    A crack that is longer or higher than PART_PX is measured part by part, and the parts' lines
    are summarised as one; a line that runs on from part to part then counts as several.
    """
    rows, columns = np.array(cells).T
    shape = -(-rgb.shape[0] // cell_px), -(-rgb.shape[1] // cell_px)
    side = PART_PX // cell_px
    span = max(int(np.ptp(rows)), int(np.ptp(columns)))
    if span <= side:
        return measure_crack(rgb, _mask(rows, columns, shape), cell_px)
    part = rows // side * (shape[1] // side + 1) + columns // side
    found = [
        measure_crack(rgb, _mask(rows[part == one], columns[part == one], shape), cell_px)
        for one in np.unique(part)
    ]
    lines = tuple(branch.line for one in found for branch in one.branches)
    if not lines:
        return make_unmeasurable(found[0].width.median.not_measurable or Reason.NO_CONTRAST)
    blurs = [one.blur_px for one in found if one.blur_px is not None]
    return summarize_lines(
        AcceptedLines(lines, Reason.NO_CONTRAST), (0, 0), float(np.median(blurs))
    )


def _mask(
    rows: np.ndarray[tuple[int], np.dtype[np.intp]],
    columns: np.ndarray[tuple[int], np.dtype[np.intp]],
    shape: tuple[int, int],
) -> BoolArray:
    mask = np.zeros(shape, np.bool_)
    mask[rows, columns] = True
    return mask
