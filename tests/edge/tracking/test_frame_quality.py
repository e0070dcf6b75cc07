"""Sharp, smeared, out of focus, dark, bright and covered pictures are distinguished."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.tracking.frame_quality import FrameQuality, FrameVerdict, judge_quality
from crackscan.edge.tracking.motion import LostReason, Motion
from crackscan.edge.tracking.sharpness import measure_detail

SAMPLES = Path(__file__).parents[3] / "samples"
PICTURES = [
    *sorted(SAMPLES.glob("*.jpg")),
    *sorted((SAMPLES / "patches").glob("*/*"))[::6],
]
STILL = Motion()


def picture(path: Path) -> RGB:
    """A sample; patches are mirrored to the size of a small frame."""
    rgb = read_picture(path)
    while rgb.shape[1] < 400:
        rgb = np.concatenate([rgb, rgb[:, ::-1]], 1)
        rgb = np.concatenate([rgb, rgb[::-1]], 0)
    return rgb


def camera(rgb: np.ndarray, seed: int = 0) -> RGB:
    """Noise and JPEG."""
    noisy = rgb + np.random.default_rng(seed).normal(0, 3, rgb.shape)
    coded = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8))[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def smear(rgb: RGB, length_px: int, angle_rad: float) -> np.ndarray:
    """Motion blur."""
    side = length_px // 2 * 2 + 3
    half = length_px / 2 * np.array([np.cos(angle_rad), np.sin(angle_rad)])
    ends = [((side - 1) / 2 + sign * half).round().astype(int).tolist() for sign in (-1, 1)]
    kernel = cv2.line(np.zeros((side, side), np.uint8), *ends, 255, 1, cv2.LINE_AA)
    return cv2.filter2D(rgb, -1, kernel / kernel.sum(dtype=np.float64))


def assess(
    seen: np.ndarray, motion: Motion | None = None, before: np.ndarray | None = None
) -> FrameQuality:
    """The quality of what a camera sees, if it saw something else before."""
    reference = None if before is None else measure_detail(camera(before))
    return judge_quality(measure_detail(camera(seen)), motion, reference)


@pytest.fixture(scope="module")
def walls() -> list[RGB]:
    return [picture(path) for path in PICTURES]


def test_sharp_walls_are_called_sharp_or_plain(walls: list[RGB]) -> None:
    verdicts = [assess(wall) for wall in walls]
    fine = [one.verdict in (FrameVerdict.SHARP, FrameVerdict.PLAIN) for one in verdicts]
    assert np.mean(fine) >= 0.95
    assert min(one.weight for one in verdicts) > 0.7


def test_a_wall_seen_sharp_before_is_found_out_of_focus(walls: list[RGB]) -> None:
    found = [
        judge_quality(
            measure_detail(camera(cv2.GaussianBlur(wall, (0, 0), 3.5))),
            STILL,
            measure_detail(camera(wall)),
        )
        for wall in walls
    ]
    assert np.mean([one.verdict is FrameVerdict.OUT_OF_FOCUS for one in found]) >= 0.85
    assert np.median([one.weight for one in found]) < 0.5


def test_heavy_defocus_is_found_without_comparison_or_not_at_all(walls: list[RGB]) -> None:
    found = [assess(cv2.GaussianBlur(wall, (0, 0), 3.5)) for wall in walls]
    verdicts = [one.verdict for one in found]
    assert verdicts.count(FrameVerdict.OUT_OF_FOCUS) >= 0.3 * len(verdicts)
    assert verdicts.count(FrameVerdict.TOO_FAST) <= 0.05 * len(verdicts)


@pytest.mark.parametrize("angle_deg", [0, 35, 90, 150])
def test_a_smear_along_the_motion_is_too_fast_and_has_its_direction(
    walls: list[RGB], angle_deg: int
) -> None:
    angle = np.radians(angle_deg)
    motion = Motion(30 * np.cos(angle), 30 * np.sin(angle))
    found = [assess(smear(wall, 18, angle), motion, wall) for wall in walls]
    fast = [one for one in found if one.verdict is FrameVerdict.TOO_FAST]
    assert len(fast) >= 0.55 * len(found)
    off = [abs((np.degrees(one.blur_rad or 0) - angle_deg + 90) % 180 - 90) for one in fast]
    assert np.median(off) < 8
    assert np.median([one.weight for one in found]) < 0.8


def test_a_smooth_wall_is_not_called_out_of_focus() -> None:
    rng = np.random.default_rng(8)
    y, x = np.mgrid[:480, :640] / 640
    for _ in range(20):
        a, b, edge = rng.uniform(-40, 40), rng.uniform(-40, 40), rng.uniform(0.1, 0.9)
        shade = 150 + a * x + b * y + 15 * np.tanh((x - edge) * rng.uniform(4, 40))
        seen = camera(np.repeat(shade[..., None], 3, 2), seed=int(rng.integers(1e6)))
        found = judge_quality(measure_detail(seen))
        assert found.verdict is FrameVerdict.PLAIN and found.weight == 1


def test_dark_bright_and_covered_are_distinguished(walls: list[RGB]) -> None:
    wall = walls[0]
    lost = Motion(lost=LostReason.NO_TEXTURE)
    dark = assess(wall * 0.06, lost, wall)
    bright = assess(np.minimum(wall * 3.0 + 90.0, 255), lost, wall)
    hand = np.full(wall.shape, (70, 45, 40), np.float64)
    covered = assess(hand, lost, wall)
    assert dark.verdict is FrameVerdict.TOO_DARK
    assert bright.verdict is FrameVerdict.TOO_BRIGHT
    assert covered.verdict is FrameVerdict.COVERED
    assert not dark.usable and not bright.usable and not covered.usable


def test_a_plain_part_of_the_wall_after_a_textured_one_is_not_covered(walls: list[RGB]) -> None:
    wall = walls[0]
    plain = np.full(wall.shape, wall.mean(), np.float64)
    found = judge_quality(
        measure_detail(camera(plain)),
        Motion(lost=LostReason.NO_TEXTURE),
        measure_detail(camera(wall)),
    )
    assert found.verdict is not FrameVerdict.COVERED and found.usable


def test_large_frames_are_judged_by_windows(walls: list[RGB]) -> None:
    large = np.tile(walls[0], (3, 3, 1))[:1440, :2560]
    assert assess(large).verdict is FrameVerdict.SHARP
    soft = np.asarray(cv2.GaussianBlur(large, (0, 0), 4), np.uint8)
    found = assess(soft, STILL, large)
    assert found.verdict is FrameVerdict.OUT_OF_FOCUS
