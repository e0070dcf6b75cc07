"""At which scales a photograph is looked at, and how what is seen at each becomes one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pictures import RGB
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import BoundingBox, Finding, Rule, find
from crackscan.edge.inference.model import MIN_PX, Model
from crackscan.edge.pipelines.photos.values import Crack

Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

THIN_MM = 0.25
"""Cracks of this width are to be seen: the limits of EN 1992-1-1 and ACI 224R are 0.1 to 0.4 mm."""
THIN_PX = 1.5
"""So wide they should be in the map's picture."""
COARSE = 0.25
"""The second look, for wide cracks, at this share of the first."""
LIKELY = 0.25
"""A square of this share of the threshold belongs to a crack that a coarser look has found."""
LEAST_PX = 96
"""A picture with a shorter side has no context: there is no coarse look at it."""
FINEST, COARSEST = 2.0, 0.125
MOST_ENLARGED_PX = 50_000_000
"""A photograph is not enlarged beyond so many px."""


def map_scales(width: int, height: int, mm_per_px: float | None) -> tuple[float, ...]:
    """The scales of the looks at a photograph, the finest first, as shares of its size.

    The model was trained for cracks of about 1 to 20 px. The first look is the cheapest one, by
    powers of two, in which a crack of THIN_MM is THIN_PX wide; where the photograph's own pixels
    are larger, it is enlarged twofold if it is small enough. The second look, at a quarter of the
    first, is for the wide ones and costs a sixteenth. Without a scale on the wall the first look
    is at the photograph's own pixels.

    Measured on 70 of DeepCrack's development photographs with `benchmarks/map_scales.py` (crack-s,
    default point): at own size the second look raises the share of cracked squares found from 0.888
    to 0.958, at twice the size (cracks of 15 px) from 0.744 to 0.955, without one finding more away
    from cracks. At a quarter of the size (cracks of 3 px) enlarging finds 0.940 instead of 0.887,
    with 0.014 findings more away from cracks a photograph. A finer look than needed raises false
    alarms: at twice the size from 0.05 to 0.40 a photograph.
    """
    fine = 1.0
    if mm_per_px is not None:
        wanted = THIN_PX * mm_per_px / THIN_MM
        fine = COARSEST
        while fine < min(wanted, FINEST):
            fine *= 2
    if fine > 1 and width * height * fine**2 > MOST_ENLARGED_PX:
        fine = 1.0
    coarse = fine * COARSE
    return (fine, coarse) if min(width, height) * coarse >= LEAST_PX else (fine,)


@dataclass(frozen=True)
class Seen:
    """The findings of one look, on the photograph's own squares."""

    labels: NDArray[np.int32]
    """(rows, columns); 0 is nothing, n is findings[n - 1]."""
    findings: tuple[Finding, ...]
    likely: Mask
    """(rows, columns): squares that come near the threshold."""


def look(model: Model, rule: Rule, rgb: RGB, scale: float, shape: tuple[int, int]) -> Seen:
    """Find cracks in a photograph that was brought to a scale.

    Args:
        rgb: the photograph at that scale.
        shape: rows and columns of the whole photograph's squares.
    """
    frame = Frame(rgb, 0, "", "", 0.0, 0.0)
    crack_map = model.crack_map(rgb)
    findings = find(crack_map, frame, rule)
    labels = np.zeros(crack_map.shape, np.int32)
    for number, finding in enumerate(findings, 1):
        rows, columns = np.array(finding.cells).T
        labels[rows, columns] = number
    likely = (crack_map >= LIKELY * rule.cell).astype(np.int32)
    return Seen(
        _on_squares(labels, scale, shape),
        tuple(findings),
        _on_squares(likely, scale, shape) > 0,
    )


