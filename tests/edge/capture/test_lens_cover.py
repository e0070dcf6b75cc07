"""Plain walls are good pictures; lens caps, hands and darkness are recognised."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.capture import SourceState
from crackscan.edge.capture.lens_cover import detect_cover

SAMPLES = sorted((Path(__file__).resolve().parents[3] / "samples").glob("*.jpg"))


def noisy(grey: np.ndarray, deviation: float) -> RGB:
    noise = np.random.default_rng(3).normal(0, deviation, (480, 640, 3))
    return np.clip(grey[..., None] + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_walls_are_good_even_out_of_focus_or_in_dim_light(path: Path) -> None:
    rgb = read_picture(path)
    for picture in (rgb, cv2.GaussianBlur(rgb, (0, 0), rgb.shape[1] / 100), rgb // 3):
        assert detect_cover(np.asarray(picture, np.uint8)) is SourceState.GOOD
        assert (
            detect_cover(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8))
            is SourceState.GOOD
        )


@pytest.mark.parametrize("deviation", [0, 2, 8])
def test_a_cap_or_hand_that_lets_light_through_is_covered(deviation: float) -> None:
    shaded = np.linspace(60, 110, 640)[None] + np.linspace(0, 30, 480)[:, None]
    assert detect_cover(noisy(shaded, deviation)) is SourceState.COVERED


@pytest.mark.parametrize("deviation", [0, 3, 6])
def test_darkness_is_black_at_any_noise_level(deviation: float) -> None:
    assert detect_cover(noisy(np.full((480, 640), 6.0), deviation)) is SourceState.BLACK


def test_a_wall_that_differs_in_colour_only_is_good() -> None:
    rgb = np.full((480, 640, 3), (220, 20, 20), np.uint8)
    rgb[:, 320:] = 20, 20, 220
    assert detect_cover(rgb) is SourceState.GOOD
