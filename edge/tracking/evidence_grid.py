"""Evidence of cracks that stays with the wall while the camera moves over it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pooling import logit, probability, sigmoid
from crackscan.edge.detection.finding import CrackMap, Rule
from crackscan.edge.tracking.motion import Matrix

Grid = NDArray[np.float32]
Rows = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Of an affine (2, 3) matrix."""
Part = tuple[slice, slice]
"""Rows and columns of the window."""
Kind = TypeVar("Kind", bound=np.generic)

FINE = 2
"""Squares of the wall's grid to a cell's side: shifts by parts of a cell sharpen the evidence."""
AROUND = 2
"""Frames of wall remembered on each side of the view."""
MOST_FOR, MOST_AGAINST = 2.0, 1.0
"""Cap on what one frame says, in log-odds: no single frame decides."""
KEPT = 0.85
"""Of the evidence, at each new independent look."""
FOUND = 6.0
"""Evidence from which on there is a crack: four looks that are sure, or many that are less so."""
BEGUN = 1.5
"""Evidence from which on it is followed whether it is one."""
FADED = 1.5
"""Evidence down to which a crack that was found is followed."""
MOST = 12.0
LEAST = -6.0
SAME_LOOK = 0.25
"""What a frame adds that shows the wall just as the last one did."""
_NEW_LOOK = 0.5
"""Cells to move until the network sees the wall anew."""
_FORGOTTEN_S = 12.0
"""Time constant of all evidence, of what is out of view in the first place."""
_UNSEEN = -100.0
_FADED_EVERY_S = 0.5
_DISPLAY = 0.5
"""Log-odds shown for one of evidence."""


@dataclass(frozen=True)
class Window:
    """The part of the wall's endless grid that is held: squares of the first and its size."""

    top: int
    left: int
    rows: int
    cols: int


@dataclass(frozen=True, eq=False)
class Said:
    """What one frame says."""

    crack_map: CrackMap
    """float32 (rows, cols), probabilities."""
    pose: Matrix
    """(3, 3), frame px to wall px."""
    weight: float
    """0..1, from the frame's clarity."""
    captured_s: float
    """Monotonic."""


