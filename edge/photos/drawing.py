"""The pictures that a survey of photographs keeps: close-ups of cracks, and where they are."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.finding import Box, Rule
from crackscan.edge.overlay import INK, colour_of
from crackscan.edge.photos.values import Crack
from crackscan.edge.survey.pictures import encode_jpeg
from crackscan.edge.width import CrackMeasure, Scale, draw_width
from crackscan.picture import RGB

CLOSE_UP_PX = 960
"""A close-up shows at most so much of the photograph on each side, at its own pixels or larger."""
OVERVIEW_PX = 1280
"""Longest side of the picture of a whole photograph."""


def close_up(rgb: RGB, box: Box, measure: CrackMeasure, scale: Scale | None) -> bytes:
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


def overview(rgb: RGB, cracks: Sequence[Crack], rule: Rule) -> bytes:
    """A JPEG of a whole photograph, made smaller, with its cracks outlined."""
    height, width = rgb.shape[:2]
    share = min(1.0, OVERVIEW_PX / max(height, width))
    size = max(round(width * share), 1), max(round(height * share), 1)
    picture = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    line = max(1, round(min(size) / 300))
    for crack in reversed(cracks):
        outlines = _outlines(crack, rule.cell_px, share)
        for colour, thick in ((INK, line + 2), (colour_of(crack.probability, rule.cell), line)):
            cv2.polylines(picture, outlines, True, colour, thick, cv2.LINE_AA)
    return encode_jpeg(np.asarray(picture, np.uint8))


def _middle(box: Box, measure: CrackMeasure) -> tuple[float, float]:
    """Where a close-up is centred: the widest place, else halfway along the longest line."""
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
        inside = (line[:, :2] >= 0).all(axis=1) & (line[:, :2] < (shape[1], shape[0])).all(axis=1)
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


def _outlines(crack: Crack, cell_px: int, share: float) -> list[NDArray[np.int32]]:
    """Borders of a crack's squares, rounded, in px of the smaller picture."""
    rows, columns = np.array(crack.cells).T
    top, left = int(rows.min()) - 1, int(columns.min()) - 1
    mask = np.zeros((int(rows.max()) - top + 2, int(columns.max()) - left + 2), np.uint8)
    mask[rows - top, columns - left] = 255
    side = cell_px * share
    size = ceil(mask.shape[1] * side), ceil(mask.shape[0] * side)
    soft = cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR)
    _, plain = cv2.threshold(soft, 100, 255, cv2.THRESH_BINARY)
    found, _ = cv2.findContours(plain, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    corner = np.array([round(left * side), round(top * side)], np.int32)
    return [np.asarray(contour, np.int32) + corner for contour in found]
