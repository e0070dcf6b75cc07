"""Connected components of evidence, and the closing of gaps along a crack."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.union_find import UnionFind
from crackscan.edge.tracking.evidence_grid import SUBCELLS

Labels = NDArray[np.int32]
Points = NDArray[np.float32]


@dataclass(frozen=True)
class ComponentParameters:
    """Constants of the components and of the gaps between them. The values are hand-tuned."""

    growth_cells: float = 1.5
    """Components are grown by this on each side before they are separated."""
    near_cells: float = 5.0
    """Components closer than this belong to one crack."""
    far_cells: float = 14.0
    """Components closer than this belong to one crack if their ends point at each other."""
    end_cells: float = 5.0
    """Length of the end of a component that gives its direction."""
    least_cosine: float = 0.75
    """Cosine of the angle between an end and the gap, from which on the end points at the gap."""
    round_share: float = 0.25
    """Distance of an end from its centre by `end_cells`; a rounder end points nowhere."""
    least_cells: int = 3
    """A smaller component has no direction."""
    most_points: int = 150
    """Points of a component that are used for its distance to another: exact to a cell."""


PARAMETERS = ComponentParameters()
"""Not configurable per call: the structuring element below is made from them once."""
FAR_CELLS = PARAMETERS.far_cells
GROWTH_CELLS = PARAMETERS.growth_cells
_REACH = 2 * round(PARAMETERS.growth_cells * SUBCELLS) + 1
_DISC = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_REACH, _REACH))


def label_cracks(mask: NDArray[np.bool_]) -> Labels:
    """Number the cracks in a mask of subcells, from 1; 0 is outside.

    A crack that fades, or passes under a stain, leaves several components of evidence. They are one
    crack if they nearly touch, or if each has an end that points at the other over the gap: good
    continuation, as in perceptual grouping (Lowe 1985).
    """
    found = find_components(mask)
    return np.array(close_gaps(found, lambda one, other: one != other), np.int32)[found.labels]


@dataclass(frozen=True, eq=False)
class Components:
    """Components of which no two nearly touch."""

    labels: Labels
    """int32, the label of each subcell, from 1; 0 is outside."""
    count: int
    """Number of components, and one more."""
    boxes: list[list[int]]
    """For each label: left, top, width, height and area of the grown component, subcells."""


def grown_slices(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rows and columns that hold a mask's subcells and everything that nearly touches them."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    reach = _REACH // 2
    return (
        slice(max(top - reach, 0), top + height + reach),
        slice(max(left - reach, 0), left + width + reach),
    )


def find_components(mask: NDArray[np.bool_]) -> Components:
    """The components of a mask; subcells that nearly touch belong together."""
    thin = mask.view(np.uint8)
    wide = cv2.dilate(thin, _DISC)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(
        wide, connectivity=8, ltype=cv2.CV_16U
    )
    return Components(np.asarray(labels * thin, np.int32), int(count), boxes.tolist())


def grow_labels(labels: Labels) -> Labels:
    """Labels spread to everything that nearly touches them; of two that meet, the larger one."""
    spread = cv2.dilate(labels.astype(np.float32), _DISC)  # exact up to 2**24 labels
    return spread.astype(np.int32)


def close_gaps(found: Components, may_join: Callable[[int, int], bool]) -> list[int]:
    """Join components over gaps along the crack.

    Args:
        may_join: whether two labels may belong to one crack.

    Returns:
        For each label the label of the crack that it belongs to.
    """
    near = [
        (i, j)
        for i in range(1, found.count)
        for j in range(1, i)
        if _are_near(found.boxes[i], found.boxes[j]) and may_join(i, j)
    ]
    shapes = {
        label: _measure_component(found, label)
        for label in sorted({label for pair in near for label in pair})
    }
    sets = UnionFind()
    for i, j in near:
        if sets.find_root(i) != sets.find_root(j) and _are_one_crack(shapes[i], shapes[j]):
            sets.join_sets(j, i)
    return [sets.find_root(label) for label in range(found.count)]


def _are_near(one: list[int], other: list[int]) -> bool:
    """Whether the gap between two bounding boxes may be at most `far_cells`."""
    far = FAR_CELLS * SUBCELLS
    return (
        one[0] - other[0] - other[2] <= far
        and other[0] - one[0] - one[2] <= far
        and one[1] - other[1] - other[3] <= far
        and other[1] - one[1] - one[3] <= far
    )


@dataclass(frozen=True, eq=False)
class _Component:
    """The subcells of a component as points, in cells."""

    points: Points
    sampled: Points
    """At most `most_points` of the points."""
    left_factor: Points
    right_factor: Points
    """`left_factor @ right_factor.T` of two components holds their squared distances: the factors
    are (x, y, x² + y², 1) and (-2x, -2y, 1, x² + y²)."""
    box: tuple[float, float, float, float]
    """Least x and y, greatest x and y."""


def _measure_component(found: Components, label: int) -> _Component:
    left, top, width, height, _ = found.boxes[label]
    rows, cols = np.nonzero(found.labels[top : top + height, left : left + width] == label)
    points = np.stack([cols + left, rows + top], 1).astype(np.float32) / np.float32(SUBCELLS)
    low, high = points.min(0).tolist(), points.max(0).tolist()
    sampled = points[:: len(points) // PARAMETERS.most_points + 1]
    square, one = (sampled * sampled).sum(1, keepdims=True), np.ones((len(sampled), 1), np.float32)
    return _Component(
        points,
        sampled,
        np.hstack([sampled, square, one]),
        np.hstack([-2 * sampled, one, square]),
        (low[0], low[1], high[0], high[1]),
    )


def _are_one_crack(one: _Component, other: _Component) -> bool:
    left, top, right, bottom = one.box
    other_left, other_top, other_right, other_bottom = other.box
    across = max(left - other_right, other_left - right, 0.0)
    down = max(top - other_bottom, other_top - bottom, 0.0)
    if math.hypot(across, down) > FAR_CELLS:
        return False
    a, b = one.sampled, other.sampled
    i, j = divmod(int((one.left_factor @ other.right_factor.T).argmin()), len(b))
    gap = b[j] - a[i]
    length = math.hypot(*gap.tolist())
    if length <= PARAMETERS.near_cells:
        return True
    least = PARAMETERS.least_cells * SUBCELLS**2
    if length > FAR_CELLS or min(len(one.points), len(other.points)) < least:
        return False
    along = gap / length
    return _points_along(one.points, a[i], along) and _points_along(other.points, b[j], -along)


def _points_along(points: Points, end: Points, along: Points) -> bool:
    """Whether an end of a component points in a direction."""
    end_cells = PARAMETERS.end_cells
    near = points[((points - end) ** 2).sum(1) <= end_cells**2]
    out = end - near.mean(0)
    length = float(np.hypot(*out))
    # A round component, or the side of a long one, does not point anywhere.
    if length <= PARAMETERS.round_share * end_cells:
        return False
    return float(out @ along) > PARAMETERS.least_cosine * length
