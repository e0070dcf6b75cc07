"""The scales at which a photograph is searched for cracks, and how their findings become one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pictures import RGB
from crackscan.core.union_find import UnionFind
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import BoundingBox, CrackMap, Finding, Rule, find_candidates
from crackscan.edge.inference.model import MIN_PX, Model

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]
Indices = NDArray[np.intp]
Value = TypeVar("Value", np.int32, np.float32)


@dataclass(frozen=True)
class ScaleParameters:
    """What decides at which scales a photograph is searched, and how they are merged."""

    thin_mm: float = 0.25
    """Cracks of this width must be found: the limits of EN 1992-1-1 and ACI 224R are 0.1 to
    0.4 mm."""
    thin_px: float = 1.5
    """Width that such a crack should have in the picture that the model gets, px; by the model's
    training data, whose cracks are about 1 to 20 px wide."""
    coarse_share: float = 0.25
    """The second scale, for wide cracks, as a share of the first."""
    likely_share: float = 0.25
    """A cell of this share of the cell threshold counts as part of a crack that the coarse scale
    found."""
    coarse_joined: float = 0.4
    """At the second scale, cells of less than this probability are not joined to a component, and
    no gaps are closed: a cell there covers sixteen of the photograph. Chosen on the development
    set: as much crack length is found as with the joining of the first scale, with fewer cells
    beside the crack."""
    least_px: int = 96
    """A picture with a shorter side has too little context for the coarse scale."""
    finest: float = 2.0
    coarsest: float = 0.125
    """Limits of the first scale, as shares of the photograph's size."""
    most_enlarged_px: int = 50_000_000
    """A photograph is not enlarged beyond this area; bounds the memory of a worker."""


PARAMETERS = ScaleParameters()


def choose_scales(
    width: int, height: int, mm_per_px: float | None, parameters: ScaleParameters = PARAMETERS
) -> tuple[float, ...]:
    """The scales at which a photograph is searched, the finest first, as shares of its size.

    The first is the cheapest power of two at which a crack of `thin_mm` is `thin_px` wide; a
    photograph with larger pixels is enlarged twofold if it is small enough. The second, a quarter
    of the first, is for wide cracks and costs a sixteenth. Without a scale on the wall the first
    is the photograph's own size.

    Measured on 70 of DeepCrack's development photographs with `benchmarks/map_scales.py` (crack-s,
    default point): at own size the second scale raises the share of cracked cells found from 0.888
    to 0.958, at twice the size (cracks of 15 px) from 0.744 to 0.955, without one more finding away
    from cracks. At a quarter of the size (cracks of 3 px) enlarging finds 0.940 instead of 0.887,
    with 0.014 more findings away from cracks per photograph. A finer scale than needed raises false
    alarms: at twice the size from 0.05 to 0.40 per photograph.

    Args:
        width: of the photograph, px.
        height: of the photograph, px.
        mm_per_px: mm of wall per pixel of the photograph; None if not known.
    """
    fine = 1.0
    if mm_per_px is not None:
        wanted = parameters.thin_px * mm_per_px / parameters.thin_mm
        fine = parameters.coarsest
        while fine < min(wanted, parameters.finest):
            fine *= 2
    if fine > 1 and width * height * fine**2 > parameters.most_enlarged_px:
        fine = 1.0
    coarse = fine * parameters.coarse_share
    return (fine, coarse) if min(width, height) * coarse >= parameters.least_px else (fine,)


@dataclass(frozen=True, eq=False)
class ScaleDetection:
    """What was found at one scale, on the cells of the photograph itself; (rows, columns) each."""

    labels: Labels
    """0 is not part of a finding, n is part of findings[n - 1]."""
    findings: tuple[Finding, ...]
    """Their cells and bounding boxes are those of this scale's own map."""
    likely: Mask
    """Cells that come near the threshold."""
    crack_map: CrackMap
    """Probabilities."""
    strongest: float
    """Probability of the strongest component, finding or not; 0 if there is none."""


def detect_at_scale(
    model: Model, rule: Rule, rgb: RGB, scale: float, shape: tuple[int, int]
) -> ScaleDetection:
    """Find cracks in a photograph that was brought to a scale.

    Args:
        rgb: the photograph at that scale, uint8 (height, width, 3).
        scale: its size as a share of the whole photograph's.
        shape: rows and columns of the whole photograph's cells.
    """
    frame = Frame(rgb, 0, "", "", 0.0, 0.0)
    crack_map = model.crack_map(rgb)
    candidates = find_candidates(crack_map, frame, rule)
    findings = [one for one in candidates if one.probability >= rule.patch]
    labels = np.zeros(crack_map.shape, np.int32)
    for number, finding in enumerate(findings, 1):
        rows, columns = np.array(finding.cells).T
        labels[rows, columns] = number
    likely = (crack_map >= PARAMETERS.likely_share * rule.cell).astype(np.int32)
    return ScaleDetection(
        _project_cells(labels, scale, shape),
        tuple(findings),
        _project_cells(likely, scale, shape) > 0,
        _project_cells(crack_map, scale, shape),
        candidates[0].probability if candidates else 0.0,
    )


def coarse_rule(rule: Rule, parameters: ScaleParameters = PARAMETERS) -> Rule:
    """The rule for the second scale: as `rule`, but stricter about what joins a component."""
    if rule.joined is None:
        return rule
    least = min(parameters.coarse_joined, rule.cell)
    return replace(rule, joined=max(rule.joined, least), gap_cells=0)


