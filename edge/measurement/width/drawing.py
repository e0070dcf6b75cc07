"""The close-up for a report: the crack with its centre line, coloured by width."""

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.values import Scale
from crackscan.edge.measurement.width.values import Branch, CrackMeasure, FloatArray, Width

RGB = NDArray[np.uint8]
LONG_SIDE_PX = 960
"""The close-up is enlarged to about this, by a whole number at most MOST_TIMES."""
MOST_TIMES = 6
MARGIN_PX = 24
STRIP_PX = 30
"""Height of the strip below the picture, with the colours' meaning."""
SUB = 3
"""Bits of sub-pixel places in drawing."""
UNKNOWN = (255, 255, 255)
"""Where the width is not measurable."""
INK, PAPER = (20, 20, 20), (245, 245, 245)


def draw_width(rgb: RGB, measure: CrackMeasure, scale: Scale | None = None) -> RGB:
    """Cut out the crack, enlarge it and draw its centre lines, edges and largest width.

    `rgb` is the whole frame, uint8 (H, W, 3), and stays as it is; returns uint8 (h, w, 3). Centre
    lines go from dark blue (0) over green to yellow (the 95th percentile of the widths and more),
    and are white where the width is not measurable; thin lines mark the edges, a circle the largest
    width. Widths are told in mm with a `scale`, else in px.
    Without branches it is the whole frame, with the reason below.
    """
    corner, cut, times = _close_up(rgb, measure)
    size = (cut.shape[1] * times, cut.shape[0] * times)
    picture = np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    top = measure.width.percentile95.value_px or 1.0
    for branch in measure.branches:
        _draw_branch(picture, branch, corner, times, top)
    if measure.width.maximum_at is not None:
        x, y = _place(np.array([measure.width.maximum_at]), corner, times)[0]
        reach = (measure.width.maximum.value_px or 0.0) / 2 + 3
        radius = round(reach * times * 2**SUB)
        for colour, thick in ((INK, 3), (UNKNOWN, 1)):
            cv2.circle(picture, (int(x), int(y)), radius, colour, thick, cv2.LINE_AA, SUB)
    return np.vstack([picture, _strip(picture.shape[1], measure, scale)]).astype(np.uint8)


def _close_up(rgb: RGB, measure: CrackMeasure) -> tuple[FloatArray, RGB, int]:
    """The cut's corner (x, y), the cut, and how many times it is to be enlarged."""
    left, top, right, bottom = 0, 0, rgb.shape[1], rgb.shape[0]
    if measure.branches:
        places = np.concatenate([branch.line[:, :2] for branch in measure.branches])
        low, high = places.min(axis=0) - MARGIN_PX, places.max(axis=0) + MARGIN_PX
        left, top = max(int(low[0]), 0), max(int(low[1]), 0)
        right, bottom = min(int(high[0]) + 1, right), min(int(high[1]) + 1, bottom)
    long_side = max(right - left, bottom - top)
    times = min(max(round(LONG_SIDE_PX / long_side), 1), MOST_TIMES)
    cut = np.ascontiguousarray(rgb[top:bottom, left:right])
    return np.array([left, top], np.float32), cut, times


def _place(points: NDArray[np.floating], corner: FloatArray, times: int) -> NDArray[np.int32]:
    """Frame places (n, 2) in the enlarged cut, as drawing functions take them."""
    enlarged = (points - corner + 0.5) * times - 0.5
    return np.asarray(np.rint(enlarged * 2**SUB), np.int32)


def _draw_branch(picture: RGB, branch: Branch, corner: FloatArray, times: int, top: float) -> None:
    place, width = branch.line[:, :2], branch.line[:, 2]
    way = np.gradient(place, axis=0)
    way /= np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-6)[:, None]
    across = np.stack([-way[:, 1], way[:, 0]], axis=1)
    known = np.isfinite(width)
    share = np.clip(np.where(known, width, 0) / top, 0, 1)
    colours = _colours(share)
    colours[~known] = UNKNOWN
    half = np.where(known, width, 0)[:, None] / 2
    middle = _place(place, corner, times)
    edges = [_place(place + side * half * across, corner, times) for side in (-1, 1)]
    both = known[:-1] & known[1:]
    for k in range(len(place) - 1):
        colour = [int(c) for c in colours[k]]
        if both[k]:
            for edge in edges:
                _segment(picture, edge, k, colour, 1)
        _segment(picture, middle, k, colour, 2)


def _segment(picture: RGB, at: NDArray[np.int32], k: int, colour: list[int], thick: int) -> None:
    start, stop = at[k].tolist(), at[k + 1].tolist()
    cv2.line(picture, start, stop, colour, thick, cv2.LINE_AA, SUB)


def _colours(share: NDArray[np.floating]) -> NDArray[np.uint8]:
    """RGB (n, 3) for shares of the width that is drawn in yellow."""
    grey = np.rint(255 * share).astype(np.uint8)[:, None]
    bgr = np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_VIRIDIS), np.uint8)
    return bgr[:, 0, ::-1].copy()


def _strip(width: int, measure: CrackMeasure, scale: Scale | None) -> RGB:
    """The scale of colours, and the widths in words."""
    strip = np.full((STRIP_PX, width, 3), PAPER, np.uint8)
    bar = min(120, width // 4)
    if measure.width.maximum.value_px is None:
        words = f"width {measure.width.maximum}"
        bar = 0
    else:
        strip[8:-8, 8 : 8 + bar] = _colours(np.linspace(0, 1, bar))
        spread = measure.width
        high, most, middle = (
            _told(width, scale) for width in (spread.percentile95, spread.maximum, spread.median)
        )
        words = f"0 to {high}; largest {most}, median {middle}"
    cv2.putText(
        strip, words, (16 + bar, STRIP_PX - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA
    )
    return strip


def _told(width: Width, scale: Scale | None) -> str:
    """A width in words that OpenCV's letters can write."""
    length = width.millimetres(scale) if scale else None
    return str(length or width).replace("±", "+/-")
