"""The wall's motion is found to a part of a pixel; if it is lost, the reason is given."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.tracking.motion import (
    LostReason,
    Motion,
    RegistrationImage,
    estimate_motion,
    make_registration_image,
    motion_from_matrix,
)

SAMPLES = Path(__file__).parents[3] / "samples"
WIDTH, HEIGHT = 480, 360
NAMES = sorted(path.name for path in SAMPLES.glob("*.jpg"))


def wall(name: str) -> RGB:
    """A sample, mirrored until it is large enough for a camera to move over it."""
    picture = read_picture(SAMPLES / name)
    while picture.shape[1] < 960:
        picture = np.concatenate([picture, picture[:, ::-1]], 1)
    while picture.shape[0] < 720:
        picture = np.concatenate([picture, picture[::-1]], 0)
    return picture


def photograph(
    picture: RGB, motion: Motion, rng: np.random.Generator, smear_px: int = 1, noise: float = 3
) -> RGB:
    """The middle of a wall after a motion, with the sensor's noise and another exposure."""
    height, width = picture.shape[:2]
    corner = np.array([[1, 0, (WIDTH - width) / 2], [0, 1, (HEIGHT - height) / 2], [0, 0, 1]])
    moved = motion.matrix(WIDTH, HEIGHT) @ corner
    seen = cv2.warpAffine(picture, moved[:2], (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT_101)
    seen = cv2.blur(seen, (smear_px, 1))
    noisy = seen * rng.uniform(0.9, 1.1) + rng.normal(0, noise, seen.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def off_px(found: Motion, true: Motion) -> float:
    """How far off the middle of the picture is."""
    return float(np.hypot(found.dx - true.dx, found.dy - true.dy))


def test_a_matrix_and_its_motion_are_the_same() -> None:
    motion = Motion(31.5, -12.25, 1.1, 0.2)
    found = motion_from_matrix(motion.matrix(WIDTH, HEIGHT), WIDTH, HEIGHT)
    assert found.dx == pytest.approx(31.5) and found.dy == pytest.approx(-12.25)
    assert found.scale == pytest.approx(1.1) and found.turn_rad == pytest.approx(0.2)


def test_known_shifts_are_found_to_half_a_pixel_in_95_of_100_pairs() -> None:
    rng = np.random.default_rng(1)
    errors = []
    for name in NAMES:
        picture = wall(name)
        before = make_registration_image(photograph(picture, Motion(), rng))
        for _ in range(5):
            true = Motion(rng.uniform(-70, 70), rng.uniform(-50, 50))
            found = estimate_motion(before, make_registration_image(photograph(picture, true, rng)))
            errors.append(np.inf if found.lost else off_px(found, true))
    assert np.mean(np.array(errors) <= 0.5) >= 0.95, sorted(errors)[-6:]


@pytest.mark.parametrize("name", ["cracked-render.jpg", "intact-tiles-and-shadows.jpg"])
@pytest.mark.parametrize(
    "true",
    [
        Motion(12.3, -7.8, 1.04, 0.03),
        Motion(-40, 22, 0.95, -0.08),
        Motion(230, -20),
        Motion(-30, 150),
    ],
    ids=["nearer", "turned", "far across", "far down"],
)
def test_turns_zooms_and_large_shifts_are_found(name: str, true: Motion) -> None:
    rng = np.random.default_rng(2)
    picture = wall(name)
    before, after = (make_registration_image(photograph(picture, m, rng)) for m in (Motion(), true))
    found = estimate_motion(before, after)
    assert found.lost is None and off_px(found, true) < 2
    assert found.scale == pytest.approx(true.scale, abs=0.01)
    assert found.turn_rad == pytest.approx(true.turn_rad, abs=0.01)


def test_a_smeared_frame_is_still_registered() -> None:
    rng = np.random.default_rng(3)
    picture, true = wall("cracked-render.jpg"), Motion(25, 3)
    before = make_registration_image(photograph(picture, Motion(), rng))
    found = estimate_motion(
        before, make_registration_image(photograph(picture, true, rng, smear_px=21))
    )
    assert found.lost is None and off_px(found, true) < 2


def test_a_cut_is_reported_as_a_cut() -> None:
    rng = np.random.default_rng(4)
    small: dict[str, RegistrationImage] = {
        name: make_registration_image(photograph(wall(name), Motion(), rng))
        for name in NAMES
        if "painted" not in name and "patch" not in name
    }
    reasons = [
        estimate_motion(one, other).lost
        for name, one in small.items()
        for other_name, other in small.items()
        if name != other_name
    ]
    assert len(reasons) >= 20 and reasons.count(LostReason.CUT) == len(reasons)
    other_size = make_registration_image(np.zeros((360, 360, 3), np.uint8))
    assert estimate_motion(small["cracked-render.jpg"], other_size).lost is LostReason.CUT


def test_plain_and_smeared_pictures_are_not_a_cut() -> None:
    rng = np.random.default_rng(5)
    sharp = photograph(wall("cracked-render.jpg"), Motion(), rng)
    plain = np.full_like(sharp, 127)
    assert (
        estimate_motion(make_registration_image(sharp), make_registration_image(plain)).lost
        is LostReason.NO_TEXTURE
    )
    smeared = np.asarray(cv2.blur(sharp, (161, 9)), np.uint8)
    assert (
        estimate_motion(make_registration_image(sharp), make_registration_image(smeared)).lost
        is LostReason.BLUR
    )


def test_a_wall_lost_at_high_speed_moved_too_fast() -> None:
    rng = np.random.default_rng(6)
    before, after = (
        make_registration_image(photograph(wall(name), Motion(), rng))
        for name in ("cracked-render.jpg", "cracked-wall-below-tiles.jpg")
    )
    assert estimate_motion(before, after, Motion(200, 0)).lost is LostReason.TOO_FAST


def test_the_expected_motion_chooses_among_the_periods_of_tiles() -> None:
    tile = np.full((48, 48, 3), 190, np.uint8)
    tile[:4], tile[:, :4] = 90, 90
    picture = np.tile(tile, (15, 20, 1))
    rng = np.random.default_rng(7)
    true = Motion(44, 0)
    before, after = (make_registration_image(photograph(picture, m, rng)) for m in (Motion(), true))
    assert off_px(estimate_motion(before, after, Motion(42, 1)), true) < 1


def test_estimating_leaves_the_pictures_as_they_are() -> None:
    rng = np.random.default_rng(0)
    picture = wall(NAMES[0])
    before, after = (
        make_registration_image(photograph(picture, Motion(x), rng)) for x in (0.0, 12.0)
    )
    kept = before.coarse.copy(), after.coarse.copy()
    assert estimate_motion(before, after).lost is None
    assert (before.coarse == kept[0]).all() and (after.coarse == kept[1]).all()
