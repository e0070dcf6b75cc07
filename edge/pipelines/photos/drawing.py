"""The pictures that a survey keeps of photographs: small copies, and close-ups of the cracks."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.picture_writing import encode_jpeg
from crackscan.core.pictures import RGB
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.measurement.values import Scale
from crackscan.edge.measurement.width import CrackMeasure, draw_width

CLOSE_UP_PX = 960
"""A close-up shows at most so much of the photograph on each side, at its own pixels or larger."""
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
    """A JPEG of a whole photograph with nothing drawn on it, for whatever is drawn later."""
    height, width = rgb.shape[:2]
    share = min(1.0, COPY_PX / max(height, width))
    size = max(round(width * share), 1), max(round(height * share), 1)
    if share < 1:
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    return encode_jpeg(rgb)


def _middle(box: BoundingBox, measure: CrackMeasure) -> tuple[float, float]:
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
