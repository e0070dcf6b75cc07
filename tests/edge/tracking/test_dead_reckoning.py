"""Frames of a wall that passes slowly and steadily get their pose by dead reckoning."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import BoundingBox, Finding, Rule
from crackscan.edge.tracking.dead_reckoning import DeadReckoningParameters, shift_finding
from crackscan.edge.tracking.frame_quality import FrameVerdict
from crackscan.edge.tracking.motion import Motion
from crackscan.edge.tracking.wall_tracker import RegisteredFrame, TrackedFrame, WallTracker

SAMPLES = Path(__file__).parents[3] / "samples"
MOST_FRAMES = DeadReckoningParameters().most_frames
RULE = Rule(cell=0.4, patch=0.8, pooled_cells=4, cell_px=16)
WIDTH, HEIGHT, RATE_FPS = 640, 480, 30
NOISE = np.random.default_rng(3).normal(0, 2, (5, HEIGHT, WIDTH, 3)).astype(np.int16)
Change = Callable[[RGB], RGB]


@pytest.fixture(scope="module")
def wall() -> RGB:
    """A real wall, 2400 px wide and 900 high."""
    picture = cv2.resize(read_picture(SAMPLES / "cracked-wall-below-tiles.jpg"), (1200, 900))
    return np.concatenate([picture, picture[:, ::-1]], 1)


class Camera:
    """Looks at the wall; its maps show an upright crack at one place of it."""

    def __init__(self, wall: RGB, crack_x: float = 700) -> None:
        self.tracker = WallTracker(RULE)
        self._wall, self._crack_x = wall, crack_x
        self._index = 0

    def see(
        self, x: float, change: Change = lambda rgb: rgb
    ) -> tuple[RegisteredFrame, TrackedFrame]:
        seen = cv2.warpAffine(self._wall, np.array([[1.0, 0, -x], [0, 1, -200]]), (WIDTH, HEIGHT))
        noisy = cv2.add(change(seen), NOISE[self._index % len(NOISE)], dtype=cv2.CV_8U)
        now_s = self._index / RATE_FPS
        frame = Frame(noisy, self._index, f"#{self._index}", "camera", now_s, now_s)
        self._index += 1
        cells = np.full((HEIGHT // 16, WIDTH // 16), 0.03, np.float32)
        column = int((self._crack_x - x) / 16)
        if 0 <= column < cells.shape[1]:
            cells[4:26, column] = 0.95
        registered = self.tracker.register_frame(frame)
        return registered, self.tracker.track_cracks(registered, cells)


def test_a_slow_steady_pan_is_registered_now_and_then(wall: RGB) -> None:
    camera = Camera(wall)
    ways = [300 + 6.0 * index for index in range(60)]
    frames = [camera.see(x)[0] for x in ways]
    assert sum(not registered.is_predicted for registered in frames[5:]) <= 55 / 4
    for x, registered in zip(ways, frames, strict=True):
        assert registered.pose is not None and registered.pose.section == 0
        assert registered.quality.verdict is FrameVerdict.SHARP
        assert np.allclose(registered.pose.matrix[:2, 2], (x - 300, 0), atol=1.5)
    assert all(registered.motion.dx == pytest.approx(-6, abs=1) for registered in frames[2:])


def test_a_fast_pan_is_registered_frame_by_frame(wall: RGB) -> None:
    camera = Camera(wall)
    assert not any(camera.see(200 + 40.0 * index)[0].is_predicted for index in range(20))


def test_a_trembling_hand_is_registered_frame_by_frame(wall: RGB) -> None:
    camera = Camera(wall)
    frames = [camera.see(300 + 4 * index + 7 * (index % 2))[0] for index in range(30)]
    assert sum(not registered.is_predicted for registered in frames) > 25


@pytest.mark.parametrize(
    ("change", "verdicts"),
    [
        (lambda rgb: cv2.GaussianBlur(rgb, (0, 0), 6), {FrameVerdict.OUT_OF_FOCUS}),
        (lambda rgb: cv2.blur(rgb, (31, 1)), {FrameVerdict.TOO_FAST}),
        (lambda rgb: cv2.blur(rgb, (1, 31)), {FrameVerdict.TOO_FAST}),
        (lambda rgb: (rgb * 0.05).astype(np.uint8), {FrameVerdict.TOO_DARK, FrameVerdict.COVERED}),
    ],
)
def test_a_frame_that_is_not_clear_is_told_at_once(
    wall: RGB, change: Change, verdicts: set[FrameVerdict]
) -> None:
    for good in range(20, 20 + MOST_FRAMES + 1):
        camera = Camera(wall)
        for index in range(good):
            camera.see(300 + 6.0 * index)
        registered, _ = camera.see(300 + 6.0 * good, change)
        assert not registered.is_predicted and registered.quality.verdict in verdicts


def test_another_wall_is_seen_at_once(wall: RGB) -> None:
    other = cv2.resize(read_picture(SAMPLES / "intact-rusty-roof.jpg"), (WIDTH, HEIGHT))
    camera = Camera(wall)
    for index in range(22):
        camera.see(300 + 6.0 * index)
    registered, result = camera.see(432, lambda _: other)
    assert not registered.is_predicted and (registered.pose is None or registered.pose.section == 1)
    assert result.update.visible == ()


def test_a_pan_that_stops_during_dead_reckoning_leaves_the_crack_where_it_is(wall: RGB) -> None:
    for predicted in range(MOST_FRAMES + 1):
        camera = Camera(wall)
        for index in range(20 + predicted):
            x = 300 + 6.0 * index
            camera.see(x)
        for _ in range(MOST_FRAMES + 2):
            registered, result = camera.see(x)
        assert registered.pose is not None
        assert np.allclose(registered.pose.matrix[:2, 2], (x - 300, 0), atol=1.5)
        strong = (result.evidence_map() >= RULE.cell).any(axis=0).nonzero()[0]
        assert set(strong.tolist()) <= {int((700 - x) / 16) + off for off in (-1, 0, 1)}


def test_a_finding_is_shown_where_each_frame_has_it_and_counted_in_all(wall: RGB) -> None:
    camera = Camera(wall)
    numbers = set()
    for index in range(50):
        x = 300 + 6.0 * index
        _, result = camera.see(x)
        for track, finding in result.update.visible:
            numbers.add(track.number)
            middle = (finding.box.left + finding.box.right) / 2
            assert abs(middle - (700 - x)) <= 24
            assert all(0 <= col - (700 - x) // 16 + 1 <= 2 for _, col in finding.cells)
    assert len(numbers) == 1
    (whole,) = camera.tracker.end_tracks()
    assert whole.frames_seen > 40


def test_a_best_view_is_reported_with_the_registered_frame_that_shows_it(wall: RGB) -> None:
    """So a caller that keeps the pixels finds them in that frame, and in no other."""
    camera = Camera(wall)
    best = -1
    for index in range(60):
        registered, result = camera.see(300 + 6.0 * index)
        for track in result.update.improved:
            assert not registered.is_predicted and track.best.stamp.index == index > best
            best = index
    assert best > 0
    (whole,) = camera.tracker.end_tracks()
    assert whole.best.stamp.index == best


def test_a_finding_moves_with_the_wall_and_leaves_the_view() -> None:
    cells = ((0, 0), (1, 0), (2, 1))
    finding = Finding(BoundingBox(0, 0, 32, 48), cells, 768, 0.9, 0.9, 0.9)
    frame = Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 7, "b", "camera", 1.0, 2.0)
    shape = HEIGHT // 16, WIDTH // 16
    there = shift_finding(finding, Motion(20.4, 9.0), frame, shape, 16)
    assert there is not None
    assert there.box == BoundingBox(20, 9, 52, 57) and there.cells == ((1, 1), (2, 1), (3, 2))
    half = shift_finding(finding, Motion(-16.0, 0.0), frame, shape, 16)
    assert half is not None and half.box == BoundingBox(0, 0, 16, 48) and half.cells == ((2, 0),)
    assert shift_finding(finding, Motion(-40.0, 0.0), frame, shape, 16) is None
