"""The evidence grid: accumulated log-odds of a crack per cell of wall, in wall coordinates."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pooling import logit, logit_to_probability, sigmoid
from crackscan.edge.detection.finding import CrackMap, Rule
from crackscan.edge.tracking.motion import Matrix

Grid = NDArray[np.float32]
Rows = tuple[tuple[float, float, float], tuple[float, float, float]]
"""The rows of an affine (2, 3) matrix."""
Part = tuple[slice, slice]
"""Rows and columns of the window."""
Kind = TypeVar("Kind", bound=np.generic)

SUBCELLS = 2
"""Subcells of the grid along a side of a cell: shifts by parts of a cell sharpen the evidence."""
_OUTSIDE = -100.0
"""Marks subcells that a frame does not show."""


@dataclass(frozen=True)
class EvidenceParameters:
    """Constants of the evidence grid; evidence is in log-odds over the cell threshold.

    Values are hand-tuned unless their field names another source.
    """

    margin_views: int = 2
    """Views of wall that the window holds on each side of the present one."""
    most_for: float = 2.0
    """Evidence for a crack that one frame adds at most: no single frame decides."""
    most_against: float = 1.0
    """Evidence against a crack that one frame adds at most."""
    kept_share: float = 0.85
    """Share of the evidence that is kept when an independent observation is added, because the
    frames of a moving camera repeat each other's errors."""
    found: float = 6.0
    """Evidence from which on a crack counts as found: four confident observations, or more of less
    confidence. Compared with 5 on ten walls of `benchmarks/pan.py`: 5 gained 0.003 of the recall
    by frames and no crack."""
    tentative: float = 1.5
    """Evidence from which on a tentative track begins."""
    faded: float = 1.5
    """Evidence down to which a confirmed track is shown (hysteresis)."""
    most: float = 12.0
    """Upper clamp of the evidence."""
    least: float = -6.0
    """Lower clamp of the evidence."""
    repeated_weight: float = 0.25
    """Weight of a frame that shows the wall exactly as the last one did."""
    independent_cells: float = 0.5
    """Cells of motion after which an observation is independent of the last one."""
    forgetting_s: float = 12.0
    """Time constant with which all evidence fades, seconds."""
    fade_interval_s: float = 0.5
    """How often the whole window is faded, seconds."""
    display_gain: float = 0.5
    """Log-odds of the displayed map per unit of evidence."""


DEFAULTS = EvidenceParameters()


@dataclass(frozen=True)
class Window:
    """The part of the endless grid that is held: its first subcell and its size."""

    top: int
    left: int
    rows: int
    cols: int


@dataclass(frozen=True, eq=False)
class Observation:
    """The crack map of one frame, with its pose and its weight."""

    crack_map: CrackMap
    """float32 (rows, cols), probabilities."""
    pose: Matrix
    """float64 (3, 3), frame px to px of the wall section."""
    weight: float
    """0..1, from the quality of the frame."""
    captured_s: float
    """Monotonic time."""


