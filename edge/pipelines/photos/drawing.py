"""The pictures made of a photograph: close-ups of cracks, a small copy, the annotated picture."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.picture_writing import encode_jpeg
from crackscan.core.pictures import RGB
from crackscan.edge.detection.finding import BoundingBox, CrackMap, Finding, Rule
from crackscan.edge.detection.finding_json import width_label
from crackscan.edge.measurement.values import Scale
from crackscan.edge.measurement.width import CrackMeasure, draw_width
from crackscan.edge.pipelines.photos.values import Preview
from crackscan.edge.reporting.overlay import annotate_frame

CLOSE_UP_PX = 960
"""A close-up shows at most this much of the photograph on each side, at its own pixels."""
COPY_PX = 1920
"""Longest side of the copy of a whole photograph."""


def close_up(rgb: RGB, box: BoundingBox, measure: CrackMeasure, scale: Scale | None) -> bytes:
    """A JPEG of a crack with its centre lines and widths, where it is widest if it is long."""
    x, y = _middle(box, measure)
    height, width = rgb.shape[:2]
    left = min(max(round(x) - CLOSE_UP_PX // 2, 0), max(width - CLOSE_UP_PX, 0))
    top = min(max(round(y) - CLOSE_UP_PX // 2, 0), max(height - CLOSE_UP_PX, 0))
    if not measure.branches:
        left, top = max(left, box.left - 48), max(top, box.top - 48)
    right, bottom = min(left + CLOSE_UP_PX, width), min(top + CLOSE_UP_PX, height)
    if not measure.branches:
        right, bottom = min(right, box.right + 48), min(bottom, box.bottom + 48)
    part = np.ascontiguousarray(rgb[top:bottom, left:right])
    return encode_jpeg(draw_width(part, _moved(measure, left, top, part.shape), scale))


def small_copy(rgb: RGB) -> bytes:
    """A JPEG of a whole photograph with nothing drawn on it, for drawings that are made later."""
    height, width = rgb.shape[:2]
    share = min(1.0, COPY_PX / max(height, width))
    size = max(round(width * share), 1), max(round(height * share), 1)
    if share < 1:
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    return encode_jpeg(rgb)


def annotate_photo(
    rgb: RGB, size: tuple[int, int], crack_map: CrackMap, findings: Sequence[Finding], rule: Rule
) -> bytes:
    """A JPEG of a photograph, at most about COPY_PX wide or high, with its findings drawn.

    The copy is so much smaller that a cell is a whole number of px wide.

    Args:
        rgb: the photograph, decoded in full or reduced.
        size: height and width of the whole photograph, px.
        crack_map: probabilities on the cells of the whole photograph.
        findings: of the whole photograph.
        rule: whose cell threshold is where the colours begin.
    """
    copy, cell_px = copy_for_cells(rgb, size, rule.cell_px)
    share = cell_px / rule.cell_px
    small = [replace(one, box=scale_box(one.box, share, copy.shape)) for one in findings]
    labels = [width_label(one) for one in findings]
    return encode_jpeg(annotate_frame(copy, crack_map, small, rule.cell, cell_px, labels=labels))


def preview_photo(rgb: RGB, size: tuple[int, int], crack_map: CrackMap, rule: Rule) -> Preview:
    """A small copy of a photograph with its crack map; arguments as for `annotate_photo`."""
    copy, cell_px = copy_for_cells(rgb, size, rule.cell_px)
    return Preview(encode_jpeg(copy), cell_px, crack_map)


def copy_for_cells(rgb: RGB, size: tuple[int, int], cell_px: int) -> tuple[RGB, int]:
    """A copy of a photograph in which a cell is a whole number of px wide, and that number.

    Args:
        rgb: the photograph, decoded in full or reduced.
        size: height and width of the whole photograph, px.
        cell_px: side of a cell, px of the whole photograph.
    """
    height, width = size
    small_px = max(min(cell_px, cell_px * COPY_PX // max(size)), 1)
    wanted = -(-height * small_px // cell_px), -(-width * small_px // cell_px)
    if rgb.shape[:2] != wanted:
        way = cv2.INTER_AREA if wanted[0] < rgb.shape[0] else cv2.INTER_CUBIC
        rgb = np.asarray(cv2.resize(rgb, wanted[::-1], interpolation=way), np.uint8)
    return rgb, small_px


def scale_box(box: BoundingBox, share: float, shape: tuple[int, ...]) -> BoundingBox:
    """A bounding box in a picture `share` times as large, whose shape is given."""
    right, bottom = min(ceil(box.right * share), shape[1]), min(ceil(box.bottom * share), shape[0])
    return BoundingBox(int(box.left * share), int(box.top * share), right, bottom)


def _middle(box: BoundingBox, measure: CrackMeasure) -> tuple[float, float]:
    """The centre of a close-up: the widest place, else halfway along the longest line."""
    if measure.width.maximum_at is not None:
        return measure.width.maximum_at
    if measure.branches:
        line = max(measure.branches, key=lambda one: one.length_px).line
        x, y = line[len(line) // 2, :2]
        return float(x), float(y)
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


def _moved(measure: CrackMeasure, left: int, top: int, shape: tuple[int, ...]) -> CrackMeasure:
    """The measure in px of a part of the photograph, with what lies outside cut off."""
    corner = np.array([left, top, 0, 0], np.float32)
    branches = []
    for branch in measure.branches:
        line = branch.line - corner
        x, y = line[:, 0], line[:, 1]
        inside = (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0])
        branches += [
            replace(branch, line=line[run]) for run in _runs(inside) if run.stop - run.start > 1
        ]
    place = measure.width.maximum_at
    moved = None if place is None else (place[0] - left, place[1] - top)
    return replace(
        measure, branches=tuple(branches), width=replace(measure.width, maximum_at=moved)
    )


def _runs(inside: NDArray[np.bool_]) -> list[slice]:
    """The stretches of a line that are inside."""
    edges = np.flatnonzero(np.diff(inside.astype(np.int8), prepend=0, append=0))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
