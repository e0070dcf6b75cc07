"""Runs a model over labelled patches and masked photographs and keeps what the report needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from itertools import count

import numpy as np
from numpy.typing import NDArray

from crackscan.core.dataset.selection import Label, Photograph
from crackscan.core.errors import DataError
from crackscan.core.model_card import OperatingPoint
from crackscan.core.pooling import sigmoid, top_k_mean
from crackscan.train.evaluate.cells import CellCounts, crack_cells, match_cells
from crackscan.train.evaluate.predict import (
    Logits,
    Pictures,
    Scorer,
    score_pictures,
)

WORST = 12


@dataclass(frozen=True)
class Mistake:
    """A patch with the wrong verdict."""

    name: str
    probability: float
    rgb: Pictures
    logits: Logits


@dataclass(frozen=True)
class Measured:
    """Every patch with its probability, in the order of scoring, and the surest mistakes."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    labels: NDArray[np.int64]
    logits: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    missed: tuple[Mistake, ...]
    """lowest probability first"""
    false_alarms: tuple[Mistake, ...]
    """highest probability first"""


def measure_patches(
    scorer: Scorer, patches: Iterable[tuple[Label, Pictures]], threshold: float
) -> Measured:
    """Score every patch; `threshold` is the patch probability from which it is called a crack.

    Raises:
        DataError: no patch, or none of one of the two classes.
    """
    card = scorer.card
    labels: list[Label] = []
    logits: list[float] = []
    probabilities: list[float] = []
    missed, false_alarms = _Worst(), _Worst()
    for label, rgb, cells in score_pictures(scorer, patches):
        logit = top_k_mean(cells, card.pooling.k)
        stated = float(sigmoid(np.array(logit / card.temperature, np.float32)))
        labels.append(label)
        logits.append(logit)
        probabilities.append(stated)
        if label.crack != (stated >= threshold):
            mistake = Mistake(label.name, stated, rgb, cells)
            if label.crack:
                missed.add(-logit, mistake)
            else:
                false_alarms.add(logit, mistake)
    _both_classes(labels)
    return Measured(
        names=tuple(label.name for label in labels),
        units=tuple(label.unit for label in labels),
        labels=np.array([label.crack for label in labels], np.int64),
        logits=np.array(logits),
        probabilities=np.array(probabilities),
        missed=missed.sorted(),
        false_alarms=false_alarms.sorted(),
    )


def measure_cells(
    scorer: Scorer,
    photographs: Iterable[Photograph],
    points: Mapping[str, OperatingPoint],
) -> dict[str, CellCounts]:
    """The cell protocol over whole photographs, at the cell threshold of each operating point."""
    card = scorer.card
    totals = dict.fromkeys(points, CellCounts())
    pairs = ((mask, rgb) for rgb, mask in photographs)
    for mask, _, cells in score_pictures(scorer, pairs):
        truth = crack_cells(mask, card.cell_px)
        stated = sigmoid(cells / np.float32(card.temperature))
        for name, point in points.items():
            totals[name] += match_cells(stated >= point.cell, truth)
    return totals


@dataclass
class _Worst:
    """The WORST mistakes so far."""

    heap: list[tuple[float, int, Mistake]] = field(default_factory=list)
    serial: "count[int]" = field(default_factory=count)

    def add(self, badness: float, mistake: Mistake) -> None:
        entry = (badness, next(self.serial), mistake)
        if len(self.heap) < WORST:
            heappush(self.heap, entry)
        else:
            heappushpop(self.heap, entry)

    def sorted(self) -> tuple[Mistake, ...]:
        return tuple(
            mistake for _, _, mistake in sorted(self.heap, reverse=True, key=lambda e: e[0])
        )


def _both_classes(labels: list[Label]) -> None:
    cracks = sum(label.crack for label in labels)
    if not labels:
        raise DataError("there is no patch to evaluate")
    if cracks in (0, len(labels)):
        missing = "crack" if cracks == 0 else "no crack"
        raise DataError(
            f"all {len(labels)} patches are of one class, none shows {missing}; "
            "a report needs both: choose another side or another folder"
        )
