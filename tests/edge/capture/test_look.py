"""Plain walls are good pictures; lens caps, hands and the dark are told from them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.capture import State
from crackscan.edge.capture.lens_cover import look

SAMPLES = sorted((Path(__file__).resolve().parents[3] / "samples").glob("*.jpg"))


def noisy(grey: np.ndarray, deviation: float) -> RGB:
    noise = np.random.default_rng(3).normal(0, deviation, (480, 640, 3))
    return np.clip(grey[..., None] + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_walls_are_good_also_out_of_focus_or_in_dim_light(path: Path) -> None:
    rgb = read_picture(path)
    for seen in (rgb, cv2.GaussianBlur(rgb, (0, 0), rgb.shape[1] / 100), rgb // 3):
        assert look(np.asarray(seen, np.uint8)) is State.GOOD
        assert look(np.asarray(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), np.uint8)) is State.GOOD


@pytest.mark.parametrize("deviation", [0, 2, 8])
def test_a_cap_or_hand_that_lets_some_light_through_is_covered(deviation: float) -> None:
    shaded = np.linspace(60, 110, 640)[None] + np.linspace(0, 30, 480)[:, None]
    assert look(noisy(shaded, deviation)) is State.COVERED


@pytest.mark.parametrize("deviation", [0, 3, 6])
def test_the_dark_is_black_whatever_the_noise(deviation: float) -> None:
    assert look(noisy(np.full((480, 640), 6.0), deviation)) is State.BLACK


def test_a_wall_that_differs_in_colour_only_is_good() -> None:
    rgb = np.full((480, 640, 3), (220, 20, 20), np.uint8)
    rgb[:, 320:] = 20, 20, 220
    assert look(rgb) is State.GOOD
