"""From the cells of one frame's crack map to findings: connected pieces of crack."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crackscan.core.components import (
    ComponentRule,
    component_boxes,
    component_rule,
    label_components,
)
from crackscan.core.model_card import DEFAULT_POINT, Card
from crackscan.core.pooling import MIN_PROBABILITY, logit_to_probability
from crackscan.edge.capture.frame import Frame
from crackscan.edge.measurement.values import LineArray, Measurements, Scale

CrackMap = NDArray[np.float32]
Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Rule:
    """From when on cells are a finding: an operating point, and how it pools."""

    cell: float
    """A finding has a cell of at least this probability."""
    patch: float
    """A component is a finding if its pooled probability is at least this."""
    pooled_cells: int
    """How many of its strongest cells are pooled."""
    cell_px: int
    joined: float | None = None
    """Cells of at least this probability are joined to components; None: those of `cell`."""
    gap_cells: int = 0
    """Components with at most this number of cells between them are joined: 0 or 1."""

    @classmethod
    def of(cls, card: Card, point: str = DEFAULT_POINT) -> "Rule":
        """The rule of a model at one of its operating points."""
        rule = component_rule(card, point)
        return cls(
            rule.seed, rule.score, rule.strongest_cells, card.cell_px, rule.cell, rule.gap_cells
        )

    @property
    def components(self) -> ComponentRule:
        """How cells become components."""
        joined = self.cell if self.joined is None else self.joined
        return ComponentRule(joined, self.cell, self.patch, self.pooled_cells, self.gap_cells)


@dataclass(frozen=True)
class BoundingBox:
    """A rectangle in a frame, pixels; right and bottom are just outside."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Finding:
    """One crack in one picture."""

    box: BoundingBox
    cells: tuple[tuple[int, int], ...]
    """(row, column) of its cells in the crack map."""
    area_px: int
    """Picture area under its cells."""
    probability: float
    """That it is a crack: the mean logit of its strongest cells."""
    peak: float
    """Largest cell probability."""
    mean: float
    """Mean cell probability."""
    measures: Measurements | None = None
    """Length and widths; None if the finding was not measured."""
    lines: tuple[LineArray, ...] = field(default=(), compare=False)
    """Centre lines of the crack's unforked parts."""
    scale: Scale | None = None
    """Across this finding; None if the millimetres are not known."""


def find_cracks(crack_map: CrackMap, frame: Frame, rule: Rule) -> list[Finding]:
    """The findings in a frame, the surest first.

    Cells of at least `rule.joined` make components over all eight neighbours, and over a gap of
    `rule.gap_cells`; one with a cell of at least `rule.cell` is kept (hysteresis). It is a finding
    if the logits of its strongest cells, and of those around it if it has too few, come to
    `rule.patch` in the mean. So a single hot cell beside calm ones is not a finding, and a crack
    that fades is not cut up.

    Args:
        crack_map: float32 (rows, cols), a probability a cell.
        frame: the picture that it belongs to, (rows, cols) cells of `rule.cell_px` pixels, of
            which the last row and column may be cut by the border.
    """
    return [one for one in find_candidates(crack_map, frame, rule) if one.probability >= rule.patch]


def find_candidates(crack_map: CrackMap, frame: Frame, rule: Rule) -> list[Finding]:
    """The components that hysteresis keeps, the surest first, also those that are no findings.

    Args as for `find_cracks`.
    """
    labels, count = label_components(crack_map, rule.components)
    found = []
    # Each is handled in its own part of the map, so that many cost no more than their cells.
    for label, (top, left, bottom, right) in enumerate(
        component_boxes(labels, count).tolist(), start=1
    ):
        first = max(top - 1, 0), max(left - 1, 0)
        part = labels[first[0] : bottom + 1, first[1] : right + 1]
        found.append(finding_of(part == label, crack_map, frame, rule, first))
    return sorted(found, key=lambda one: (-one.probability, -one.area_px, one.cells))


def finding_of(
    mask: Mask, crack_map: CrackMap, frame: Frame, rule: Rule, first: tuple[int, int] = (0, 0)
) -> Finding:
    """The finding that some cells of a frame make up, whatever its probability.

    Args:
        mask: bool (rows, cols), at least one of them set. Cells around it that belong to something
            else, being of at least `rule.joined`, are not pooled.
        first: row and column of the mask's first cell in the map, where the mask is a part of it
            that holds the cells around those that are set, too.
    """
    rows, cols = mask.nonzero()
    if first != (0, 0):
        rows, cols = rows + first[0], cols + first[1]
    down, across = rows.tolist(), cols.tolist()
    at = tuple(zip(down, across, strict=True))
    top, bottom = down[0], down[-1] + 1  # they come row by row
    left, right = min(across), max(across) + 1
    start = max(top - 1, 0), max(left - 1, 0)
    near = crack_map[start[0] : bottom + 1, start[1] : right + 1]
    inside = mask[start[0] - first[0] :, start[1] - first[1] :][: near.shape[0], : near.shape[1]]
    own = near[inside | (near < (rule.cell if rule.joined is None else rule.joined))]
    probabilities = crack_map[rows, cols].tolist()
    cell_px = rule.cell_px
    box = BoundingBox(
        left * cell_px,
        top * cell_px,
        min(right * cell_px, frame.width),
        min(bottom * cell_px, frame.height),
    )
    whole = box.right == right * cell_px and box.bottom == bottom * cell_px
    return Finding(
        box=box,
        cells=at,
        area_px=len(at) * cell_px**2 if whole else _area_px(rows, cols, frame, cell_px),
        probability=_pooled(own, rule.pooled_cells),
        peak=max(probabilities),
        mean=sum(probabilities) / len(at),
    )


def _pooled(probabilities: CrackMap, k: int) -> float:
    """The `k` largest, pooled as their logits, which are in the same order."""
    if probabilities.size > k:
        probabilities = np.partition(probabilities, -k)[-k:]
    held = [min(max(one, MIN_PROBABILITY), 1 - MIN_PROBABILITY) for one in probabilities.tolist()]
    return logit_to_probability(
        sum(math.log(one / (1 - one)) for one in held) / len(held), temperature=1.0
    )


def _area_px(rows: Indices, cols: Indices, frame: Frame, cell_px: int) -> int:
    """Of cells, of which those at the border may be cut by it."""
    heights = np.minimum((rows + 1) * cell_px, frame.height) - rows * cell_px
    widths = np.minimum((cols + 1) * cell_px, frame.width) - cols * cell_px
    return int((heights * widths).sum())
