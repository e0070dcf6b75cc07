"""Components of a crack map: the cells that belong to one crack, and their score."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.model_card import DEFAULT_POINT, Card
from crackscan.core.pooling import logit

CrackMap = NDArray[np.float32]
Labels = NDArray[np.int32]
_TWO_BY_TWO = np.ones((2, 2), np.uint8)
_THREE_BY_THREE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class ComponentRule:
    """Which cells make a component, and which score makes it a finding."""

    cell: float
    """Cells of at least this probability are joined into components."""
    seed: float
    """A component needs one cell of at least this probability (hysteresis; Canny 1986)."""
    score: float
    """A component is a finding if its score is at least this probability."""
    strongest_cells: int
    """Its score is the mean logit of this many strongest cells, as a probability."""
    gap_cells: int = 0
    """Components with this many cells between them are one: 0 or 1."""


def component_rule(card: Card, point: str = DEFAULT_POINT) -> ComponentRule:
    """The rule of a model at one of its operating points.

    Cards of version 1 know one cell threshold, no gaps, and judge a component as a patch.

    Raises:
        ModelError: the model has no operating point of that name.
    """
    chosen = card.operating_point(point)
    return ComponentRule(
        cell=chosen.cell if chosen.joined is None else chosen.joined,
        seed=chosen.cell,
        score=chosen.finding_threshold,
        strongest_cells=card.finding_cells or card.pooling.k,
        gap_cells=card.gap_cells,
    )


def label_components(crack_map: CrackMap, rule: ComponentRule) -> tuple[Labels, int]:
    """Number the components of a crack map from 1; 0 is outside. Returns labels and their count.

    Args:
        crack_map: float32 (rows, cols), a probability a cell.
    """
    joined = (crack_map >= rule.cell).astype(np.uint8)
    # Each cell grown by one to the right and down: cells that are two apart then touch.
    grown = cv2.dilate(joined, _TWO_BY_TWO, anchor=(1, 1)) if rule.gap_cells else joined
    count, labels = cv2.connectedComponents(grown, connectivity=8, ltype=cv2.CV_32S)
    labels = np.asarray(labels, np.int32) * joined
    if rule.seed > rule.cell:
        seeded = np.zeros(count, np.int32)
        seeded[np.unique(labels[crack_map >= rule.seed])] = 1
        seeded[0] = 0
        count = int(seeded.sum()) + 1
        labels = (np.cumsum(seeded) * seeded)[labels].astype(np.int32)
    return labels, count - 1


def score_components(
    crack_map: CrackMap, labels: Labels, count: int, rule: ComponentRule
) -> NDArray[np.float64]:
    """The mean logit of each component's strongest cells, (count,).

    A component of fewer cells takes those around it that are below the cell threshold, so that a
    single strong cell among weak ones scores low.
    """
    logits = logit(crack_map)
    scores = np.empty(count)
    boxes = component_boxes(labels, count)
    for number, (top, left, bottom, right) in enumerate(boxes, start=1):
        part = np.s_[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1]
        own = labels[part] == number
        around = cv2.dilate(own.astype(np.uint8), _THREE_BY_THREE) > 0
        taken = logits[part][own | (around & (crack_map[part] < rule.cell))]
        k = min(rule.strongest_cells, taken.size)
        scores[number - 1] = np.partition(taken, taken.size - k)[taken.size - k :].mean()
    return scores


def component_boxes(labels: Labels, count: int) -> NDArray[np.int64]:
    """(count, 4): top, left, bottom and right of each component; the last two are outside."""
    rows, cols = labels.nonzero()
    numbers = labels[rows, cols] - 1
    boxes = np.empty((count, 4), np.int64)
    boxes[:, :2], boxes[:, 2:] = max(labels.shape), 0
    for at, values in ((0, rows), (1, cols)):
        np.minimum.at(boxes[:, at], numbers, values)
        np.maximum.at(boxes[:, at + 2], numbers, values + 1)
    return boxes
