"""Evidence of cracks that stays with the wall while the camera moves over it."""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.finding import CrackMap, Rule
from crackscan.edge.motion import Matrix
from crackscan.pooling import logit, sigmoid

Grid = NDArray[np.float32]
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
        self._seen_s = self._unfaded_s = 0.0

    def use(self, rule: Rule) -> None:
        """Count what comes from now on against the threshold of a rule."""
        self._threshold = float(logit(np.array(rule.cell, np.float32)))

    def add(self, crack_map: CrackMap, pose: Matrix, weight: float, now_s: float) -> None:
        """Take in the crack map of a frame.

        Args:
            crack_map: float32 (rows, cols), probabilities.
            pose: (3, 3), frame px to wall px.
            weight: 0..1, from the frame's clarity.
            now_s: monotonic.
        """
        self._slide(pose)
        new = self._novelty(pose) * weight
        away_s = now_s - self._seen_s if self._pose is not None else 0.0
        self._pose, self._seen_s = pose, now_s
        self._fade(max(away_s, 0.0))
        to_grid = self._to_grid(pose)
        part = self._seen_part(to_grid)
        moved = to_grid.copy()
        moved[0, 2] -= part[1].start
        moved[1, 2] -= part[0].start
        size = part[1].stop - part[1].start, part[0].stop - part[0].start
        if min(size) <= 0:
            return
        says = np.clip(logit(crack_map) - self._threshold, -MOST_AGAINST, MOST_FOR)
        # A square takes the cell that it lies in: a mixture of cells would fade a crack that is
        # one cell wide.
        says = cv2.warpAffine(says, moved[:2], size, flags=cv2.INTER_NEAREST, borderValue=_UNSEEN)
        held = self.grid[part]
        told = np.clip(held * np.float32(KEPT**new) + np.float32(new) * says, LEAST, MOST)
        self.grid[part] = np.where(says == _UNSEEN, held, told)

    def view(self, pose: Matrix) -> CrackMap:
        """The evidence in a frame, as a crack map (rows, cols) with the same cell threshold.

        A cell shows its strongest square; FOUND is shown as the threshold, so that all that
        draws a crack map takes this one as well.
        """
        strongest = cells_of(self.in_frame(self.grid, pose))
        return sigmoid(_DISPLAY * (strongest - FOUND) + self._threshold)

    def in_frame(self, values: NDArray[Kind], pose: Matrix) -> NDArray[Kind]:
        """What a frame shows of the window's squares: (rows * FINE, cols * FINE).

        Args:
            values: of the window's squares, float32 or int32. Squares outside of it are given as
                its nearest ones.
        """
        rows, cols = self.shape
        seen: NDArray[Kind] = cv2.warpAffine(  # type: ignore[assignment]
            values,  # type: ignore[arg-type]
            self._to_grid(pose, FINE)[:2],
            (cols * FINE, rows * FINE),
            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return seen

    def _fade(self, away_s: float) -> None:
        """Forget with time; all of the window at once, but not with each frame."""
        self._unfaded_s += away_s
        if self._unfaded_s >= _FADED_EVERY_S:
            self.grid *= np.float32(np.exp(-self._unfaded_s / _FORGOTTEN_S))
            self._unfaded_s = 0.0

    def _to_grid(self, pose: Matrix, fine: int = 1) -> Matrix:
        """(3, 3), takes (column, row) of a frame's cell, or of its parts, to those of the grid."""
        part, square = self.cell_px / fine, self.cell_px / FINE
        from_cell = np.array([[part, 0, part / 2 - 0.5], [0, part, part / 2 - 0.5], [0, 0, 1]])
        offset_x, offset_y = self.window.left + 0.5, self.window.top + 0.5
        to_square = np.array(
            [
                [1 / square, 0, 0.5 / square - offset_x],
                [0, 1 / square, 0.5 / square - offset_y],
                [0, 0, 1],
            ]
        )
        return np.asarray(to_square @ pose @ from_cell)

    def _seen_part(self, to_grid: Matrix) -> tuple[slice, slice]:
        """The part of the window around what a frame shows."""
        rows, cols = self.shape
        x, y = np.array(
            [[-0.5, cols - 0.5, -0.5, cols - 0.5], [-0.5, -0.5, rows - 0.5, rows - 0.5]]
        )
        corners = to_grid[:2] @ np.stack([x, y, np.ones(4)])
        low, high = np.floor(corners.min(axis=1)), np.ceil(corners.max(axis=1)) + 1
        return (
            slice(*np.clip([low[1], high[1]], 0, self.window.rows).astype(int).tolist()),
            slice(*np.clip([low[0], high[0]], 0, self.window.cols).astype(int).tolist()),
        )

    def _novelty(self, pose: Matrix) -> float:
        if self._pose is None:
            return 1.0
        height, width = (side * self.cell_px for side in self.shape)
        corners = np.array([[0, width, 0], [0, 0, height], [1, 1, 1]])
        moved = np.abs((pose - self._pose) @ corners).max() / self.cell_px
        return float(np.clip(moved / _NEW_LOOK, SAME_LOOK, 1.0))

    def _slide(self, pose: Matrix) -> None:
        """Keep the view near the middle of the window."""
        rows, cols = self.shape
        middle = self._to_grid(pose) @ ((cols - 1) / 2, (rows - 1) / 2, 1)
        down = round(float(middle[1] - (self.window.rows - 1) / 2))
        right = round(float(middle[0] - (self.window.cols - 1) / 2))
        if abs(down) > rows * FINE / 2 or abs(right) > cols * FINE / 2:
            self.grid = slid(self.grid, down, right)
            self.window = Window(
                self.window.top + down, self.window.left + right, self.window.rows, self.window.cols
            )


def slid(grid: NDArray[Kind], down: int, right: int) -> NDArray[Kind]:
    """A grid whose window moved down and right; what comes in is zero."""
    moved = np.zeros_like(grid)
    rows, cols = grid.shape
    if abs(down) < rows and abs(right) < cols:
        moved[max(-down, 0) : rows - max(down, 0), max(-right, 0) : cols - max(right, 0)] = grid[
            max(down, 0) : rows + min(down, 0), max(right, 0) : cols + min(right, 0)
        ]
    return moved


def cells_of(squares: NDArray[Kind]) -> NDArray[Kind]:
    """The largest of each cell's squares."""
    upper = np.maximum(squares[::FINE], squares[1::FINE])
    largest: NDArray[Kind] = np.maximum(upper[:, ::FINE], upper[:, 1::FINE])
    return largest