class EvidenceGrid:
    """Accumulated log-odds of a crack in each subcell of the wall, for one wall section.

    This is an occupancy grid (Moravec & Elfes 1985) with clamping (Hornung et al. 2013, OctoMap):
    each frame adds, to each subcell, the log-odds of its crack map over those of the threshold. As
    the frames of a moving camera repeat each other's errors, the sum forgets, the part of a frame
    is clamped, and a frame counts by how far the wall moved since the last one. Subcells keep
    their position on the wall; each frame is resampled into them once, so that nothing smears. The
    memory is constant: the window holds the view and some views around it, and moves along.
    """

    def __init__(
        self, rows: int, cols: int, rule: Rule, parameters: EvidenceParameters = DEFAULTS
    ) -> None:
        """A grid for crack maps (rows, cols)."""
        self.shape = rows, cols
        self.cell_px = rule.cell_px
        self.parameters = parameters
        self.use_rule(rule)
        margin = parameters.margin_views
        side = SUBCELLS * (2 * margin + 1)
        top, left = -margin * rows * SUBCELLS, -margin * cols * SUBCELLS
        self.window = Window(top, left, rows * side, cols * side)
        self.grid: Grid = np.zeros((rows * side, cols * side), np.float32)
        self._pose: Matrix | None = None
        self._captured_s: float | None = None
        self._unfaded_s = 0.0

    def use_rule(self, rule: Rule) -> None:
        """Count the observations from now on against the cell threshold of a rule."""
        threshold = float(logit(np.array(rule.cell, np.float32)))
        p = self.parameters
        self._threshold = np.float32(threshold)
        self._least = np.float32(logit_to_probability(threshold - p.most_against, 1.0))
        self._most = np.float32(min(logit_to_probability(threshold + p.most_for, 1.0), 1 - 1e-6))

    def add_observations(self, *observations: Observation) -> None:
        """Add the crack maps of frames that follow each other closely, in order.

        Subcells that the newest frame does not show take nothing from the others.
        """
        newest, p = observations[-1], self.parameters
        self._move_window(newest.pose)
        each = self._measure_novelty(newest.pose, len(observations))
        weights = [each * one.weight for one in observations]
        self._pose = newest.pose
        self._fade_evidence(newest.captured_s)
        to_grid = self._to_grid(newest.pose)
        part = self._view_part(to_grid)
        if part[0].start >= part[0].stop or part[1].start >= part[1].stop:
            return
        crack_maps = np.stack([one.crack_map for one in observations])
        evidence = self._compute_evidence(crack_maps, weights)
        total = self._resample_evidence(evidence[-1], to_grid, part, _OUTSIDE)
        visible = total > _OUTSIDE
        for one, added in zip(observations[:-1], evidence, strict=False):
            total += self._resample_evidence(added, self._to_grid(one.pose), part, 0.0)
        held = self.grid[part]
        total += held * np.float32(p.kept_share ** sum(weights))
        np.clip(total, p.least, p.most, out=total)
        np.copyto(held, total, where=visible)

    def to_crack_map(self, subcells: Grid) -> CrackMap:
        """The evidence in a frame as a crack map, float32 (rows, cols), with the same threshold.

        A cell shows its strongest subcell. Evidence of `found` is shown as the cell threshold, so
        that everything that draws a crack map draws this one as well.

        Args:
            subcells: evidence in the frame, from `sample_view`, now or earlier.
        """
        gain, found = self.parameters.display_gain, self.parameters.found
        return sigmoid(gain * (max_per_cell(subcells) - found) + self._threshold)

    def defer_crack_map(self, pose: Callable[[], Matrix]) -> Callable[[], CrackMap]:
        """A function that gives the evidence in a frame as `to_crack_map` does.

        It may be called later and in any thread; `pose` gives the pose of the frame.
        """
        grid, window = self.grid, self.window
        return lambda: self.to_crack_map(
            self._cut_view(grid, self._to_grid(pose(), SUBCELLS, window))
        )

    def sample_view(self, values: NDArray[Kind], pose: Matrix) -> NDArray[Kind]:
        """The part of the window that a frame shows, (rows * SUBCELLS, cols * SUBCELLS).

        Args:
            values: one value per subcell of the window, float32 or int32. Beyond the window the
                nearest subcell is repeated.
        """
        return self._cut_view(values, self._to_grid(pose, SUBCELLS))

    def view_slices(self, pose: Matrix, cells: float) -> Part:
        """The part of the window that a frame shows, with a margin of some cells."""
        return self._view_part(self._to_grid(pose), round(cells * SUBCELLS))

    def _resample_evidence(self, evidence: Grid, to_grid: Rows, part: Part, beyond: float) -> Grid:
        """The evidence of a frame in each subcell of a part of the window; `beyond` its border.

        A subcell takes the value of the cell that it lies in: a mixture of cells would fade a crack
        that is one cell wide.
        """
        (a, b, x), (c, d, y) = to_grid
        left, top = part[1].start, part[0].start
        moved = np.array(((a, b, x - left), (c, d, y - top)))
        size = part[1].stop - left, part[0].stop - top
        flags = cv2.INTER_NEAREST
        return np.asarray(
            cv2.warpAffine(evidence, moved, size, flags=flags, borderValue=beyond), np.float32
        )

    def _compute_evidence(self, crack_maps: CrackMap, weights: list[float]) -> Grid:
        """The evidence that frames, (frames, rows, cols), add to each cell."""
        evidence = np.clip(crack_maps, self._least, self._most)
        evidence /= 1 - evidence
        np.log(evidence, out=evidence)
        evidence -= self._threshold
        evidence *= np.array(weights, np.float32)[:, None, None]
        return evidence

    def _cut_view(self, values: NDArray[Kind], to_grid: Rows) -> NDArray[Kind]:
        rows, cols = self.shape
        view: NDArray[Kind] = cv2.warpAffine(  # type: ignore[assignment]
            values,  # type: ignore[arg-type]
            np.array(to_grid),
            (cols * SUBCELLS, rows * SUBCELLS),
            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return view

    def _fade_evidence(self, now_s: float) -> None:
        """Forget with time: the whole window at once, but not with every frame."""
        if self._captured_s is not None:
            self._unfaded_s += max(now_s - self._captured_s, 0.0)
        self._captured_s = now_s
        if self._unfaded_s >= self.parameters.fade_interval_s:
            self.grid *= np.float32(np.exp(-self._unfaded_s / self.parameters.forgetting_s))
            self._unfaded_s = 0.0

    def _to_grid(self, pose: Matrix, subcells: int = 1, window: Window | None = None) -> Rows:
        """Takes (column, row) of a frame's cell, or subcell, to (column, row) of the window.

        The window is the present one, or an earlier one that is given.
        """
        window = window or self.window
        part, subcell = self.cell_px / subcells, self.cell_px / SUBCELLS
        middle, unit = part / 2 - 0.5, part / subcell
        (a, b, x), (c, d, y) = pose[:2].tolist()
        across = ((a + b) * middle + x + 0.5) / subcell - window.left - 0.5
        down = ((c + d) * middle + y + 0.5) / subcell - window.top - 0.5
        return (a * unit, b * unit, across), (c * unit, d * unit, down)

    def _view_part(self, to_grid: Rows, margin: int = 0) -> Part:
        """The part of the window that a frame shows, with a margin in subcells."""
        rows, cols = self.shape
        (a, b, x), (c, d, y) = to_grid
        corners = [(u, v) for u in (-0.5, cols - 0.5) for v in (-0.5, rows - 0.5)]
        across = [a * u + b * v + x for u, v in corners]
        down = [c * u + d * v + y for u, v in corners]
        return _clip_range(down, self.window.rows, margin), _clip_range(
            across, self.window.cols, margin
        )

    def _measure_novelty(self, pose: Matrix, frames: int) -> float:
        """How independent of the last observation each of some frames is, 0..1.

        The frames are taken as evenly spaced.
        """
        if self._pose is None:
            return 1.0
        p = self.parameters
        height, width = (side * self.cell_px for side in self.shape)
        (a, b, x), (c, d, y) = (pose[:2] - self._pose[:2]).tolist()
        corners = ((0, 0), (width, 0), (0, height))
        moved: float = max(max(abs(a * u + b * v + x), abs(c * u + d * v + y)) for u, v in corners)
        cells = moved / frames / self.cell_px
        return min(max(cells / p.independent_cells, p.repeated_weight), 1.0)

    def _move_window(self, pose: Matrix) -> None:
        """Keep the view near the middle of the window."""
        rows, cols = self.shape
        u, v = (cols - 1) / 2, (rows - 1) / 2
        (a, b, x), (c, d, y) = self._to_grid(pose)
        down = round(c * u + d * v + y - (self.window.rows - 1) / 2)
        right = round(a * u + b * v + x - (self.window.cols - 1) / 2)
        if abs(down) > rows * SUBCELLS / 2 or abs(right) > cols * SUBCELLS / 2:
            self.grid = shift_grid(self.grid, down, right)
            self.window = Window(
                self.window.top + down, self.window.left + right, self.window.rows, self.window.cols
            )


def _clip_range(positions: list[float], length: int, margin: int) -> slice:
    low, high = math.floor(min(positions)) - margin, math.ceil(max(positions)) + 1 + margin
    return slice(min(max(low, 0), length), min(max(high, 0), length))


def shift_grid(grid: NDArray[Kind], down: int, right: int) -> NDArray[Kind]:
    """A grid whose window moved down and right; what enters the window is zero."""
    moved = np.zeros_like(grid)
    moved[overlap_part(grid, -down, -right)] = grid[overlap_part(grid, down, right)]
    return moved


def overlap_part(grid: NDArray[Any], down: int, right: int) -> Part:
    """The part of a grid that its window still holds after it moved down and right."""
    rows, cols = (
        slice(max(by, 0), max(side + min(by, 0), 0))
        for side, by in zip(grid.shape, (down, right), strict=True)
    )
    return rows, cols


def max_per_cell(subcells: NDArray[Kind]) -> NDArray[Kind]:
    """The largest value among the subcells of each cell."""
    upper = np.maximum(subcells[::SUBCELLS], subcells[1::SUBCELLS])
    largest: NDArray[Kind] = np.maximum(upper[:, ::SUBCELLS], upper[:, 1::SUBCELLS])
    return largest
