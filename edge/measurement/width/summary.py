"""From points with widths to what is said of the crack: branches, length, widths."""

from dataclasses import dataclass

import numpy as np

from crackscan.edge.measurement.width.along import Along
from crackscan.edge.measurement.width.fast_quantile import median, quantile
from crackscan.edge.measurement.width.lines import Lines
from crackscan.edge.measurement.width.values import (
    BoolArray,
    Branch,
    CrackMeasure,
    FloatArray,
    Reason,
    Spread,
    Width,
)

SURE = 0.75
"""A width is measurable if its uncertainty is at most this share of it."""
SOFT_PX = 2.5
"""From this blur on it is the blur that hides a width, below it the width itself."""
ENOUGH = 0.4
"""A crack's width is told if it is measurable along this share of its length."""
CLEAR = 3.5
"""By so many deviations of the wall's texture a line has to stand out."""
WHOLE = 13.0
"""By so many a line as a whole, its independent places taken together."""
MORE_PER_TENFOLD = 6.0
"""The clearest line must stand out by so much more for ten times as many cells: texture looks most
like a crack where there is most of it. In 196 cells of intact concrete it reaches 27, one time in
ten; cracks of DeepCrack reach 44 and more."""
SHALLOW = 0.5
"""What is less dark than this share of the crack's own darkness is not its opening."""
FOREIGN_SHARE, FOREIGN_TIMES = 0.25, 4.0
"""A line that crosses is at most this share of the others' length, and so many times wider."""
BORDER_PX = 4.0
"""So near to the picture's border a line has left it."""
SHORTEST_PX = 10.0
APART_PX = 6
"""Widths so far apart along a line count as independent."""
END_PX = 4.0
"""90 % uncertainty of where a line ends."""
CROOKED = 0.03
"""90 % uncertainty of a length from what smoothing takes off its bends, as a share."""


@dataclass(frozen=True, eq=False)
class Searched:
    """Where lines were searched."""

    cells: BoolArray
    """(rows, columns)"""
    cell_px: int
    size: tuple[int, int]
    """(height, width) of the picture, of which the last cells may be cut."""

    def left(self, places: FloatArray) -> BoolArray:
        """Whether places (n, 2) are outside of the cells, or at the picture's border, (n,)."""
        column, row = np.floor((places + 0.5) / self.cell_px).astype(np.intp).T
        rows, columns = self.cells.shape
        outside = ~self.cells[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)]
        low, high = BORDER_PX, np.array(self.size[::-1]) - 1 - BORDER_PX
        return np.asarray(outside | ((places < low) | (places > high)).any(axis=1))


@dataclass(frozen=True)
class Found:
    """The lines that are believed, and why others are not."""

    lines: tuple[FloatArray, ...]
    """(n, 4) each: x, y, width, uncertainty; NaN where the width is not measurable."""
    lost: Reason


def believed(lines: Lines, along: Along, searched: Searched) -> Found:
    """Drop edges and texture, cut back faint ends, and leave out widths that are not measurable."""
    cells = int(searched.cells.sum())
    clear = (along.contrast > CLEAR) & (along.edge > 1)
    usual = median(along.depth[clear]) if clear.any() else 0.0
    clear &= along.depth > SHALLOW * usual
    width, uncertainty = along.width_px.copy(), along.uncertainty_px.copy()
    unsure = ~clear | (uncertainty > SURE * width)
    width[unsure] = uncertainty[unsure] = np.nan
    kept, edges, clearest = [], 0, 0.0
    for rows in lines.each():
        if np.count_nonzero(along.edge[rows] < 1) * 2 > rows.stop - rows.start:
            edges += 1
            continue
        places = (rows.stop - rows.start) * lines.step_px / APART_PX
        whole = median(along.contrast[rows]) * float(np.sqrt(places))
        clearest = max(clearest, whole)
        if whole < WHOLE:
            continue
        seen = np.flatnonzero(clear[rows])
        if len(seen) < max(SHORTEST_PX / lines.step_px, 0.4 * (rows.stop - rows.start)):
            continue
        part = slice(rows.start + int(seen[0]), rows.start + int(seen[-1]) + 1)
        kept.append(np.column_stack([lines.position[part], width[part], uncertainty[part]]))
    if clearest < WHOLE + MORE_PER_TENFOLD * np.log10(cells):
        kept = []
    own = [line for line in kept if not _crosses(line, kept, searched)]
    return Found(tuple(own), Reason.SHADOW if edges else Reason.NO_CONTRAST)


