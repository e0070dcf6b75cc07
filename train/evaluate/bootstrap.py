"""How far a figure could be chance: 95 % intervals by drawing whole pictures again and again.

Patches of one photograph resemble each other; drawing photographs instead of patches (the cluster
bootstrap, Davison & Hinkley 1997, section 3.8) keeps the interval honest. `groups` (n,) names the
photograph of each patch. Draws in which the figure is undefined say nothing and are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 1000


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float


def f1_interval(
    labels: ArrayLike,
    predicted: ArrayLike,
    groups: ArrayLike,
    seed: int = 0,
    draws: int = DRAWS,
) -> Interval:
    """Percentile interval of F1; `labels` and `predicted` are (n,) of 0 and 1."""
    labels, predicted = np.asarray(labels, bool), np.asarray(predicted, bool)
    group, count = _number_groups(groups)
    hits = 2 * np.bincount(group, labels & predicted, count)
    wrong = np.bincount(group, labels ^ predicted, count)
    return _confidence_interval(
        float(each @ hits) / whole
        for each in _draw_groups(count, seed, draws)
        if (whole := float(each @ (hits + wrong)))
    )


def auroc_interval(
    labels: ArrayLike,
    scores: ArrayLike,
    groups: ArrayLike,
    seed: int = 0,
    draws: int = DRAWS,
) -> Interval:
    """Percentile interval of AUROC: each draw weights the pairs (crack, no crack), ties half."""
    labels, scores = np.asarray(labels, float), np.asarray(scores, float)
    group, count = _number_groups(groups)
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(scores[order]) > 0))
    labels, group = labels[order], group[order]

    def areas() -> Iterator[float]:
        for each in _draw_groups(count, seed, draws):
            weight = each[group]
            cracks = np.add.reduceat(weight * labels, starts)
            clear = np.add.reduceat(weight * (1 - labels), starts)
            if pairs := cracks.sum() * clear.sum():
                yield float(cracks @ (np.cumsum(clear) - clear / 2)) / float(pairs)

    return _confidence_interval(areas())


def _number_groups(groups: ArrayLike) -> tuple[NDArray[np.intp], int]:
    names, index = np.unique(np.asarray(groups), return_inverse=True)
    return index.reshape(-1), len(names)


def _draw_groups(count: int, seed: int, draws: int) -> Iterator[NDArray[np.float64]]:
    """How often each of `count` groups is drawn, (count,) a time; each sums to `count`."""
    random = np.random.default_rng(seed)
    for _ in range(draws):
        yield np.bincount(random.integers(count, size=count), minlength=count).astype(float)


def _confidence_interval(values: Iterator[float]) -> Interval:
    low, high = np.percentile(np.fromiter(values, float), [2.5, 97.5])
    return Interval(float(low), float(high))
