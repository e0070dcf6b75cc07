"""EvidenceGrid stays with the wall: it moves with it, adds up, fades and is forgotten."""

import numpy as np
import pytest

from crackscan.edge.detection.finding import Rule
from crackscan.edge.tracking.evidence_grid import (
    SUBCELLS,
    EvidenceGrid,
    EvidenceParameters,
    Observation,
    shift_grid,
)
from crackscan.edge.tracking.motion import Matrix

PARAMETERS = EvidenceParameters()
RULE = Rule(cell=0.4, patch=0.8, pooled_cells=4, cell_px=16)
ROWS, COLS = 12, 16


def at(x: float, y: float = 0.0) -> Matrix:
    """The camera moved so far over the wall, px."""
    return np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]])


def crack_map(*cells: tuple[int, int], calm: float = 0.02) -> np.ndarray:
    found = np.full((ROWS, COLS), calm, np.float32)
    for cell in cells:
        found[cell] = 0.95
    return found


def view(evidence: EvidenceGrid, pose: Matrix) -> np.ndarray:
    """The evidence in a frame, as a crack map."""
    return evidence.to_crack_map(evidence.sample_view(evidence.grid, pose))


def pan(
    evidence: EvidenceGrid, frames: int, step_px: float, column: int, from_px: float = 0
) -> float:
    """A fine upright crack, seen while the camera goes right; returns its last place."""
    x = from_px
    for index in range(frames):
        x = from_px + index * step_px
        found = np.full((ROWS, COLS), 0.02, np.float32)
        found[:, int((column + 0.5) - x / RULE.cell_px)] = 0.95
        evidence.add_observations(Observation(found, at(x), 1.0, index / 15))
    return x


@pytest.mark.parametrize("step_px", [0.0, 3.7, 8.0, 16.0, 21.3])
def test_evidence_moves_with_the_wall(step_px: float) -> None:
    evidence = EvidenceGrid(ROWS, COLS, RULE)
    x = pan(evidence, 30 if step_px < 5 else 8, step_px, column=12)
    seen = view(evidence, at(x))
    strongest = np.argmax(seen.mean(axis=0))
    assert abs(strongest - (12 - x / RULE.cell_px)) <= 0.5
    assert seen[:, strongest].min() >= RULE.cell
    assert (seen >= RULE.cell).any(axis=0).sum() <= 2  # it did not smear


def test_evidence_turns_and_grows_with_the_wall() -> None:
    evidence = EvidenceGrid(ROWS, COLS, RULE)
    found = crack_map(*((row, 8) for row in range(ROWS)))
    for index in range(30):
        evidence.add_observations(Observation(found, at(0), 1.0, index / 15))
    turn = np.array([[0.0, -1, 220], [1, 0, 0], [0, 0, 1]])  # the camera on its side
    seen = view(evidence, turn) >= RULE.cell
    assert seen.any(axis=1).sum() <= 2 and seen.any(axis=0).sum() >= 9  # upright became level


def test_one_frame_never_decides() -> None:
    evidence = EvidenceGrid(ROWS, COLS, RULE)
    evidence.add_observations(Observation(np.ones((ROWS, COLS), np.float32), at(0), 1.0, 0.0))
    assert view(evidence, at(0)).max() < RULE.cell


def test_frames_that_show_the_same_add_less_than_frames_from_elsewhere() -> None:
    still, moving = EvidenceGrid(ROWS, COLS, RULE), EvidenceGrid(ROWS, COLS, RULE)
    wide = np.full((ROWS, COLS), 0.95, np.float32)
    for index in range(4):
        still.add_observations(Observation(wide, at(0), 1.0, index / 15))
        moving.add_observations(Observation(wide, at(9 * index), 1.0, index / 15))
    assert still.grid.max() < 0.6 * moving.grid.max()


def test_a_smeared_frame_weighs_less() -> None:
    sharp, smeared = EvidenceGrid(ROWS, COLS, RULE), EvidenceGrid(ROWS, COLS, RULE)
    for index in range(3):
        sharp.add_observations(Observation(crack_map((5, 5)), at(9 * index), 1.0, index / 15))
        smeared.add_observations(Observation(crack_map((5, 5)), at(9 * index), 0.2, index / 15))
    assert smeared.grid.max() < 0.5 * sharp.grid.max()
    assert smeared.grid.min() > 0.5 * sharp.grid.min()


def test_evidence_is_bounded_and_turns_round() -> None:
    evidence = EvidenceGrid(ROWS, COLS, RULE)
    for index in range(100):
        evidence.add_observations(Observation(crack_map((5, 5)), at(0), 1.0, index / 15))
    assert (
        PARAMETERS.found < evidence.grid.max() <= PARAMETERS.most
        and evidence.grid.min() >= PARAMETERS.least
    )
    for index in range(100, 200):
        evidence.add_observations(Observation(crack_map(), at(0), 1.0, index / 15))
    assert evidence.grid.max() <= 0


def test_what_leaves_the_view_fades_with_time() -> None:
    evidence = EvidenceGrid(ROWS, COLS, RULE)
    x = pan(evidence, 8, 8.0, column=6)
    away = at(x + 300)
    assert view(evidence, at(x)).max() >= RULE.cell
    evidence.add_observations(Observation(crack_map(), away, 1.0, 1.0))
    assert view(evidence, at(x)).max() >= RULE.cell  # still there,
    for second in range(2, 40):
        evidence.add_observations(Observation(crack_map(), away, 1.0, float(second)))
    assert view(evidence, at(x)).max() < RULE.cell  # and forgotten


def test_memory_does_not_grow_on_an_endless_wall() -> None:
    evidence = EvidenceGrid(ROWS, COLS, RULE)
    shape = evidence.grid.shape
    assert shape == (
        ROWS * SUBCELLS * (2 * PARAMETERS.margin_views + 1),
        COLS * SUBCELLS * (2 * PARAMETERS.margin_views + 1),
    )
    for index in range(60):
        evidence.add_observations(
            Observation(crack_map((5, 5)), at(100 * index, -70 * index), 1.0, index / 15)
        )
        assert view(evidence, at(100 * index, -70 * index)).shape == (ROWS, COLS)
    assert evidence.grid.shape == shape
    assert evidence.window.left > 0 > evidence.window.top


def test_a_slid_window_shows_the_same_wall() -> None:
    grid = np.arange(30).reshape(5, 6)
    moved = shift_grid(grid, 2, -1)
    assert moved[0, 1] == grid[2, 0] and moved[2, 5] == grid[4, 4]
    assert (moved[3:] == 0).all() and (moved[:, 0] == 0).all()
    assert (shift_grid(grid, 9, 0) == 0).all()