def _crosses(line: FloatArray, lines: list[FloatArray], searched: Searched) -> bool:
    """Whether a line only crosses the crack's cells: the shadow under a pipe, a joint.

    It comes into the cells and leaves them, which the crack itself does at its ends only, is short
    beside the rest, and many times wider.
    """
    rest = [other for other in lines if other is not line]
    if not rest or len(line) > FOREIGN_SHARE * sum(len(other) for other in rest):
        return False
    width, usual = (np.concatenate(part)[:, 2] for part in ([line], rest))
    if not np.isfinite(width).any() or not np.isfinite(usual).any():
        return False
    if np.nanmedian(width) < FOREIGN_TIMES * np.nanmedian(usual):
        return False
    return bool(searched.left(line[[0, -1], :2]).all())


def summarise(found: Found, corner: tuple[int, int], blur_px: float) -> CrackMeasure:
    """The measure of a crack from its lines; `corner` (x, y) is added to their places."""
    if not found.lines:
        return nothing(found.lost)
    moved = []
    for line in found.lines:
        place = line[:, :2] + np.array(corner)
        moved.append(np.column_stack([place, line[:, 2:]]).astype(np.float32))
    branches = tuple(Branch(line, _length(line), _spread([line], blur_px)) for line in moved)
    whole = branches[0].width if len(branches) == 1 else _spread(moved, blur_px)
    length = sum(branch.length_px for branch in branches)
    ends = END_PX * float(np.sqrt(2 * len(branches)))
    return CrackMeasure(
        branches=branches,
        length_px=length,
        length_uncertainty_px=float(np.hypot(ends, CROOKED * length)),
        width=whole,
        blur_px=blur_px,
    )


def nothing(reason: Reason) -> CrackMeasure:
    """The measure where no line can be made out."""
    none = Width(None, None, reason)
    return CrackMeasure((), 0.0, 0.0, Spread(none, none, none, None), None)


def _length(line: FloatArray) -> float:
    step = np.diff(line[:, :2].astype(np.float64), axis=0)
    return float(np.hypot(step[:, 0], step[:, 1]).sum())


def _spread(lines: list[FloatArray], blur_px: float) -> Spread:
    points = np.concatenate(lines)
    calm = np.concatenate([running_median(line[:, 2]) for line in lines])
    known = np.isfinite(points[:, 2])
    if known.mean() < ENOUGH:
        none = Width(None, None, Reason.BLUR if blur_px > SOFT_PX else Reason.TOO_THIN)
        return Spread(none, none, none, None)
    points, calm = points[known], calm[known]
    width, own = points[:, 2], points[:, 3]
    usual, middle = median(own), median(width)
    scatter = 1.645 * 1.48 * median(np.abs(width - calm))
    shared = max(usual**2 - scatter**2, (0.5 * usual) ** 2)
    few = max(len(width) / APART_PX, 1.0)
    # Narrower than the blur, widths differ along the crack because they are uncertain.
    hidden = 1 / (1 + (middle / (1.7 * blur_px)) ** 4)
    drawn_in = _without_noise(calm, (scatter**2 + (hidden * usual) ** 2) / 1.645**2)
    sure = own <= np.maximum(3 * usual, 0.15 * width)
    points, drawn_in, own = points[sure], drawn_in[sure], own[sure]
    high = quantile(drawn_in, 0.95)
    largest = int(drawn_in.argmax())
    return Spread(
        median=Width(middle, float(np.sqrt(shared + (1.25 * scatter) ** 2 / few))),
        percentile95=Width(high, median(own[drawn_in >= high])),
        maximum=Width(float(drawn_in[largest]), float(np.hypot(own[largest], scatter))),
        maximum_at=(float(points[largest, 0]), float(points[largest, 1])),
    )


def _without_noise(values: FloatArray, variance: float) -> FloatArray:
    """Values drawn in towards their median by the share of their variance that is noise.

    The extremes of noisy values are too extreme.
    """
    middle = median(values)
    true = max(0.0, 1 - variance / max(float(np.var(values)), 1e-9))
    return np.asarray(middle + true * (values - middle), np.float32)


def running_median(values: FloatArray, radius: int = 4) -> FloatArray:
    """The median of each value and its neighbours up to `radius` away, NaN left out."""
    padded = np.pad(values, radius, constant_values=np.nan)
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1), axis=1)
    known = np.isfinite(windows).sum(axis=1)  # NaN are sorted last
    rows = np.arange(len(values))
    both = windows[rows, np.maximum(known - 1, 0) // 2], windows[rows, known // 2]
    return np.where(known > 0, (both[0] + both[1]) / 2, np.nan).astype(np.float32)
