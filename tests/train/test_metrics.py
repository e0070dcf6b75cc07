"""Figures of merit agree with values worked out by hand, and keep their laws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscan.train.evaluate import bootstrap, metrics
from crackscan.train.evaluate.cells import CellCounts, crack_cells, match_cells

LABELS = [1, 1, 1, 1, 0, 0, 0, 0]
SCORES = [0.9, 0.8, 0.6, 0.2, 0.7, 0.3, 0.1, 0.05]

two_classes = st.lists(
    st.tuples(st.booleans(), st.integers(-40, 40)), min_size=4, max_size=60
).filter(lambda rows: 0 < sum(label for label, _ in rows) < len(rows))


def test_counts_and_rates_at_a_threshold():
    counts = metrics.count_confusion(LABELS, np.array(SCORES) >= 0.5)
    assert counts == metrics.Confusion(hits=3, missed=1, false_alarms=1, clear=3)
    assert (counts.recall, counts.precision, counts.f1) == (0.75, 0.75, 0.75)
    assert (counts.false_alarm_rate, counts.accuracy) == (0.25, 0.75)


def test_report_has_a_row_for_each_class():
    crack, clear = metrics.classification_report([1, 1, 1, 0], [1, 1, 0, 0])
    assert (crack.name, crack.support, clear.name, clear.support) == ("crack", 3, "no crack", 1)
    assert (crack.precision, crack.recall, crack.f1) == pytest.approx((1, 2 / 3, 0.8))
    assert (clear.precision, clear.recall, clear.f1) == pytest.approx((1 / 2, 1, 2 / 3))


def test_no_alarm_at_all_is_zero_precision_not_an_error():
    crack, _ = metrics.classification_report([1, 0], [0, 0])
    assert (crack.precision, crack.recall, crack.f1) == (0, 0, 0)


@pytest.mark.parametrize(
    ("labels", "scores", "expected"),
    [
        ([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 0.75),
        ([0, 1], [0.2, 0.9], 1.0),
        ([0, 1], [0.9, 0.2], 0.0),
        ([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], 0.5),
        (LABELS, SCORES, 13 / 16),
    ],
)
def test_auroc_is_the_share_of_pairs_in_order(labels, scores, expected):
    assert metrics.auroc(labels, scores) == pytest.approx(expected)


def test_average_precision_sums_precision_over_steps_of_recall():
    # ranked: 1 1 0 1 0 1, precision at the cracks: 1, 1, 3/4, 4/6
    assert metrics.average_precision([1, 1, 0, 1, 0, 1], [6, 5, 4, 3, 2, 1]) == pytest.approx(
        (1 + 1 + 3 / 4 + 4 / 6) / 4
    )


def test_curves_end_where_they_must():
    roc = metrics.roc_curve(LABELS, SCORES)
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    curve = metrics.precision_recall(LABELS, SCORES)
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (1, 0.5, 0, 1)


@settings(max_examples=50, deadline=None)
@given(two_classes)
def test_auroc_does_not_change_under_a_monotone_map(rows):
    labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    expected = metrics.auroc(labels, scores)
    assert metrics.auroc(labels, 1 / (1 + np.exp(-scores / 7))) == pytest.approx(expected)
    assert metrics.auroc(labels, scores.astype(float) ** 3 - 5) == pytest.approx(expected)
    assert metrics.auroc(labels, -scores) == pytest.approx(1 - expected)


@settings(max_examples=50, deadline=None)
@given(two_classes)
def test_no_threshold_beats_the_best_one(rows):
    labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    best = metrics.best_f1(labels, scores)
    for threshold in np.unique(scores):
        assert metrics.working_point(labels, scores, threshold).f1 <= best.f1 + 1e-12


@pytest.mark.parametrize(
    ("rate", "recall", "false_alarms"),
    [(0.0, 0.5, 0), (0.2, 0.5, 0), (0.25, 0.75, 0.25), (1, 1, 0.5)],
)
def test_recall_at_a_false_alarm_rate(rate, recall, false_alarms):
    point = metrics.at_false_alarm_rate(LABELS, SCORES, rate)
    assert (point.recall, point.false_alarm_rate) == (recall, false_alarms)


def test_a_rate_that_nothing_keeps_calls_nothing_a_crack():
    point = metrics.at_false_alarm_rate([1, 0], [0.2, 0.9], 0.1)
    assert (point.recall, point.false_alarm_rate) == (0, 0)
    assert math.isfinite(point.threshold)


def test_reliability_bins_hold_what_was_stated_and_what_happened():
    bins = metrics.reliability_bins([1, 0, 1, 1], [0.9, 0.95, 0.1, 1.0], bins=5)
    ends = [(round(each.low, 6), round(each.high, 6), each.count) for each in bins]
    assert ends == [(0, 0.2, 1), (0.8, 1, 3)]
    assert bins[1].confidence == pytest.approx(0.95)
    assert bins[1].frequency == pytest.approx(2 / 3)
    error = metrics.expected_calibration_error(bins)
    assert error == pytest.approx((1 * 0.9 + 3 * (0.95 - 2 / 3)) / 4)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_probabilities_that_are_true_have_a_small_calibration_error(seed):
    random = np.random.default_rng(seed)
    stated = random.beta(0.5, 0.5, 20_000)
    labels = random.random(20_000) < stated
    assert metrics.expected_calibration_error(metrics.reliability_bins(labels, stated)) < 0.02


def test_overconfidence_has_the_calibration_error_it_should():
    labels = np.arange(1000) % 10 < 6
    bins = metrics.reliability_bins(labels, np.full(1000, 0.99))
    assert metrics.expected_calibration_error(bins) == pytest.approx(0.39)


@pytest.mark.parametrize(
    ("labels", "stated", "expected"),
    [([1, 0], [1, 0], 0), ([1, 0], [0, 1], 1), ([1, 0, 1], [0.5, 0.5, 0.5], 0.25)],
)
def test_brier(labels, stated, expected):
    assert metrics.brier_score(labels, stated) == pytest.approx(expected)


def test_intervals_hold_the_figure_and_are_repeatable():
    random = np.random.default_rng(3)
    labels = random.random(400) < 0.5
    scores = labels + random.normal(0, 0.8, 400)
    alone = np.arange(400)
    area = bootstrap.auroc_interval(labels, scores, alone)
    assert area == bootstrap.auroc_interval(labels, scores, alone)
    assert area.low < metrics.auroc(labels, scores) < area.high
    # Hanley and McNeil (1982): standard error of this area is about 0.019
    assert area.high - area.low == pytest.approx(2 * 1.96 * 0.019, rel=0.25)
    f1 = bootstrap.f1_interval(labels, scores > 0.5, alone)
    assert f1.low < metrics.count_confusion(labels, scores > 0.5).f1 < f1.high


def test_patches_of_one_photograph_do_not_count_as_independent():
    random = np.random.default_rng(5)
    labels = random.random(100) < 0.5
    scores = labels + random.normal(0, 1, 100)
    nine_fold = [np.repeat(values, 9) for values in (labels, scores, np.arange(100))]
    wide = bootstrap.auroc_interval(*nine_fold)
    narrow = bootstrap.auroc_interval(*nine_fold[:2], np.arange(900))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_a_perfect_model_has_an_interval_without_width():
    alone = np.arange(20)
    labels = alone >= 10
    assert bootstrap.auroc_interval(labels, alone, alone) == bootstrap.Interval(1, 1)
    assert bootstrap.f1_interval(labels, labels, alone) == bootstrap.Interval(1, 1)


def test_a_cell_is_crack_from_four_pixels_on():
    mask = np.zeros((32, 48), np.uint8)
    mask[0, :3] = 255
    mask[20, 16:20] = 255
    mask[31, 47] = 255
    assert crack_cells(mask, 16).tolist() == [[False, False, False], [False, True, False]]


def test_cells_cut_by_the_border_count_their_own_pixels():
    mask = np.zeros((20, 18), np.uint8)
    mask[16:20, 17] = 1
    assert crack_cells(mask, 16).tolist() == [[False, False], [False, True]]


def test_one_cell_of_tolerance_and_not_two():
    cracks = np.zeros((5, 7), bool)
    cracks[1, 1] = cracks[4, 6] = True
    predicted = np.zeros((5, 7), bool)
    predicted[2, 2] = predicted[1, 3] = True
    counts = match_cells(predicted, cracks)
    assert counts == CellCounts(cells=35, predicted=2, right=1, cracks=2, found=1)
    assert (counts.precision, counts.recall, counts.f1) == (0.5, 0.5, 0.5)


def test_cell_rates_are_taken_over_the_whole_set():
    total = CellCounts(10, 4, 4, 4, 4) + CellCounts(10, 6, 0, 0, 0)
    assert (total.precision, total.recall) == (0.4, 1.0)
    assert total.f1 == pytest.approx(2 * 0.4 / 1.4)
    assert CellCounts(10, 0, 0, 0, 0).f1 == 0
