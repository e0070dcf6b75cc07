"""A photograph is searched at scales at which thin cracks are not lost and wide ones fit."""

from math import ceil

import cv2
import numpy as np
import pytest
from photographing import CRACKED, INTACT, METHOD, jpeg, sample

from crackscan.core.pictures import RGB
from crackscan.edge.detection.finding import Rule
from crackscan.edge.detection.multiscale import (
    PARAMETERS,
    ScaleDetection,
    choose_scales,
    coarse_rule,
    detect_at_scale,
    merge_scales,
    refine_coarse,
    resize_to_scale,
)
from crackscan.edge.inference.model import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load(METHOD.model, threads=1)


def detected(model: Model, rgb: RGB, scale: float) -> ScaleDetection:
    height, width = rgb.shape[:2]
    shape = ceil(height / 16), ceil(width / 16)
    rule = Rule.of(model.card)
    return detect_at_scale(model, rule, resize_to_scale(rgb, height, width, scale), scale, shape)


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
    assert choose_scales(width, height, mm_per_px) == scales
    assert width * height * max(scales) ** 2 <= max(PARAMETERS.most_enlarged_px, width * height)
    if mm_per_px is not None and mm_per_px < 0.16:
        assert PARAMETERS.thin_mm / mm_per_px * scales[0] >= PARAMETERS.thin_px


@pytest.mark.parametrize(
    ("joined", "coarse"), [(None, None), (0.15, PARAMETERS.coarse_joined), (0.5, 0.5)]
)
def test_the_coarse_scale_joins_only_likely_cells(
    joined: float | None, coarse: float | None
) -> None:
    rule = Rule(cell=0.7, patch=0.85, pooled_cells=8, cell_px=16, joined=joined, gap_cells=1)
    stricter = coarse_rule(rule)
    assert stricter.joined == coarse
    assert stricter.gap_cells == (1 if joined is None else 0)
    assert (stricter.cell, stricter.patch) == (rule.cell, rule.patch)


def test_a_crack_too_wide_for_the_fine_scale_is_found_at_the_coarse_one(model: Model) -> None:
    wide = cv2.resize(sample(CRACKED), None, fx=20, fy=20, interpolation=cv2.INTER_CUBIC)
    rgb = np.asarray(wide[1500:3500], np.uint8)  # 225 px wide, along the middle
    fine, coarse = detected(model, rgb, 1.0), detected(model, rgb, 0.25)
    assert not fine.findings and coarse.findings
    [crack, *_] = merge_scales((fine, coarse), rgb.shape[1], rgb.shape[0], 16)
    assert crack.box.right - crack.box.left > 0.8 * rgb.shape[1]
    assert crack.probability == max(one.probability for one in coarse.findings)


def test_what_both_scales_find_is_one_finding_in_the_finer_ones_cells(model: Model) -> None:
    rgb = np.asarray(cv2.resize(sample(CRACKED), None, fx=2, fy=2), np.uint8)
    fine, coarse = detected(model, rgb, 1.0), detected(model, rgb, 0.25)
    assert fine.findings and coarse.findings
    sharper = refine_coarse(coarse, fine, 4)
    assert (sharper.labels > 0).sum() < (coarse.labels > 0).sum()
    assert (coarse.labels > 0)[sharper.labels > 0].all()
    cracks = merge_scales((fine, sharper), rgb.shape[1], rgb.shape[0], 16)
    squares = {cell for one in cracks for cell in one.cells}
    assert squares >= set(zip(*(axis.tolist() for axis in np.nonzero(fine.labels)), strict=True))
    assert len(cracks) <= len(fine.findings)
    assert all(0 <= one.box.left < one.box.right <= rgb.shape[1] for one in cracks)


def test_an_enlarged_scale_reports_the_photographs_own_cells(model: Model) -> None:
    rgb = np.asarray(cv2.resize(sample(CRACKED), None, fx=0.5, fy=0.5), np.uint8)
    twice = detected(model, rgb, 2.0)
    assert twice.findings and twice.labels.shape == (ceil(rgb.shape[0] / 16), ceil(114 / 16))
    [crack, *_] = merge_scales((twice,), rgb.shape[1], rgb.shape[0], 16)
    dark = int(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).mean(axis=1).argmin())
    assert crack.box.top <= dark < crack.box.bottom


def test_an_intact_wall_has_no_crack_at_any_scale(model: Model) -> None:
    rgb = sample(INTACT)
    assert not merge_scales(
        [detected(model, rgb, scale) for scale in (2.0, 1.0, 0.5)], 227, 227, 16
    )
    assert len(jpeg(rgb)) > 1000