def refined(coarse: Seen, fine: Seen, times: int) -> Seen:
    """A coarse look's findings without the squares that the fine look can leave out.

    A cell of the coarse map covers `times` by `times` squares. Where the fine look makes out the
    crack in it, however faintly, its squares stay; where it makes out nothing, as inside a wide
    crack, all stay.
    """
    rows, columns = fine.likely.shape
    whole = np.zeros((-(-rows // times) * times, -(-columns // times) * times), np.bool_)
    whole[:rows, :columns] = fine.likely
    blocks = whole.reshape(whole.shape[0] // times, times, -1, times).any(axis=(1, 3))
    made_out = blocks.repeat(times, axis=0).repeat(times, axis=1)[:rows, :columns]
    labels = np.where(made_out & ~fine.likely, 0, coarse.labels)
    return replace(coarse, labels=labels)


def join(looks: Sequence[Seen], width: int, height: int, cell_px: int) -> list[Crack]:
    """The cracks of a photograph, the surest first: what the looks saw in one place is one.

    Each look has judged by the model's own thresholds, on maps as the model was trained on; a
    crack has the surest judgement of those that are part of it. Maps themselves are not mixed: one
    hot square of a coarse map would be sixteen of the fine one, enough for an alarm by itself.
    """
    union = np.zeros(looks[0].labels.shape, np.uint8)
    for seen in looks:
        union[seen.labels > 0] = 1
    count, joined = cv2.connectedComponents(union, connectivity=8)
    labels = np.asarray(joined, np.int32)
    whole = list(range(count))
    members: list[tuple[int, Finding]] = []
    for seen in looks:
        for finding, parts in zip(seen.findings, _parts(seen, labels, count), strict=True):
            if parts:  # several, where the fine look left squares out
                roots = sorted({_root(whole, part) for part in parts})
                for root in roots:
                    whole[root] = roots[0]
                members.append((roots[0], finding))
    own: dict[int, list[Finding]] = {}
    for part, finding in members:
        own.setdefault(_root(whole, part), []).append(finding)
    table = np.array([_root(whole, part) for part in range(count)], np.int32)
    rows, columns = np.nonzero(union)
    owner = table[labels[rows, columns]]
    order = np.argsort(owner, kind="stable")
    ends = np.flatnonzero(np.diff(owner[order])) + 1
    cracks = [
        _crack(rows[one], columns[one], own[int(owner[one[0]])], width, height, cell_px)
        for one in np.split(order, ends)
        if len(one)
    ]
    return sorted(cracks, key=lambda one: (-one.probability, -one.area_px, one.cells[0]))


def _parts(seen: Seen, labels: NDArray[np.int32], count: int) -> list[list[int]]:
    """The pieces that each of a look's findings lies in, in one pass over all squares."""
    inside = seen.labels > 0
    pairs = np.unique(seen.labels[inside].astype(np.int64) * count + labels[inside])
    found: list[list[int]] = [[] for _ in seen.findings]
    for pair in pairs.tolist():
        found[pair // count - 1].append(pair % count)
    return found


def _root(whole: list[int], part: int) -> int:
    """What a piece has become part of."""
    while whole[part] != part:
        part = whole[part]
    return part


def at_scale(rgb: RGB, height: int, width: int, scale: float) -> RGB:
    """A picture of the photograph, of any size, brought to a share of the whole one's size."""
    size = max(ceil(width * scale), MIN_PX), max(ceil(height * scale), MIN_PX)
    if size == (rgb.shape[1], rgb.shape[0]):
        return rgb
    way = cv2.INTER_AREA if size[0] < rgb.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, size, interpolation=way), np.uint8)


def _on_squares(
    labels: NDArray[np.int32], scale: float, shape: tuple[int, int]
) -> NDArray[np.int32]:
    """The labels of a map's cells, brought to the squares of the whole photograph."""
    if scale > 1:
        times = round(scale)
        rows, columns = shape
        whole = np.zeros((rows * times, columns * times), np.int32)
        part = labels[: whole.shape[0], : whole.shape[1]]
        whole[: part.shape[0], : part.shape[1]] = part
        return np.asarray(whole.reshape(rows, times, columns, times).max(axis=(1, 3)), np.int32)
    row, column = (
        np.minimum(((np.arange(n) + 0.5) * scale).astype(np.intp), most - 1)
        for n, most in zip(shape, labels.shape, strict=True)
    )
    return labels[np.ix_(row, column)]


def _crack(
    rows: Indices,
    columns: Indices,
    members: Sequence[Finding],
    width: int,
    height: int,
    cell_px: int,
) -> Crack:
    left, top = int(columns.min()), int(rows.min())
    heights = np.minimum((rows + 1) * cell_px, height) - rows * cell_px
    widths = np.minimum((columns + 1) * cell_px, width) - columns * cell_px
    surest = max(members, key=lambda one: one.probability)
    return Crack(
        box=BoundingBox(
            left * cell_px,
            top * cell_px,
            min((int(columns.max()) + 1) * cell_px, width),
            min((int(rows.max()) + 1) * cell_px, height),
        ),
        cells=tuple(zip(rows.tolist(), columns.tolist(), strict=True)),
        area_px=int((heights * widths).sum()),
        probability=surest.probability,
        peak=max(one.peak for one in members),
        mean=surest.mean,
    )
