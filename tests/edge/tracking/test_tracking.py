"""One crack is one finding, however many frames show it, on a real wall under a moving camera."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Rule
from crackscan.edge.tracking.components import grown_slices, label_cracks
from crackscan.edge.tracking.evidence_grid import EvidenceGrid
from crackscan.edge.tracking.frame_quality import FrameQuality, FrameVerdict
from crackscan.edge.tracking.section_tracker import SectionTracker, TrackerParameters
from crackscan.edge.tracking.sharpness import measure_detail
from crackscan.edge.tracking.track import Track, TrackUpdate
from crackscan.edge.tracking.wall_tracker import TrackedFrame, WallTracker

SAMPLES = Path(__file__).parents[3] / "samples"
PARAMETERS = TrackerParameters()
RULE = Rule(cell=0.4, patch=0.8, pooled_cells=4, cell_px=16)
WIDTH, HEIGHT, CELL = 320, 240, 16
Line = Callable[[np.ndarray], np.ndarray]


@pytest.fixture(scope="module")
def wall() -> RGB:
    """A real wall, 1600 px wide and 720 high, and no crack of its own that the maps know."""
    picture = read_picture(SAMPLES / "cracked-wall-below-tiles.jpg")
    picture = cv2.resize(picture, (800, 720))
    return np.concatenate([picture, picture[:, ::-1]], 1)


@dataclass
class Device:
    """A camera over the wall; its crack maps show a crack along `row_of` and nothing else."""

    wall: RGB
    row_of: Line
    """The crack's y at each x, wall px; nan if there is none."""
    tracker: WallTracker = field(default_factory=lambda: WallTracker(RULE))
    frames: int = 0
    confirmed: list[Track] = field(default_factory=list)
    merged: dict[int, int] = field(default_factory=dict)
    last: TrackedFrame | None = None
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))

    def see(self, x: float, y: float, flicker: tuple[int, int] | None = None) -> list[int]:
        """A frame with its left upper corner there; the numbers of the findings in it."""
        shift = np.array([[1.0, 0, -x], [0, 1, -y]])
        seen = cv2.warpAffine(self.wall, shift, (WIDTH, HEIGHT))
        return self.show(seen, self.crack_map(x, y, flicker))

    def show(self, seen: np.ndarray, crack_map: np.ndarray) -> list[int]:
        noisy = np.clip(seen + self.rng.normal(0, 3, seen.shape), 0, 255).astype(np.uint8)
        now_s = self.frames / 15
        frame = Frame(noisy, self.frames, f"clip#{self.frames}", "clip", now_s, now_s, now_s)
        self.frames += 1
        result = self.tracker.track_cracks(self.tracker.register_frame(frame), crack_map)
        self.confirmed += result.update.confirmed
        self.merged |= result.update.merged
        self.last = result
        return [track.number for track, _ in result.update.visible]

    def crack_map(self, x: float, y: float, flicker: tuple[int, int] | None) -> np.ndarray:
        found = self.rng.uniform(0, 0.1, (HEIGHT // CELL, WIDTH // CELL)).astype(np.float32)
        along = np.arange(x, x + WIDTH, 2.0)
        row = (self.row_of(along) - y) / CELL
        inside = (row >= 0) & (row < HEIGHT // CELL)  # nan is not
        found[row[inside].astype(int), ((along[inside] - x) / CELL).astype(int)] = 0.93
        if flicker is not None:
            found[flicker[0] : flicker[0] + 2, flicker[1] : flicker[1] + 4] = 0.99
        return found


def nothing(x: np.ndarray) -> np.ndarray:
    return np.full_like(x, np.nan)


def slanted(x: np.ndarray) -> np.ndarray:
    """Across the whole wall."""
    return 300 + 40 * np.sin(x / 170)


def short(x: np.ndarray) -> np.ndarray:
    return np.where((x > 500) & (x < 640), 300 + x / 20, np.nan)


def steps(start: float, stop: float, px: float = 9.0) -> Iterable[float]:
    return np.arange(start, stop, px if stop > start else -px).tolist()


def test_a_long_crack_panned_through_view_is_one_track(wall: RGB) -> None:
    device = Device(wall, slanted)
    numbers = [device.see(x, 180) for x in steps(20, 1250)]
    assert [one.number for one in device.confirmed] == [device.confirmed[0].number]
    first = device.confirmed[0].number
    assert all(seen == [first] for seen in numbers[PARAMETERS.confirming_frames + 3 :])
    (left,) = device.tracker.end_tracks()
    assert left.number == first and left.frames_seen > 0.9 * device.frames


def test_a_flicker_in_one_frame_never_becomes_a_finding(wall: RGB) -> None:
    device = Device(wall, nothing)
    for index, x in enumerate(steps(20, 900)):
        flicker = (3 + index % 5, index % 12) if index % 6 == 0 else None
        assert device.see(x, 180, flicker) == []
    assert not device.confirmed and device.tracker.end_tracks() == ()


def test_a_flicker_while_the_camera_stands_still_is_no_finding_either(wall: RGB) -> None:
    device = Device(wall, nothing)
    for index in range(40):
        assert device.see(300, 180, (5, 8) if index in (7, 23) else None) == []


def test_a_finding_keeps_its_identity_when_it_comes_back(wall: RGB) -> None:
    device = Device(wall, short)
    for x in [*steps(250, 420), *steps(420, 760), *steps(760, 400)]:
        seen = device.see(x, 180)
    assert len(device.confirmed) == 1 and seen == [device.confirmed[0].number]


def test_a_hand_before_the_lens_does_not_make_a_new_finding(wall: RGB) -> None:
    device = Device(wall, short)
    for x in steps(350, 480):
        before = device.see(x, 180)
    hand = cv2.resize(read_picture(SAMPLES / "intact-rusty-roof.jpg"), (WIDTH, HEIGHT))
    for _ in range(10):
        assert device.show(hand, np.full((HEIGHT // CELL, WIDTH // CELL), 0.05, np.float32)) == []
    for x in steps(470, 420):
        after = device.see(x, 185)
    assert before == after == [device.confirmed[0].number] and len(device.confirmed) == 1


def test_a_frame_out_of_light_is_not_usable_and_breaks_nothing(wall: RGB) -> None:
    device = Device(wall, short)
    for x in steps(350, 480):
        before = device.see(x, 180)
    dark = Frame(np.full((HEIGHT, WIDTH, 3), 4, np.uint8), device.frames, "", "", 1.2, 1.2)
    registered = device.tracker.register_frame(dark)
    assert registered.quality.verdict is FrameVerdict.TOO_DARK and not registered.quality.usable
    device.frames += 1
    assert device.see(480, 180) == before


def test_two_cracks_are_two_findings(wall: RGB) -> None:
    def two(x: np.ndarray) -> np.ndarray:
        return np.where((x > 350) & (x < 450), 250.0, np.where(x > 560, 380.0, np.nan))

    device = Device(wall, two)
    for x in steps(300, 420):
        seen = device.see(x, 180)
    assert len(device.confirmed) == 2 and len(set(seen)) == 2


def test_parts_that_turn_out_to_be_one_crack_become_one_finding(wall: RGB) -> None:
    def later_whole(x: np.ndarray) -> np.ndarray:
        whole = device.frames > 40
        return np.where((x > 330) & (x < 385) | (x > 650) & (x < 730) | whole, 290.0, np.nan)

    device = Device(wall, later_whole)
    for x in [*steps(230, 430, 6), *steps(430, 320, 6)]:
        seen = device.see(x, 180)
    kept, gone = (one.number for one in device.confirmed)
    assert device.merged == {gone: kept} and seen == [kept]
    (whole,) = device.tracker.end_tracks()
    assert whole.merged == (gone,)


def test_numbers_that_meet_in_several_components_all_become_the_oldest() -> None:
    """Three tracks; then one component joins the first and third, another the third and second."""
    every_frame = TrackerParameters(growth_frames=1)
    shape = HEIGHT // CELL, WIDTH // CELL
    evidence, tracker = EvidenceGrid(*shape, RULE), SectionTracker(RULE, parameters=every_frame)
    sure = np.full(shape, 0.95, np.float32)
    clear = FrameQuality(
        FrameVerdict.SHARP, 1.0, measure_detail(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    )
    top, left = -evidence.window.top, -evidence.window.left

    def show(*boxes: tuple[int, int, int, int]) -> TrackUpdate:
        evidence.grid[:] = -1
        for up, begin, down, stop in boxes:
            evidence.grid[top + up : top + down, left + begin : left + stop] = 9
        frame = Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 0, "", "", 0.0, 0.0)
        subcells = evidence.sample_view(evidence.grid, np.eye(3))
        return tracker.update_tracks(frame, sure, evidence, subcells, np.eye(3), clear)

    for _ in range(PARAMETERS.confirming_frames):
        show((0, 0, 2, 8), (14, 0, 16, 8))
    for _ in range(PARAMETERS.confirming_frames):
        seen = show((0, 0, 2, 8), (14, 0, 16, 8), (0, 32, 16, 34))
    numbers = [track.number for track, _ in seen.visible]
    assert numbers == [1, 2, 3]
    seen = show((0, 0, 2, 34), (14, 0, 16, 34))
    assert seen.merged == {2: 1, 3: 1}
    assert [(one.number, sorted(one.merged)) for one, _ in seen.visible] == [(1, [2, 3])]
    assert [one.number for one in tracker.end_tracks()] == [1]


def test_the_best_frame_is_central_and_sharp_not_the_first(wall: RGB) -> None:
    device = Device(wall, short)
    smeared = cv2.blur(wall, (25, 1))
    sharp, device.wall = device.wall, np.asarray(smeared, np.uint8)
    for x in steps(260, 340):
        device.see(x, 180)
    device.wall = sharp
    for x in steps(340, 640):
        device.see(x, 180)
    (found,) = device.tracker.end_tracks()
    box = found.best.finding.box
    assert found.first.index < 9 < found.best.stamp.index < found.last.index
    assert abs((box.left + box.right) / 2 - WIDTH / 2) < WIDTH / 4
    assert box.right - box.left >= 140
    assert found.best.finding.probability >= RULE.patch


def test_a_finding_is_complete_some_time_after_it_left(wall: RGB) -> None:
    device = Device(wall, short)
    for x in steps(380, 480):
        device.see(x, 180)
    assert device.last is not None and len(device.last.update.visible) == 1
    device.frames += int(PARAMETERS.lost_s * 15) + 20  # the camera rests
    for x in (900.0, 905.0, 910.0):
        device.see(x, 180)
        ended = device.last.update.completed
        if ended:
            break
    assert [one.number for one in ended] == [device.confirmed[0].number]
    assert device.tracker.end_tracks() == ()


@pytest.mark.parametrize(
    ("boxes", "count"),
    [
        ([(10, 2, 12, 30)], 1),
        ([(10, 2, 12, 30), (10, 36, 12, 60)], 1),  # a small gap
        ([(10, 2, 12, 30), (11, 50, 13, 80)], 1),  # a wide one, each end points at the other
        ([(10, 2, 12, 30), (10, 64, 12, 80)], 2),  # too wide
        ([(10, 2, 12, 30), (34, 2, 36, 30)], 2),  # side by side
        ([(10, 2, 12, 30), (10, 48, 34, 50)], 2),  # an upright one ahead does not point back
    ],
)
def test_components_are_joined_along_the_crack_only(
    boxes: list[tuple[int, int, int, int]], count: int
) -> None:
    mask = np.zeros((60, 90), bool)
    for top, left, bottom, right in boxes:
        mask[top:bottom, left:right] = True
    labels = label_cracks(mask)
    assert len(set(labels[mask].tolist())) == count and (labels[~mask] == 0).all()


@given(st.lists(st.tuples(st.integers(0, 39), st.integers(0, 59)), max_size=30))
def test_what_lies_around_the_evidence_does_not_change_its_components(
    subcells: list[tuple[int, int]],
) -> None:
    mask = np.zeros((40, 60), bool)
    for row, col in subcells:
        mask[row : row + 3, col : col + 4] = True
    near = grown_slices(mask)
    assert mask[near].sum() == mask.sum()
    of_all, of_near = label_cracks(mask), label_cracks(mask[near])
    same = set(zip(of_all[near].ravel().tolist(), of_near.ravel().tolist(), strict=True))
    assert len(same) == len(set(of_all.ravel().tolist())) == len(set(of_near.ravel().tolist()))
