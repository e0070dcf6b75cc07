"""A photograph is looked at so that thin cracks are not lost and wide ones fit."""

from math import ceil

import cv2
import numpy as np
import pytest
from photographing import CRACKED, INTACT, METHOD, jpeg, sample

from crackscan.core.pictures import RGB
from crackscan.edge.detection.finding import Rule
from crackscan.edge.detection.multiscale import (
    MOST_ENLARGED_PX,
    THIN_MM,
    THIN_PX,
    Seen,
    at_scale,
    join,
    look,
    map_scales,
    refined,
)
from crackscan.edge.inference.model import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load(METHOD.model, threads=1)


def seen(model: Model, rgb: RGB, scale: float) -> Seen:
    height, width = rgb.shape[:2]
    shape = ceil(height / 16), ceil(width / 16)
    rule = Rule.of(model.card)
    return look(model, rule, at_scale(rgb, height, width, scale), scale, shape)


@pytest.mark.parametrize(
    ("width", "height", "mm_per_px", "scales"),
    [
        (8064, 6048, None, (1.0, 0.25)),
        (8064, 6048, 0.01, (0.125, 0.03125)),
        (8064, 6048, 0.04, (0.25, 0.0625)),
        (8064, 6048, 0.08, (0.5, 0.125)),
        (8064, 6048, 0.16, (1.0, 0.25)),
        (8064, 6048, 1.0, (1.0, 0.25)),  # too large to be enlarged
        (4000, 3000, 0.3, (2.0, 0.5)),
        (640, 480, None, (1.0, 0.25)),
        (320, 240, None, (1.0,)),  # no context in 60 px
    ],
)
def test_scales_follow_the_sampling_distance(
    width: int, height: int, mm_per_px: float | None, scales: tuple[float, ...]
) -> None:
    assert map_scales(width, height, mm_per_px) == scales
    assert width * height * max(scales) ** 2 <= max(MOST_ENLARGED_PX, width * height)
    if mm_per_px is not None and mm_per_px < 0.16:
        assert THIN_MM / mm_per_px * scales[0] >= THIN_PX


def test_a_crack_too_wide_for_the_first_look_is_seen_by_the_second(model: Model) -> None:
    wide = cv2.resize(sample(CRACKED), None, fx=20, fy=20, interpolation=cv2.INTER_CUBIC)
    rgb = np.asarray(wide[1500:3500], np.uint8)  # 225 px wide, along the middle
    fine, coarse = seen(model, rgb, 1.0), seen(model, rgb, 0.25)
    assert not fine.findings and coarse.findings
    [crack, *_] = join((fine, coarse), rgb.shape[1], rgb.shape[0], 16)
    assert crack.box.right - crack.box.left > 0.8 * rgb.shape[1]
    assert crack.probability == max(one.probability for one in coarse.findings)


def test_what_both_looks_see_is_one_crack_in_the_finer_ones_squares(model: Model) -> None:
    rgb = np.asarray(cv2.resize(sample(CRACKED), None, fx=2, fy=2), np.uint8)
    fine, coarse = seen(model, rgb, 1.0), seen(model, rgb, 0.25)
    assert fine.findings and coarse.findings
    sharper = refined(coarse, fine, 4)
    assert (sharper.labels > 0).sum() < (coarse.labels > 0).sum()
    assert (coarse.labels > 0)[sharper.labels > 0].all()
    cracks = join((fine, sharper), rgb.shape[1], rgb.shape[0], 16)
    squares = {cell for one in cracks for cell in one.cells}
    assert squares >= set(zip(*(axis.tolist() for axis in np.nonzero(fine.labels)), strict=True))
    assert len(cracks) <= len(fine.findings)
    assert all(0 <= one.box.left < one.box.right <= rgb.shape[1] for one in cracks)


def test_an_enlarged_look_is_told_in_the_photographs_own_squares(model: Model) -> None:
    rgb = np.asarray(cv2.resize(sample(CRACKED), None, fx=0.5, fy=0.5), np.uint8)
    twice = seen(model, rgb, 2.0)
    assert twice.findings and twice.labels.shape == (ceil(rgb.shape[0] / 16), ceil(114 / 16))
    [crack, *_] = join((twice,), rgb.shape[1], rgb.shape[0], 16)
    dark = int(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).mean(axis=1).argmin())
    assert crack.box.top <= dark < crack.box.bottom


def test_an_intact_wall_has_no_crack_at_any_scale(model: Model) -> None:
    rgb = sample(INTACT)
    assert not join([seen(model, rgb, scale) for scale in (2.0, 1.0, 0.5)], 227, 227, 16)
    assert len(jpeg(rgb)) > 1000
