"""FROC of whole pictures: what is found, what is false, and how sure the figures are."""

import numpy as np
import pytest

from crackscan.train.evaluate.froc import (
    Judged,
    alarming_at,
    curve,
    false_at,
    found_at,
    judge,
    threshold_at,
    truth_of,
    truth_of_boxes,
)
from crackscan.train.evaluate.whole_pictures import by_width, figures

CELL = 16


def _level(top: int, width_px: int) -> np.ndarray:
    mask = np.zeros((160, 160), np.uint8)
    mask[top : top + width_px] = 255
    return mask


LEVEL = truth_of("one", "one", _level(71, 3), CELL)
NONE = truth_of("none", "none", np.zeros((160, 160), np.uint8), CELL)


def _labels(*rows_cols: tuple[slice, slice]) -> np.ndarray:
    labels = np.zeros((10, 10), np.int32)
    for number, part in enumerate(rows_cols, start=1):
        labels[part] = number
    return labels


def test_the_length_of_a_mask_is_that_of_its_middle_line() -> None:
    assert len(LEVEL.rows) == pytest.approx(160, abs=6)
    assert set(LEVEL.rows.tolist()) == {4}
    assert LEVEL.width_px.mean() == pytest.approx(3, abs=0.6)


@pytest.mark.parametrize(
    ("row", "found"),
    [(2, 0.0), (3, 0.5), (4, 0.5), (5, 0.5), (6, 0.0)],
)
def test_a_crack_is_found_within_one_cell_of_a_finding(row: int, found: float) -> None:
    judged = judge(LEVEL, _labels((slice(row, row + 1), slice(0, 4))), np.array([1.0]))
    assert found_at([judged], 0.5) == pytest.approx(found, abs=0.02)


@pytest.mark.parametrize(
    ("part", "is_false"),
    [
        ((slice(4, 5), slice(0, 10)), False),
        ((slice(0, 3), slice(0, 10)), True),
        ((slice(1, 10), slice(3, 4)), False),  # the grown mask touches three of its nine cells
        ((slice(0, 10), slice(3, 5)), False),
        ((slice(5, 10), slice(3, 4)), True),
    ],
)
def test_a_finding_is_false_if_less_than_three_tenths_lie_on_the_crack(
    part: tuple[slice, slice], is_false: bool
) -> None:
    judged = judge(LEVEL, _labels(part), np.array([1.0]))
    assert (false_at([judged], 0.5) == 1) == is_false


def test_every_finding_in_a_picture_without_cracks_is_false() -> None:
    labels = _labels((slice(0, 1), slice(0, 3)), (slice(5, 6), slice(0, 3)))
    judged = [judge(NONE, labels, np.array([0.2, 1.0])), judge(NONE, _labels(), np.array([]))]
    assert false_at(judged, 0.5) == 0.5
    assert false_at(judged, 0.1) == 1.0
    assert alarming_at(judged, 0.1) == 0.5
    assert np.isnan(found_at(judged, 0.1))


def test_a_box_is_found_by_a_finding_inside_it() -> None:
    boxes = np.array([[0.0, 0.0, 0.3, 0.3], [0.5, 0.5, 1.0, 1.0]])
    truth = truth_of_boxes("boxes", "boxes", boxes, (160, 160), CELL)
    judged = judge(truth, _labels((slice(0, 1), slice(0, 1))), np.array([1.0]))
    assert found_at([judged], 0.5) == 0.5
    assert false_at([judged], 0.5) == 0


def _judged(reached: list[float], false: list[float], name: str = "a") -> Judged:
    count = len(reached)
    truth = truth_of(name, name, np.zeros((16, 16), np.uint8), CELL)
    fields = {**truth.__dict__, "width_px": np.full(count, 2.0, np.float32)}
    return Judged(type(truth)(**fields), np.array(reached), np.array(sorted(false, reverse=True)))


def test_a_curve_rises_on_both_axes_as_the_threshold_falls() -> None:
    judged = [_judged([3.0, 1.0, -np.inf, 2.0], [2.5, 0.5]), _judged([], [1.5])]
    whole = curve(judged)
    assert whole.thresholds.tolist() == [3.0, 2.5, 2.0, 1.5, 1.0, 0.5]
    assert whole.found.tolist() == [0.25, 0.25, 0.5, 0.5, 0.75, 0.75]
    assert whole.false_a_picture.tolist() == [0, 0.5, 0.5, 1.0, 1.0, 1.5]


@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0, 1.5, 2.0])
def test_a_threshold_keeps_its_promise_and_none_lower_does(rate: float) -> None:
    judged = [_judged([3.0, 1.0, 0.2], [2.5, 0.5]), _judged([], [1.5])]
    threshold = threshold_at(judged, rate)
    assert false_at(judged, threshold) <= rate
    lower = [one for one in (2.5, 1.5, 0.5) if one < threshold]
    assert not lower or false_at(judged, lower[0]) > rate


def test_what_no_finding_is_near_is_not_found_without_any_threshold() -> None:
    judged = [_judged([1.0, -np.inf], [])]
    assert threshold_at(judged, 0.3) == -np.inf
    assert found_at(judged, -np.inf) == 0.5


def test_found_by_width_adds_up_to_all_length() -> None:
    classes = by_width([_judged([3.0, 1.0, 0.2], [])], 0.5)
    assert sum(one["length_px"] for one in classes) == 3
    assert [one["found"] for one in classes] == [None, pytest.approx(2 / 3), None, None]


def test_intervals_are_by_photograph_and_say_if_they_are_degenerate() -> None:
    rng = np.random.default_rng(0)
    many = [_judged(rng.normal(0, 1, 5).tolist(), [], str(number)) for number in range(30)]
    few = [_judged([1.0], [], "one") for _ in range(30)]
    own = figures({"many": many, "few": few, "none": [_judged([], [])] * 9}, 0.0)["own_threshold"]
    assert own["many"]["found_95"]["low"] < own["many"]["found"] < own["many"]["found_95"]["high"]
    assert own["few"]["found_95"] == {"low": None, "high": None, "degenerate": "1 photographs"}
    assert own["many"]["false_95"]["degenerate"] == "equal in all bootstrap samples"
    assert own["none"]["found"] is None
