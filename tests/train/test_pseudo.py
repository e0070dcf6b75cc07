"""In a close-up the crack is what is darker than the wall; doubtful cells stay unknown."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from crackscan.core.pictures import read_picture
from crackscan.train.data.pseudo_masks import PARAMETERS, dark_crack

SAMPLES = Path(__file__).parents[2] / "samples"


def wall(grey: int = 170) -> np.ndarray:
    noise = np.random.default_rng(0).normal(grey, 6, (227, 227, 3))
    return np.clip(noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("width", [5, 9, 15])
@pytest.mark.parametrize("shade", [1.0, 0.6])
def test_a_dark_line_is_found_where_it_is(width: int, shade: float) -> None:
    truth = np.zeros((227, 227), np.uint8)
    cv2.polylines(truth, [np.array([[10, 40], [110, 120], [220, 130]])], False, (255,), width)
    ramp = np.linspace(1.0, shade, 227)[None, :, None]
    rgb = np.where(truth[..., None] > 0, 60, wall() * ramp).astype(np.uint8)
    core, maybe = dark_crack(rgb)
    found, true = core > 0, truth > 0
    assert (found & true).sum() / (found | true).sum() > 0.7
    assert (maybe[found] == 255).all(), "what is sure is also possible"
    assert set(np.unique(core)) <= {0, 255} and core.dtype == np.uint8


def test_spots_are_no_cracks() -> None:
    rgb = wall()
    for x in range(20, 220, 40):
        cv2.circle(rgb, (x, 100), 4, (40, 40, 40), -1)
    core, _ = dark_crack(rgb)
    assert not core.any()


def test_a_plain_wall_has_none() -> None:
    core, maybe = dark_crack(wall())
    assert not core.any() and not maybe.any()


def test_cracks_of_real_close_ups_are_found() -> None:
    pictures = [read_picture(path) for path in sorted(SAMPLES.glob("patches/positive/*"))]
    masks = [dark_crack(rgb) for rgb in pictures]
    found = [np.count_nonzero(core) >= 2 * PARAMETERS.min_area_px for core, _ in masks]
    assert np.mean(found) >= 0.9
    for rgb, (core, maybe) in zip(pictures, masks, strict=True):
        if core.any():
            assert rgb[core > 0].mean() < rgb[maybe == 0].mean() - PARAMETERS.min_depth
            assert (maybe > 0).mean() < 0.4