def refine_coarse(coarse: ScaleDetection, fine: ScaleDetection, times: int) -> ScaleDetection:
    """A coarse detection without the cells that the fine one can leave out.

    A cell of the coarse map covers `times` by `times` cells of the photograph. If the fine map
    makes out the crack in it, however faintly, only those cells stay; if it makes out nothing, as
    inside a wide crack, all stay.
    """
    rows, columns = fine.likely.shape
    whole = np.zeros((-(-rows // times) * times, -(-columns // times) * times), np.bool_)
    whole[:rows, :columns] = fine.likely
    blocks = whole.reshape(whole.shape[0] // times, times, -1, times).any(axis=(1, 3))
    made_out = blocks.repeat(times, axis=0).repeat(times, axis=1)[:rows, :columns]
    labels = np.where(made_out & ~fine.likely, 0, coarse.labels)
    return replace(coarse, labels=labels)


def merge_scales(
    detections: Sequence[ScaleDetection], width: int, height: int, cell_px: int
) -> list[Finding]:
    """The findings of a photograph, the surest first: what touches across scales is one.

    Each scale has judged by the model's own thresholds, on maps as the model was trained on; a
    finding has the probability of its surest part. Maps themselves are not mixed: one hot cell of
    a coarse map would be sixteen of the fine one, enough for an alarm by itself.
    """
    union = np.zeros(detections[0].labels.shape, np.uint8)
    for one in detections:
        union[one.labels > 0] = 1
    count, joined = cv2.connectedComponents(union, connectivity=8)
    labels = np.asarray(joined, np.int32)
    sets = UnionFind()
    members: list[tuple[int, Finding]] = []
    for one in detections:
        for finding, parts in zip(
            one.findings, _parts_of_findings(one, labels, count), strict=True
        ):
            for part in parts[1:]:  # several, if the fine scale left cells out
                sets.join_sets(parts[0], part)
            if parts:
                members.append((parts[0], finding))
    own: dict[int, list[Finding]] = {}
    for part, finding in members:
        own.setdefault(sets.find_root(part), []).append(finding)
    roots = np.array([sets.find_root(part) for part in range(count)], np.int32)
    rows, columns = np.nonzero(union)
    owner = roots[labels[rows, columns]]
    order = np.argsort(owner, kind="stable")
    ends = np.flatnonzero(np.diff(owner[order])) + 1
    findings = [
        _merged_finding(
            rows[cells], columns[cells], own[int(owner[cells[0]])], (width, height), cell_px
        )
        for cells in np.split(order, ends)
        if len(cells)
    ]
    return sorted(findings, key=lambda one: (-one.probability, -one.area_px, one.cells[0]))


def merge_maps(detections: Sequence[ScaleDetection]) -> CrackMap:
    """For drawing: the largest probability that any scale has for each cell of the photograph."""
    merged: CrackMap = np.max([one.crack_map for one in detections], axis=0)
    return merged


def resize_to_scale(rgb: RGB, height: int, width: int, scale: float) -> RGB:
    """The photograph at a scale, from a decoded picture of it of any size.

    Args:
        rgb: the photograph, decoded in full or reduced.
        height: of the whole photograph, px.
        width: of the whole photograph, px.
        scale: the wanted size as a share of the whole photograph's.
    """
    size = max(ceil(width * scale), MIN_PX), max(ceil(height * scale), MIN_PX)
    if size == (rgb.shape[1], rgb.shape[0]):
        return rgb
    way = cv2.INTER_AREA if size[0] < rgb.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, size, interpolation=way), np.uint8)


def _parts_of_findings(detection: ScaleDetection, labels: Labels, count: int) -> list[list[int]]:
    """The connected parts that each of a scale's findings lies in, in one pass over all cells."""
    inside = detection.labels > 0
    pairs = np.unique(detection.labels[inside].astype(np.int64) * count + labels[inside])
    found: list[list[int]] = [[] for _ in detection.findings]
    for pair in pairs.tolist():
        found[pair // count - 1].append(pair % count)
    return found


def _project_cells(values: NDArray[Value], scale: float, shape: tuple[int, int]) -> NDArray[Value]:
    """The values of a scale's cells, brought to the cells of the whole photograph."""
    if scale > 1:
        times = round(scale)
        rows, columns = shape
        whole = np.zeros((rows * times, columns * times), values.dtype)
        part = values[: whole.shape[0], : whole.shape[1]]
        whole[: part.shape[0], : part.shape[1]] = part
        return np.asarray(whole.reshape(rows, times, columns, times).max(axis=(1, 3)))
    row, column = (
        np.minimum(((np.arange(n) + 0.5) * scale).astype(np.intp), most - 1)
        for n, most in zip(shape, values.shape, strict=True)
    )
    return values[np.ix_(row, column)]


def _merged_finding(
    rows: Indices,
    columns: Indices,
    members: Sequence[Finding],
    size: tuple[int, int],
    cell_px: int,
) -> Finding:
    width, height = size
    heights = np.minimum((rows + 1) * cell_px, height) - rows * cell_px
    widths = np.minimum((columns + 1) * cell_px, width) - columns * cell_px
    surest = max(members, key=lambda one: one.probability)
    return replace(
        surest,
        box=BoundingBox(
            int(columns.min()) * cell_px,
            int(rows.min()) * cell_px,
            min((int(columns.max()) + 1) * cell_px, width),
            min((int(rows.max()) + 1) * cell_px, height),
        ),
        cells=tuple(zip(rows.tolist(), columns.tolist(), strict=True)),
        area_px=int((heights * widths).sum()),
        peak=max(one.peak for one in members),
    )
