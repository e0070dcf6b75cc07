"""Acceptance of measured lines: edges, texture and crossing lines are rejected."""

from dataclasses import dataclass

import numpy as np

from crackscan.edge.measurement.width.fast_quantile import compute_median
from crackscan.edge.measurement.width.line_points import LinePoints
from crackscan.edge.measurement.width.parameters import WIDTH
from crackscan.edge.measurement.width.values import BoolArray, FloatArray, Reason
from crackscan.edge.measurement.width.width_estimation import PointWidths


@dataclass(frozen=True, eq=False)
class SearchedArea:
    """The area in which lines were searched."""

    cells: BoolArray
    """(rows, columns)."""
    cell_px: int
    size: tuple[int, int]
    """(height, width) of the picture, whose last cells may be incomplete."""

    def are_outside(self, points: FloatArray) -> BoolArray:
        """Whether points (n, 2) are outside the cells or at the border of the picture, (n,)."""
        column, row = np.floor((points + 0.5) / self.cell_px).astype(np.intp).T
        rows, columns = self.cells.shape
        outside = ~self.cells[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)]
        low, high = WIDTH.border_px, np.array(self.size[::-1]) - 1 - WIDTH.border_px
        return np.asarray(outside | ((points < low) | (points > high)).any(axis=1))


@dataclass(frozen=True)
class AcceptedLines:
    """The lines that are part of the crack."""

    lines: tuple[FloatArray, ...]
    """(n, 4) each: x, y, width, uncertainty; NaN where the width is not measurable."""
    rejection: Reason
    """The reason if there are none."""


def accept_lines(points: LinePoints, widths: PointWidths, area: SearchedArea) -> AcceptedLines:
    """Reject edges and texture, cut off faint ends, and remove widths that are not measurable."""
    cell_count = int(area.cells.sum())
    clear = (widths.contrast > WIDTH.least_contrast) & (widths.edge > 1)
    usual_depth = compute_median(widths.depth[clear]) if clear.any() else 0.0
    clear &= widths.depth > WIDTH.least_depth * usual_depth
    width, uncertainty = widths.width_px.copy(), widths.uncertainty_px.copy()
    unmeasurable = ~clear | (uncertainty > WIDTH.worst_share * width)
    width[unmeasurable] = uncertainty[unmeasurable] = np.nan
    kept, edge_count, most_evidence = [], 0, 0.0
    for rows in points.list_lines():
        row_count = rows.stop - rows.start
        if np.count_nonzero(widths.edge[rows] < 1) * 2 > row_count:
            edge_count += 1
            continue
        independent = row_count * points.step_px / WIDTH.independent_width_px
        evidence = compute_median(widths.contrast[rows]) * float(np.sqrt(independent))
        most_evidence = max(most_evidence, evidence)
        if evidence < WIDTH.least_evidence:
            continue
        visible = np.flatnonzero(clear[rows])
        if len(visible) < max(WIDTH.shortest_px / points.step_px, 0.4 * row_count):
            continue
        part = slice(rows.start + int(visible[0]), rows.start + int(visible[-1]) + 1)
        kept.append(np.column_stack([points.position[part], width[part], uncertainty[part]]))
    if most_evidence < WIDTH.least_evidence + WIDTH.evidence_per_decade * np.log10(cell_count):
        kept = []
    own = [line for line in kept if not _is_crossing(line, kept, area)]
    return AcceptedLines(tuple(own), Reason.SHADOW if edge_count else Reason.NO_CONTRAST)


def _is_crossing(line: FloatArray, lines: list[FloatArray], area: SearchedArea) -> bool:
    """Whether a line merely crosses the crack's cells, such as the shadow of a pipe or a joint.

    It enters and leaves the cells, which the crack itself does at its ends only, is short compared
    with the other lines, and many times wider.
    """
    others = [other for other in lines if other is not line]
    if not others or len(line) > WIDTH.crossing_length * sum(len(other) for other in others):
        return False
    width, usual = (np.concatenate(part)[:, 2] for part in ([line], others))
    if not np.isfinite(width).any() or not np.isfinite(usual).any():
        return False
    if np.nanmedian(width) < WIDTH.crossing_width * np.nanmedian(usual):
        return False
    return bool(area.are_outside(line[[0, -1], :2]).all())