class Evidence:
    """Accumulated log-odds of a crack in each square of the wall, for one piece of wall.

    An occupancy grid (Moravec & Elfes 1985) with clamping (Hornung et al. 2013, OctoMap): each
    frame adds, for each square, the log-odds of its crack map over those of the threshold. As the
    frames of a moving camera repeat each other's errors, the sum forgets, a frame's part is capped
    and it counts by how far the wall moved since the last one. Squares lie still on the wall; each
    frame is resampled into them once, so that nothing smears. Memory does not grow: the window
    holds the view and AROUND more on each side and slides along.
    """

    def __init__(self, rows: int, cols: int, rule: Rule) -> None:
        """For crack maps (rows, cols)."""
        self.shape = rows, cols
        self.cell_px = rule.cell_px
        self.use(rule)
        side = FINE * (2 * AROUND + 1)
        self.window = Window(-AROUND * rows * FINE, -AROUND * cols * FINE, rows * side, cols * side)
        self.grid: Grid = np.zeros((rows * side, cols * side), np.float32)
        self._pose: Matrix | None = None
        self._seen_s: float | None = None
        self._unfaded_s = 0.0

    def use(self, rule: Rule) -> None:
        """Count what comes from now on against the threshold of a rule."""
        threshold = float(logit(np.array(rule.cell, np.float32)))
        self._threshold = np.float32(threshold)
        self._least = np.float32(probability(threshold - MOST_AGAINST, 1.0))
        self._most = np.float32(min(probability(threshold + MOST_FOR, 1.0), 1 - 1e-6))

    def add(self, *frames: Said) -> None:
        """Take in the crack maps of frames that follow each other closely, in order.

        Squares that the newest of them does not show any more take nothing from the others.
        """
        newest = frames[-1]
        self._slide(newest.pose)
        each = self._novelty(newest.pose, len(frames))
        new = [each * one.weight for one in frames]
        self._pose = newest.pose
        self._fade(newest.captured_s)
        to_grid = self._to_grid(newest.pose)
        part = self._seen_part(to_grid)
        if part[0].start >= part[0].stop or part[1].start >= part[1].stop:
            return
        said = self._says(np.stack([one.crack_map for one in frames]), new)
        told = self._in_part(said[-1], to_grid, part, _UNSEEN)
        seen = told > _UNSEEN
        for one, says in zip(frames[:-1], said, strict=False):
            told += self._in_part(says, self._to_grid(one.pose), part, 0.0)
        held = self.grid[part]
        told += held * np.float32(KEPT ** sum(new))
        np.clip(told, LEAST, MOST, out=told)
        np.copyto(held, told, where=seen)

    def _in_part(self, says: Grid, to_grid: Rows, part: Part, beyond: float) -> Grid:
        """What a frame says, in each square of a part of the window, and beyond its border.

        A square takes the cell that it lies in: a mixture of cells would fade a crack that is one
        cell wide.
        """
        (a, b, x), (c, d, y) = to_grid
        left, top = part[1].start, part[0].start
        moved = np.array(((a, b, x - left), (c, d, y - top)))
        size = part[1].stop - left, part[0].stop - top
        flags = cv2.INTER_NEAREST
        return np.asarray(
            cv2.warpAffine(says, moved, size, flags=flags, borderValue=beyond), np.float32
        )

    def _says(self, crack_maps: CrackMap, new: list[float]) -> Grid:
        """What frames, (frames, rows, cols), of which so much is new, add to each cell."""
        says = np.clip(crack_maps, self._least, self._most)
        says /= 1 - says
        np.log(says, out=says)
        says -= self._threshold
        says *= np.array(new, np.float32)[:, None, None]
        return says

    def shown(self, squares: Grid) -> CrackMap:
        """The evidence in a frame, as a crack map (rows, cols) with the same cell threshold.

        A cell shows its strongest square; FOUND is shown as the threshold, so that all that
        draws a crack map takes this one as well.

        Args:
            squares: what `in_frame` gave of the evidence, then or later.
        """
        return sigmoid(_DISPLAY * (cells_of(squares) - FOUND) + self._threshold)

    def later(self, pose: Callable[[], Matrix]) -> Callable[[], CrackMap]:
        """Gives the evidence in a frame, like `shown`, when and in whatever thread it is called."""
        grid, window = self.grid, self.window
        return lambda: self.shown(self._cut(grid, self._to_grid(pose(), FINE, window)))

    def in_frame(self, values: NDArray[Kind], pose: Matrix) -> NDArray[Kind]:
        """What a frame shows of the window's squares: (rows * FINE, cols * FINE).

        Args:
            values: of the window's squares, float32 or int32. Squares outside of it are given as
                its nearest ones.
        """
        return self._cut(values, self._to_grid(pose, FINE))

    def _cut(self, values: NDArray[Kind], to_grid: Rows) -> NDArray[Kind]:
        rows, cols = self.shape
        seen: NDArray[Kind] = cv2.warpAffine(  # type: ignore[assignment]
            values,  # type: ignore[arg-type]
            np.array(to_grid),
            (cols * FINE, rows * FINE),
            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return seen

    def _fade(self, now_s: float) -> None:
        """Forget with time; all of the window at once, but not with each frame."""
        if self._seen_s is not None:
            self._unfaded_s += max(now_s - self._seen_s, 0.0)
        self._seen_s = now_s
        if self._unfaded_s >= _FADED_EVERY_S:
            self.grid *= np.float32(np.exp(-self._unfaded_s / _FORGOTTEN_S))
            self._unfaded_s = 0.0

    def _to_grid(self, pose: Matrix, fine: int = 1, window: Window | None = None) -> Rows:
        """Takes (column, row) of a frame's cell, or of its parts, to those of the grid, which is
        that of the present window, or of an earlier one."""
        window = window or self.window
        part, square = self.cell_px / fine, self.cell_px / FINE
        middle, unit = part / 2 - 0.5, part / square
        (a, b, x), (c, d, y) = pose[:2].tolist()
        across = ((a + b) * middle + x + 0.5) / square - window.left - 0.5
        down = ((c + d) * middle + y + 0.5) / square - window.top - 0.5
        return (a * unit, b * unit, across), (c * unit, d * unit, down)

    def around(self, pose: Matrix, cells: float) -> Part:
        """The part of the window that a frame shows, and so many cells more on each side."""
        return self._seen_part(self._to_grid(pose), round(cells * FINE))

    def _seen_part(self, to_grid: Rows, more: int = 0) -> Part:
        """The part of the window around what a frame shows, and `more` squares on each side."""
        rows, cols = self.shape
        (a, b, x), (c, d, y) = to_grid
        corners = [(u, v) for u in (-0.5, cols - 0.5) for v in (-0.5, rows - 0.5)]
        across = [a * u + b * v + x for u, v in corners]
        down = [c * u + d * v + y for u, v in corners]
        return _within(down, self.window.rows, more), _within(across, self.window.cols, more)

    def _novelty(self, pose: Matrix, frames: int) -> float:
        """How much of what each of some frames shows is new; they are evenly far apart."""
        if self._pose is None:
            return 1.0
        height, width = (side * self.cell_px for side in self.shape)
        (a, b, x), (c, d, y) = (pose[:2] - self._pose[:2]).tolist()
        corners = ((0, 0), (width, 0), (0, height))
        moved: float = max(max(abs(a * u + b * v + x), abs(c * u + d * v + y)) for u, v in corners)
        return min(max(moved / frames / self.cell_px / _NEW_LOOK, SAME_LOOK), 1.0)

    def _slide(self, pose: Matrix) -> None:
        """Keep the view near the middle of the window."""
        rows, cols = self.shape
        u, v = (cols - 1) / 2, (rows - 1) / 2
        (a, b, x), (c, d, y) = self._to_grid(pose)
        down = round(c * u + d * v + y - (self.window.rows - 1) / 2)
        right = round(a * u + b * v + x - (self.window.cols - 1) / 2)
        if abs(down) > rows * FINE / 2 or abs(right) > cols * FINE / 2:
            self.grid = slid(self.grid, down, right)
            self.window = Window(
                self.window.top + down, self.window.left + right, self.window.rows, self.window.cols
            )


def _within(places: list[float], length: int, more: int) -> slice:
    low, high = math.floor(min(places)) - more, math.ceil(max(places)) + 1 + more
    return slice(min(max(low, 0), length), min(max(high, 0), length))


def slid(grid: NDArray[Kind], down: int, right: int) -> NDArray[Kind]:
    """A grid whose window moved down and right; what comes in is zero."""
    moved = np.zeros_like(grid)
    moved[staying(grid, -down, -right)] = grid[staying(grid, down, right)]
    return moved


def staying(grid: NDArray[Any], down: int, right: int) -> Part:
    """What of a grid its window still holds, once it has moved down and right."""
    rows, cols = (
        slice(max(by, 0), max(side + min(by, 0), 0))
        for side, by in zip(grid.shape, (down, right), strict=True)
    )
    return rows, cols


def cells_of(squares: NDArray[Kind]) -> NDArray[Kind]:
    """The largest of each cell's squares."""
    upper = np.maximum(squares[::FINE], squares[1::FINE])
    largest: NDArray[Kind] = np.maximum(upper[:, ::FINE], upper[:, 1::FINE])
    return largest
