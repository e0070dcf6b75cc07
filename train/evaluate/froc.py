"""FROC of whole pictures: crack length found against false findings a picture.

A finding is a component of cells. Crack length is counted in skeleton pixels of the mask: one is
found if a finding has a cell within one cell of it. A finding is false if under 30 % of its cells
touch the mask grown by 8 px (free-response ROC, Chakraborty 1989).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.skeleton import half_width, skeletonize_mask

LEAST_ON_CRACK = 0.3
"""A finding with less of its cells on the grown mask is false."""
GROWN_PX = 8
WIDTHS_PX = (0.0, 1.5, 3.0, 6.0, np.inf)
"""Borders of the classes of crack width."""

Mask = NDArray[np.bool_]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """What a picture is known to show."""

    name: str
    photograph: str
    """Pictures of one photograph are drawn together when intervals are estimated."""
    rows: NDArray[np.int32]
    """(n,) row of the cell of each skeleton pixel."""
    cols: NDArray[np.int32]
    width_px: NDArray[np.float32]
    """(n,) width of the crack at each skeleton pixel."""
    near_crack: Mask
    """(rows, cols): cells that touch the grown mask."""
    boxes: NDArray[np.int32] | None = None
    """(n, 4) top, left, bottom, right in cells, if cracks are marked by boxes: then a box counts
    as one pixel of length, found if a finding has a cell in it."""


@dataclass(frozen=True)
class Judged:
    """What a model finds in a picture, at any score."""

    truth: Truth
    reached: Scores
    """(n,) largest score of a component within one cell of each skeleton pixel; -inf for none."""
    false: Scores
    """Scores of the components that are false."""


@dataclass(frozen=True)
class FrocCurve:
    """Crack length found and false findings a picture, at falling thresholds."""

    thresholds: Scores
    found: Scores
    """Share of the skeleton pixels."""
    false_a_picture: Scores


@dataclass(frozen=True)
class SetMaps:
    """A set with what a model makes of it."""

    name: str
    truths: tuple[Truth, ...]
    logits: tuple[NDArray[np.float32], ...]
    """(rows, cols) of each picture, divided by the temperature."""


def truth_of(name: str, photograph: str, mask: NDArray[np.uint8], cell_px: int) -> Truth:
    """Skeleton, width and surroundings of a mask (height, width), crack where it is above 127."""
    crack = mask > 127
    line = skeletonize_mask(crack)
    ys, xs = np.nonzero(line)
    reach = 2 * GROWN_PX + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    grown = cv2.dilate(crack.astype(np.uint8), disc)
    bottom, right = (-side % cell_px for side in mask.shape)
    cells = np.pad(grown, ((0, bottom), (0, right)))
    rows, cols = (side // cell_px for side in cells.shape)
    near = cells.reshape(rows, cell_px, cols, cell_px).any((1, 3))
    width = (2 * half_width(crack)[ys, xs] - 1).clip(1).astype(np.float32)
    return Truth(
        name,
        photograph,
        (ys // cell_px).astype(np.int32),
        (xs // cell_px).astype(np.int32),
        width,
        np.asarray(near, np.bool_),
    )


def truth_of_boxes(
    name: str, photograph: str, boxes: NDArray[np.float64], shape: tuple[int, int], cell_px: int
) -> Truth:
    """What a picture of `shape` (height, width) shows whose cracks lie in boxes.

    Args:
        boxes: (n, 4) top, left, bottom, right as shares of height and width.
    """
    rows, cols = (-(-side // cell_px) for side in shape)
    sides = np.array([*shape, *shape]) / cell_px
    cells = boxes * sides
    cells[:, :2], cells[:, 2:] = np.floor(cells[:, :2]), np.ceil(cells[:, 2:])
    held = np.clip(cells, 0, [rows, cols, rows, cols]).astype(np.int32)
    near = np.zeros((rows, cols), np.bool_)
    for top, left, bottom, right in held:
        near[top:bottom, left:right] = True
    none = np.zeros(len(held), np.int32)
    width = np.full(len(held), np.nan, np.float32)
    return Truth(name, photograph, none, none, width, near, held)


def judge(truth: Truth, labels: NDArray[np.int32], scores: Scores) -> Judged:
    """Judge the components of a picture.

    Args:
        labels: (rows, cols): 0 outside, i + 1 in component i.
        scores: (components,)
    """
    best = np.full(len(scores) + 1, -np.inf)
    best[1:] = scores
    reached = best[labels]
    around = np.pad(reached, 1, constant_values=-np.inf)
    rows, cols = labels.shape
    grown = np.max([around[y : y + rows, x : x + cols] for y in range(3) for x in range(3)], axis=0)
    sizes = np.bincount(labels.ravel(), minlength=len(scores) + 1)[1:]
    on_crack = np.bincount(labels[truth.near_crack], minlength=len(scores) + 1)[1:]
    is_false = on_crack < LEAST_ON_CRACK * sizes
    if truth.boxes is None:
        lengths = grown[truth.rows, truth.cols]
    else:
        parts = (reached[top:bottom, left:right] for top, left, bottom, right in truth.boxes)
        lengths = np.array([part.max(initial=-np.inf) for part in parts])
    return Judged(truth, lengths, np.sort(scores[is_false])[::-1])


def curve(judged: Sequence[Judged], pictures: int | None = None) -> FrocCurve:
    """The FROC curve of a set: a point for each threshold at which it changes.

    `pictures` counts the pictures that false findings are shared among, if not all of `judged`.
    """
    reached = np.sort(np.concatenate([one.reached for one in judged]))[::-1]
    false = np.sort(np.concatenate([one.false for one in judged]))[::-1]
    thresholds = np.unique(np.concatenate([reached[np.isfinite(reached)], false]))[::-1]
    found = np.searchsorted(-reached, -thresholds, side="right") / max(len(reached), 1)
    alarms = np.searchsorted(-false, -thresholds, side="right") / (pictures or len(judged))
    return FrocCurve(thresholds, found, alarms)


def threshold_at(judged: Sequence[Judged], false_a_picture: float) -> float:
    """The lowest threshold with at most this rate of false findings, between two findings."""
    false = np.sort(np.concatenate([one.false for one in judged]))[::-1]
    allowed = int(false_a_picture * len(judged))
    if allowed >= len(false):
        return -np.inf
    above = np.concatenate([one.reached for one in judged] + [false])
    above = above[above > false[allowed]]
    return float(
        (false[allowed] + above.min()) / 2 if len(above) else np.nextafter(false[allowed], np.inf)
    )


def found_at(judged: Sequence[Judged], threshold: float) -> float:
    """Share of the crack length found at a threshold; nan without any crack."""
    reached = np.concatenate([one.reached for one in judged])
    # Where nothing lies near a pixel it is not found, even without any threshold.
    found = np.isfinite(reached) & (reached >= threshold)
    return float(found.mean()) if len(reached) else float("nan")


def false_at(judged: Sequence[Judged], threshold: float) -> float:
    """False findings a picture at a threshold."""
    return sum(int((one.false >= threshold).sum()) for one in judged) / max(len(judged), 1)


def alarming_at(judged: Sequence[Judged], threshold: float) -> float:
    """Share of the pictures with a false finding at a threshold."""
    return sum(bool((one.false >= threshold).any()) for one in judged) / max(len(judged), 1)
