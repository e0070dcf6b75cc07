"""The close-up picture for a report: the crack with its centre line, coloured by width."""

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.values import Scale
from crackscan.edge.measurement.width.values import Branch, CrackMeasure, FloatArray, Width

RGB = NDArray[np.uint8]
LONG_SIDE_PX = 960
"""The close-up is enlarged to about this size, by a whole number up to MAX_ENLARGEMENT."""
MAX_ENLARGEMENT = 6
MARGIN_PX = 24
STRIP_PX = 30
"""Height of the legend below the picture."""
SUBPIXEL_BITS = 3
"""Fractional bits of the coordinates that OpenCV draws."""
UNKNOWN_COLOUR = (255, 255, 255)
"""Colour of a line whose width is not measurable."""
TEXT_COLOUR, LEGEND_COLOUR = (20, 20, 20), (245, 245, 245)


def draw_width(rgb: RGB, measure: CrackMeasure, scale: Scale | None = None) -> RGB:
    """Crop the crack, enlarge it and draw its centre lines, edges and largest width.

    The colours of centre lines range from dark blue (width 0) to yellow (from the 95th percentile
    on); white means that the width is not measurable. Thin lines mark the edges, a circle the
    largest width. Without branches, the picture is the whole frame with the reason below.

    Args:
        rgb: the whole frame, uint8 (H, W, 3); it is not changed.
        measure: the crack.
        scale: if given, widths are in mm, else in px.

    Returns:
        uint8 (h, w, 3).
    """
    corner, crop, factor = _crop_crack(rgb, measure)
    size = (crop.shape[1] * factor, crop.shape[0] * factor)
    picture = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    full_width_px = measure.width.percentile95.value_px or 1.0
    for branch in measure.branches:
        _draw_branch(picture, branch, corner, factor, full_width_px)
    if measure.width.maximum_at is not None:
        x, y = _to_crop(np.array([measure.width.maximum_at]), corner, factor)[0]
        reach = (measure.width.maximum.value_px or 0.0) / 2 + 3
        radius = round(reach * factor * 2**SUBPIXEL_BITS)
        for colour, thick in ((TEXT_COLOUR, 3), (UNKNOWN_COLOUR, 1)):
            cv2.circle(picture, (int(x), int(y)), radius, colour, thick, cv2.LINE_AA, SUBPIXEL_BITS)
    return np.vstack([picture, _draw_legend(picture.shape[1], measure, scale)]).astype(np.uint8)


def _crop_crack(rgb: RGB, measure: CrackMeasure) -> tuple[FloatArray, RGB, int]:
    """Return the corner (x, y) of the crop, the crop, and the factor of its enlargement."""
    left, top, right, bottom = 0, 0, rgb.shape[1], rgb.shape[0]
    if measure.branches:
        points = np.concatenate([branch.line[:, :2] for branch in measure.branches])
        low, high = points.min(axis=0) - MARGIN_PX, points.max(axis=0) + MARGIN_PX
        left, top = max(int(low[0]), 0), max(int(low[1]), 0)
        right, bottom = min(int(high[0]) + 1, right), min(int(high[1]) + 1, bottom)
    long_side = max(right - left, bottom - top)
    factor = min(max(round(LONG_SIDE_PX / long_side), 1), MAX_ENLARGEMENT)
    crop = np.ascontiguousarray(rgb[top:bottom, left:right])
    return np.array([left, top], np.float32), crop, factor


def _to_crop(points: NDArray[np.floating], corner: FloatArray, factor: int) -> NDArray[np.int32]:
    """Convert points (n, 2) of the frame to the fixed-point coordinates of the enlarged crop."""
    enlarged = (points - corner + 0.5) * factor - 0.5
    return np.asarray(np.rint(enlarged * 2**SUBPIXEL_BITS), np.int32)


def _draw_branch(
    picture: RGB, branch: Branch, corner: FloatArray, factor: int, full_width_px: float
) -> None:
    position, width = branch.line[:, :2], branch.line[:, 2]
    tangent = np.gradient(position, axis=0)
    tangent /= np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-6)[:, None]
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    known = np.isfinite(width)
    share = np.clip(np.where(known, width, 0) / full_width_px, 0, 1)
    colours = _map_colours(share)
    colours[~known] = UNKNOWN_COLOUR
    half = np.where(known, width, 0)[:, None] / 2
    middle = _to_crop(position, corner, factor)
    edges = [_to_crop(position + side * half * normal, corner, factor) for side in (-1, 1)]
    both = known[:-1] & known[1:]
    for k in range(len(position) - 1):
        colour = [int(c) for c in colours[k]]
        if both[k]:
            for edge in edges:
                _draw_segment(picture, edge, k, colour, 1)
        _draw_segment(picture, middle, k, colour, 2)


def _draw_segment(
    picture: RGB, points: NDArray[np.int32], k: int, colour: list[int], thick: int
) -> None:
    start, stop = points[k].tolist(), points[k + 1].tolist()
    cv2.line(picture, start, stop, colour, thick, cv2.LINE_AA, SUBPIXEL_BITS)


def _map_colours(share: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Map shares (n,) of the width that is drawn in yellow to RGB (n, 3)."""
    grey = np.rint(255 * share).astype(np.uint8)[:, None]
    bgr = np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_VIRIDIS), np.uint8)
    return bgr[:, 0, ::-1].copy()


def _draw_legend(width: int, measure: CrackMeasure, scale: Scale | None) -> RGB:
    """Draw the colour bar and the widths as text."""
    strip = np.full((STRIP_PX, width, 3), LEGEND_COLOUR, np.uint8)
    bar = min(120, width // 4)
    if measure.width.maximum.value_px is None:
        text = f"width {measure.width.maximum}"
        bar = 0
    else:
        strip[8:-8, 8 : 8 + bar] = _map_colours(np.linspace(0, 1, bar))
        widths = measure.width
        high, largest, median = (
            _format_width(width, scale)
            for width in (widths.percentile95, widths.maximum, widths.median)
        )
        text = f"0 to {high}; largest {largest}, median {median}"
    origin, font = (16 + bar, STRIP_PX - 10), cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(strip, text, origin, font, 0.45, TEXT_COLOUR, 1, cv2.LINE_AA)
    return strip


def _format_width(width: Width, scale: Scale | None) -> str:
    """Format a width with the characters that OpenCV's fonts have."""
    length = width.millimetres(scale) if scale else None
    return str(length or width).replace("±", "+/-")
