"""Look-alikes change a picture visibly, within its range, and the same way for the same seed."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from crackscan.train.render.lookalikes import LOOK_ALIKES, UNDER_CRACKS, paint_look_alikes

SIZES = [(16, 24), (96, 96), (256, 256), (384, 160)]


def wall(height: int, width: int) -> npt.NDArray[np.float32]:
    """A plain grey wall with a little grain."""
    rng = np.random.default_rng(7)
    grain = cv2.GaussianBlur(rng.normal(0, 0.08, (height, width)).astype(np.float32), (0, 0), 1)
    tone = np.array([0.62, 0.6, 0.56], np.float32)
    return np.clip(tone + grain[..., None], 0, 1).astype(np.float32)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_a_look_alike_is_a_picture_of_the_same_kind_and_the_same_for_a_seed(
    name: str, size: tuple[int, int]
) -> None:
    picture = wall(*size)
    before = picture.copy()
    for seed in range(3):
        painted = LOOK_ALIKES[name](picture, np.random.default_rng(seed))
        assert painted.shape == picture.shape
        assert painted.dtype == np.float32
        assert np.isfinite(painted).all()
        assert painted.min() >= 0 and painted.max() <= 1
        again = LOOK_ALIKES[name](picture, np.random.default_rng(seed))
        np.testing.assert_array_equal(painted, again)
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_most_draws_of_a_look_alike_can_be_seen_and_they_differ(name: str) -> None:
    picture = wall(128, 128)
    drawn = [LOOK_ALIKES[name](picture, np.random.default_rng(seed)) for seed in range(10)]
    strongest = [np.quantile(np.abs(painted - picture).max(2), 0.995) for painted in drawn]
    assert np.mean(np.array(strongest) > 0.05) >= 0.6
    assert len({painted.tobytes() for painted in drawn}) >= 0.8 * len(drawn)


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_what_is_drawn_does_not_depend_on_the_wall(name: str) -> None:
    pictures = [wall(96, 96), np.zeros((96, 96, 3), np.float32)]
    for seed in range(3):
        states = []
        for picture in pictures:
            rng = np.random.default_rng(seed)
            LOOK_ALIKES[name](picture, rng)
            states.append(rng.bit_generator.state)
        assert states[0] == states[1]


def test_one_to_three_different_look_alikes_are_painted_and_named() -> None:
    picture = wall(96, 96)
    met = set()
    for seed in range(60):
        painted, names = paint_look_alikes(picture, np.random.default_rng(seed))
        assert 1 <= len(names) <= 3
        assert len(set(names)) == len(names)
        assert painted.shape == picture.shape and painted.dtype == np.float32
        met.update(names)
    assert met <= set(LOOK_ALIKES)
    assert len(met) > len(LOOK_ALIKES) / 2


def test_nothing_that_hides_the_wall_is_painted_under_a_crack() -> None:
    assert set(UNDER_CRACKS) < set(LOOK_ALIKES)
    assert not {"foliage", "window", "cable", "tape_measure"} & set(UNDER_CRACKS)
    _, names = paint_look_alikes(wall(96, 96), np.random.default_rng(2), UNDER_CRACKS)
    assert set(names) <= set(UNDER_CRACKS)


def test_only_the_named_look_alikes_are_painted() -> None:
    painted, names = paint_look_alikes(wall(96, 96), np.random.default_rng(1), ["cable"])
    assert names == ("cable",)
    np.testing.assert_raises(AssertionError, np.testing.assert_array_equal, painted, wall(96, 96))
