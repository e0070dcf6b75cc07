"""Thresholds keep what they promise; a temperature undoes overconfidence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscan.core.pooling import logit_to_probability, sigmoid, top_k_mean
from crackscan.train.fitting.calibration import (
    best_f1_threshold,
    fit_temperature,
    operating_point,
    threshold_for,
)

labelled = st.lists(st.tuples(st.integers(-20, 20), st.booleans()), min_size=1, max_size=60).filter(
    lambda rows: any(label for _, label in rows)
)


def split(rows: list[tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers as logits, so that there are ties."""
    logits, labels = zip(*rows, strict=True)
    return np.array(logits, np.float32), np.array(labels, np.bool_)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5, 6.0])
def test_a_known_temperature_is_found(temperature: float) -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2.5, 20_000).astype(np.float32)
    labels = rng.random(20_000) < sigmoid(honest)
    assert fit_temperature(honest * temperature, labels) == pytest.approx(temperature, rel=0.05)


@pytest.mark.parametrize("label", [True, False])
def test_one_class_does_not_determine_a_temperature(label: bool) -> None:
    assert fit_temperature(np.array([3.0, 5.0], np.float32), np.array([label, label])) == 1.0


@given(labelled, st.sampled_from([0.0, 0.01, 0.1, 0.5]))
def test_a_threshold_keeps_its_false_alarm_rate(rows: list[tuple[int, bool]], rate: float) -> None:
    logits, labels = split(rows)
    threshold = threshold_for(logits, labels, rate)
    intact = logits[~labels]
    assert (intact >= threshold).sum() <= rate * len(intact)
    for lower in logits[logits < threshold]:
        alarms = (intact >= lower).sum()
        assert alarms > int(rate * len(intact)), "a lower one would have done"


@given(labelled)
def test_no_threshold_has_a_better_f1(rows: list[tuple[int, bool]]) -> None:
    logits, labels = split(rows)

    def f1(threshold: float) -> float:
        called = logits >= threshold
        return float(2 * (called & labels).sum() / (called.sum() + labels.sum()))

    best = f1(best_f1_threshold(logits, labels))
    assert best >= max(f1(one) for one in logits) - 1e-9


def test_a_threshold_lies_in_the_middle_of_the_gap() -> None:
    logits = np.array([-3, -2, 4, 5], np.float32)
    labels = np.array([False, False, True, True])
    assert best_f1_threshold(logits, labels) == 1.0
    assert threshold_for(logits, labels, 0.0) == 1.0


@pytest.mark.parametrize(
    ("logit", "temperature", "expected"),
    [(0.0, 3.0, 0.5), (2.0, 2.0, 0.7311), (-99.0, 1.0, 0.0001), (99.0, 1.0, 0.9999)],
)
def test_an_operating_point_is_a_calibrated_probability(
    logit: float, temperature: float, expected: float
) -> None:
    point = operating_point(logit, logit, temperature, "why")
    assert (point.patch, point.cell, point.meaning) == (expected, expected, "why")


@given(st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=50), st.integers(1, 60))
def test_pooling_takes_the_mean_of_the_largest(values: list[float], k: int) -> None:
    expected = np.mean(sorted(values)[-k:])
    assert top_k_mean(np.array(values, np.float32), k) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("logit", [-1e30, -100.0, 0.0, 100.0, 1e30])
def test_a_probability_never_overflows(logit: float) -> None:
    assert logit_to_probability(logit, 0.05) == pytest.approx(float(logit > 0) if logit else 0.5)
