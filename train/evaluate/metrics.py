"""Figures of merit from labels and crack probabilities: plain functions over arrays.

`labels` are (n,) with 1 = crack and 0 = no crack; `probabilities` are (n,) in 0..1. Functions that
only use the order of the values call them `scores`: any monotone transform gives the same figure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

RELIABILITY_BINS = 15

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Confusion:
    """Counts of verdicts against the truth."""

    hits: int
    missed: int
    false_alarms: int
    clear: int

    @property
    def recall(self) -> float:
        """Share of the cracks that are found."""
        return _safe_ratio(self.hits, self.hits + self.missed)

    @property
    def precision(self) -> float:
        """Share of the alarms that are cracks."""
        return _safe_ratio(self.hits, self.hits + self.false_alarms)

    @property
    def false_alarm_rate(self) -> float:
        """Share of the crack-free that is called a crack."""
        return _safe_ratio(self.false_alarms, self.false_alarms + self.clear)

    @property
    def f1(self) -> float:
        return _safe_ratio(2 * self.hits, 2 * self.hits + self.missed + self.false_alarms)

    @property
    def accuracy(self) -> float:
        total = self.hits + self.missed + self.false_alarms + self.clear
        return _safe_ratio(self.hits + self.clear, total)


@dataclass(frozen=True)
class ClassFigures:
    """One row of the classification report."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Curve:
    """A curve over thresholds: at `threshold[i]` and above is called a crack."""

    x: Floats
    y: Floats
    threshold: Floats


@dataclass(frozen=True)
class Bin:
    """One bar of the reliability diagram: `low` <= probability < `high` (the last includes 1)."""

    low: float
    high: float
    count: int
    confidence: float
    """mean probability the model stated"""
    frequency: float
    """share that really shows a crack"""


@dataclass(frozen=True)
class Working:
    """What a threshold gives."""

    threshold: float
    recall: float
    false_alarm_rate: float
    precision: float
    f1: float


def count_confusion(labels: ArrayLike, predicted: ArrayLike) -> Confusion:
    """Count verdicts (n,) against labels (n,); true is cracked."""
    from sklearn.metrics import confusion_matrix

    (clear, false_alarms), (missed, hits) = confusion_matrix(
        np.asarray(labels, int), np.asarray(predicted, int), labels=[0, 1]
    ).tolist()
    return Confusion(hits, missed, false_alarms, clear)


def classification_report(labels: ArrayLike, predicted: ArrayLike) -> tuple[ClassFigures, ...]:
    """Precision, recall, F1 and support for `crack`, then for `no crack`; 0 where undefined."""
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(
        np.asarray(labels, int), np.asarray(predicted, int), labels=[1, 0], zero_division=0
    )
    return tuple(
        ClassFigures(name, float(precision), float(recall), float(f1), int(support))
        for name, precision, recall, f1, support in zip(
            ("crack", "no crack"), *columns, strict=True
        )
    )


def working_point(labels: ArrayLike, probabilities: ArrayLike, threshold: float) -> Working:
    """Recall, false-alarm rate and precision if a probability >= `threshold` is called cracked."""
    counts = count_confusion(labels, np.asarray(probabilities) >= threshold)
    return Working(threshold, counts.recall, counts.false_alarm_rate, counts.precision, counts.f1)


def auroc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a crack scores above a crack-free patch."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, scores))


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the precision-recall curve, by steps (no interpolation)."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(labels, scores))


def brier_score(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean squared error of the probability (Brier 1950): 0 best, 0.25 = always saying 0.5."""
    return float(np.mean((np.asarray(probabilities, float) - np.asarray(labels, float)) ** 2))


def roc_curve(labels: ArrayLike, scores: ArrayLike) -> Curve:
    """x: false-alarm rate, y: recall; from (0, 0) with an infinite threshold to (1, 1)."""
    from sklearn.metrics import roc_curve

    return Curve(*roc_curve(labels, scores, drop_intermediate=False))


def precision_recall(labels: ArrayLike, scores: ArrayLike) -> Curve:
    """x: recall, y: precision; from recall 1 to recall 0 with an infinite threshold."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, threshold = precision_recall_curve(labels, scores)
    return Curve(recall, precision, np.append(threshold, np.inf))


def best_f1(labels: ArrayLike, probabilities: ArrayLike) -> Working:
    """The threshold of the highest F1 on this very data: shows what is lost, not what to set."""
    curve = precision_recall(labels, probabilities)
    recall, precision = curve.x[:-1], curve.y[:-1]
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
    return working_point(labels, probabilities, float(curve.threshold[int(np.argmax(f1))]))


def at_false_alarm_rate(labels: ArrayLike, probabilities: ArrayLike, rate: float) -> Working:
    """The highest recall that keeps the false-alarm rate at or below `rate` (0..1)."""
    curve = roc_curve(labels, probabilities)
    allowed = np.flatnonzero(curve.x <= rate)
    best = allowed[np.argmax(curve.y[allowed])]
    above_all = float(np.nextafter(np.max(probabilities), np.inf))
    return working_point(labels, probabilities, min(float(curve.threshold[best]), above_all))


def reliability_bins(
    labels: ArrayLike, probabilities: ArrayLike, bins: int = RELIABILITY_BINS
) -> tuple[Bin, ...]:
    """Predicted probability against observed frequency in equal-width bins, without empty bins.

    Guo et al. 2017 bin the confidence of the winning class; with two classes that folds p onto
    1 - p and lets opposite errors cancel. Here the probability of *crack* is binned, which is the
    stricter of the two and reads directly: "of those it called 80 %, how many were cracks?"
    """
    labels, probabilities = np.asarray(labels, float), np.asarray(probabilities, float)
    edges = np.linspace(0, 1, bins + 1)
    index = np.clip(np.searchsorted(edges, probabilities, side="right") - 1, 0, bins - 1)
    filled = []
    for i in range(bins):
        inside = index == i
        if inside.any():
            filled.append(
                Bin(
                    low=float(edges[i]),
                    high=float(edges[i + 1]),
                    count=int(inside.sum()),
                    confidence=float(probabilities[inside].mean()),
                    frequency=float(labels[inside].mean()),
                )
            )
    return tuple(filled)


def expected_calibration_error(bins: tuple[Bin, ...]) -> float:
    """ECE (Guo et al. 2017, eq. 3): mean |frequency - confidence|, weighted by the bins' counts."""
    total = sum(b.count for b in bins)
    return sum(b.count * abs(b.frequency - b.confidence) for b in bins) / total


def _safe_ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
