"""A crack that comes back after a long way over the wall keeps its track."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Rule
from crackscan.edge.tracking.evidence_grid import SUBCELLS, EvidenceGrid, Observation, Window
from crackscan.edge.tracking.frame_quality import FrameQuality, FrameVerdict
from crackscan.edge.tracking.reidentification import LostCells
from crackscan.edge.tracking.section_tracker import SectionTracker, TrackerParameters
from crackscan.edge.tracking.sharpness import measure_detail
from crackscan.edge.tracking.track import TrackUpdate

ROWS, COLS, CELL = 15, 20, 16
RULE = Rule(cell=0.4, patch=0.8, pooled_cells=4, cell_px=CELL)
NO_PICTURE = np.zeros((ROWS * CELL, COLS * CELL, 3), np.uint8)
CLEAR = FrameQuality(FrameVerdict.SHARP, 1.0, measure_detail(NO_PICTURE))
WINDOW = Window(-20, -30, 60, 80)
Cells = set[tuple[int, int]]


def upright(col: int, top: int = 2, bottom: int = 9) -> Cells:
    """A crack's (row, column) on the wall, in cells."""
    return {(row, col) for row in range(top, bottom)}


@dataclass
class Camera:
    """Moves to the right and back over a wall, cell by cell; it sees what it is given."""

    evidence: EvidenceGrid = field(default_factory=lambda: EvidenceGrid(ROWS, COLS, RULE))
    tracker: SectionTracker = field(default_factory=lambda: SectionTracker(RULE))
    frames: int = 0
    col: int = 0
    numbers: set[int] = field(default_factory=set)
    """Of all findings that were confirmed."""
    merged: dict[int, int] = field(default_factory=dict)

    def see(self, crack: Cells) -> list[int]:
        """The numbers of the findings in a frame that shows a crack, if it is in view."""
        cells = np.full((ROWS, COLS), 0.02, np.float32)
        for row, col in crack:
            if 0 <= row < ROWS and 0 <= col - self.col < COLS:
                cells[row, col - self.col] = 0.95
        pose = np.array([[1.0, 0, self.col * CELL], [0, 1, 0], [0, 0, 1]])
        now_s = self.frames / 15
        frame = Frame(NO_PICTURE, self.frames, "", "", now_s, now_s)
        self.frames += 1
        self.evidence.add_observations(Observation(cells, pose, 1.0, now_s))
        subcells = self.evidence.sample_view(self.evidence.grid, pose)
        seen: TrackUpdate = self.tracker.update_tracks(
            frame, cells, self.evidence, subcells, pose, CLEAR
        )
        self.numbers |= {one.number for one in seen.confirmed}
        self.merged |= seen.merged
        return [one.number for one, _ in seen.visible]

    def go(self, col: int, crack: Cells) -> list[int]:
        """The findings at the end of a way."""
        while self.col != col:
            self.col += 1 if self.col < col else -1
            seen = self.see(crack)
        return seen


def test_a_crack_that_the_window_has_left_is_reidentified_when_it_comes_back() -> None:
    camera = Camera()
    assert camera.go(8, upright(12)) == [1]
    assert camera.go(110, upright(12)) == []
    assert camera.evidence.window.left > 12 * SUBCELLS
    assert camera.go(4, upright(12)) == [1] and camera.numbers == {1}


def test_it_is_reidentified_though_the_registration_has_drifted() -> None:
    camera = Camera()
    camera.go(8, upright(12))
    camera.go(110, set())
    assert camera.go(4, upright(13, 3, 10)) == [1] and camera.numbers == {1}


@pytest.mark.parametrize("other", [upright(16), upright(12, 8, 14)])
def test_another_crack_next_to_it_is_another_track(other: Cells) -> None:
    camera = Camera()
    camera.go(8, upright(12))
    camera.go(110, set())
    (number,) = camera.go(4, other)
    assert number != 1 and camera.numbers == {1, number} and not camera.merged


def test_a_track_that_grows_to_where_an_older_one_lay_becomes_part_of_it() -> None:
    camera = Camera()
    camera.go(8, upright(12))
    camera.go(110, set())
    (number,) = camera.go(4, upright(12, 9, 14))
    camera.go(0, upright(12, 2, 14))
    assert camera.go(30, upright(12, 2, 14)) == [] and camera.merged == {number: 1}
    (whole,) = camera.tracker.end_tracks()
    assert whole.number == 1 and whole.merged == (number,)


def test_a_track_that_is_complete_is_not_reidentified() -> None:
    camera = Camera()
    camera.go(8, upright(12))
    camera.go(110, set())
    camera.frames += int(TrackerParameters().lost_s * 15)
    (number,) = camera.go(4, upright(12))
    assert number != 1


def owners(*places: tuple[int, int], number: int = 1) -> np.ndarray:
    """Of a window's subcells; places are cells of it."""
    found = np.zeros((WINDOW.rows, WINDOW.cols), np.int32)
    for row, col in places:
        found[row * SUBCELLS : (row + 1) * SUBCELLS, col * SUBCELLS : (col + 1) * SUBCELLS] = number
    return found


@pytest.mark.parametrize(
    ("places", "known"),
    [
        (upright(10), 1),
        (upright(11), 1),  # the wall drifted by a cell,
        (upright(12), None),  # and this is another one
        (upright(10, 5, 11), 1),  # most of it lies there
        (upright(10, 9, 14), None),  # it only goes on there
    ],
)
def test_what_lies_where_a_finding_lay_is_that_finding(places: Cells, known: int | None) -> None:
    left = LostCells()
    left.store_cells({1}, owners(*upright(10)), WINDOW)
    assert left.match_track(2, owners(*places, number=2), WINDOW) == known
    shift_grid = Window(
        WINDOW.top - 2 * SUBCELLS, WINDOW.left + 3 * SUBCELLS, WINDOW.rows, WINDOW.cols
    )
    moved = {(row + 2, col - 3) for row, col in places}
    assert left.match_track(2, owners(*moved, number=2), shift_grid) == known


def test_lost_cells_go_with_their_track() -> None:
    left = LostCells()
    left.store_cells({1}, owners(*upright(10)), WINDOW)
    here = owners(*upright(10), number=5)
    assert left.match_track(1, owners(*upright(10)), WINDOW) is None  # itself
    left.merge_tracks(3, 1)
    assert left.match_track(5, here, WINDOW) == 3
    left.drop_track(3)
    assert left.match_track(5, here, WINDOW) is None
    left.store_cells(
        {2}, owners(*upright(10)), WINDOW
    )  # another one is complete, or was never sure
    assert left.match_track(5, here, WINDOW) is None
