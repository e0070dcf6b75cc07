"""Draws one finding for the report: its frame with the crack marked, and a close-up."""

from dataclasses import dataclass

import cv2
import numpy as np

from crackscan.core.pictures import RGB
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.measurement.values import LineArray, Measurement, Scale
from crackscan.edge.measurement.width.drawing import STRIP_PX, draw_width
from crackscan.edge.measurement.width.values import Branch, CrackMeasure, Width, WidthStatistics
from crackscan.edge.reporting.picture_size import shrink_picture
from crackscan.edge.survey.values import Sighting

HALO, LINE, WINDOW = (16, 16, 18), (255, 196, 0), (255, 255, 255)


@dataclass(frozen=True)
class DrawingParameters:
    """Sizes of a finding's pictures, chosen for two pictures side by side on an A4 page."""

    overview_px: int = 800
    """Longest side of the overview: 250 dpi at the 80 mm that it has on paper."""
    close_up_px: int = 960
    """Longest side of the close-up."""
    window_px: int = 640
    """Side of the frame that the close-up shows; of a longer crack it shows the widest part."""
    margin_px: int = 32
    """Wall around the crack in the close-up, in pixels of the frame."""
    max_enlargement: int = 4
    """Of a close-up without centre lines: beyond it only interpolated pixels are added."""
    line_px: int = 2
    """Width of the centre line and of the window's border in the overview."""
    halo_px: int = 4
    """Width of the dark line beneath them, which keeps them visible on a bright wall."""


PARAMETERS = DrawingParameters()


@dataclass(frozen=True, eq=False)
class FindingDrawing:
    """A finding's two pictures, RGB uint8."""

    overview: RGB
    close_up: RGB
    is_partial: bool
    """Whether the close-up shows only a part of the crack."""
    has_lines: bool
    """Whether centre lines are drawn."""


def draw_finding(rgb: RGB, sighting: Sighting, scale: Scale | None) -> FindingDrawing:
    """Draw the frame with the crack marked, and the close-up with centre line and widths.

    `rgb` is uint8 (height, width, 3): the frame, or a reduced copy or a finer version of it.
    """
    extent = _crack_extent(sighting)
    window = _close_up_window(extent, sighting)
    lines = clip_lines(sighting.lines, window)
    zoom = _close_up_zoom(rgb, sighting, window)
    close_up = _cut_window(rgb, sighting, window, zoom)
    if lines:
        crack = _crack_in_window(sighting, lines, window, zoom)
        close_up = draw_width(close_up, crack, scale)[:-STRIP_PX]
    else:
        close_up = _enlarge_close_up(close_up)
    return FindingDrawing(
        _draw_overview(rgb, sighting, window),
        shrink_picture(close_up, PARAMETERS.close_up_px),
        window != extent,
        bool(lines),
    )


def clip_lines(lines: tuple[LineArray, ...], window: BoundingBox) -> list[LineArray]:
    """The parts of centre lines inside a window, at least three points each."""
    kept: list[LineArray] = []
    for line in lines:
        x, y = line[:, 0], line[:, 1]
        inside = (x >= window.left) & (x < window.right) & (y >= window.top) & (y < window.bottom)
        changes = np.flatnonzero(np.diff(inside.astype(np.int8))) + 1
        for part, part_inside in zip(
            np.split(line, changes), np.split(inside, changes), strict=True
        ):
            if len(part) >= 3 and part_inside.all():
                kept.append(part.astype(np.float32))
    return kept


def _crack_extent(sighting: Sighting) -> BoundingBox:
    """The bounding box of the centre lines, or of the cells if there are none, with a margin."""
    left, top = sighting.box.left, sighting.box.top
    right, bottom = sighting.box.right, sighting.box.bottom
    if sighting.lines:
        points = np.concatenate([line[:, :2] for line in sighting.lines])
        low, high = points.min(axis=0), points.max(axis=0)
        left, top = int(low[0]), int(low[1])
        right, bottom = int(high[0]) + 1, int(high[1]) + 1
    margin_px = PARAMETERS.margin_px
    return BoundingBox(
        max(left - margin_px, 0),
        max(top - margin_px, 0),
        min(right + margin_px, sighting.frame_width),
        min(bottom + margin_px, sighting.frame_height),
    )


def _close_up_window(extent: BoundingBox, sighting: Sighting) -> BoundingBox:
    """The whole crack, or the part around its largest width if the crack is long."""
    measures = sighting.measures
    centre = measures.width_max_at if measures is not None else None
    if centre is None:
        centre = (extent.left + extent.right) / 2, (extent.top + extent.bottom) / 2
    left, right = _limit_interval(extent.left, extent.right, centre[0])
    top, bottom = _limit_interval(extent.top, extent.bottom, centre[1])
    return BoundingBox(left, top, right, bottom)


def _limit_interval(low: int, high: int, centre: float) -> tuple[int, int]:
    window_px = PARAMETERS.window_px
    if high - low <= window_px:
        return low, high
    begin = int(min(max(centre - window_px / 2, low), high - window_px))
    return begin, begin + window_px


def _close_up_zoom(rgb: RGB, sighting: Sighting, window: BoundingBox) -> float:
    """Pixels of the close-up per pixel of the frame: what the picture has and the page needs."""
    longest_px = max(window.right - window.left, window.bottom - window.top, 1)
    available = float(rgb.shape[1] / sighting.frame_width)
    return max(min(available, PARAMETERS.close_up_px / longest_px), 1.0)


def _cut_window(rgb: RGB, sighting: Sighting, window: BoundingBox, zoom: float) -> RGB:
    """A window of the frame, `zoom` times as large as in the frame."""
    factor = rgb.shape[1] / sighting.frame_width
    top, bottom = round(window.top * factor), max(round(window.bottom * factor), 1)
    left, right = round(window.left * factor), max(round(window.right * factor), 1)
    cut = np.ascontiguousarray(rgb[top:bottom, left:right])
    size = (
        max(round((window.right - window.left) * zoom), 1),
        max(round((window.bottom - window.top) * zoom), 1),
    )
    if cut.size == 0:
        return np.zeros((size[1], size[0], 3), np.uint8)
    if (cut.shape[1], cut.shape[0]) != size:
        method = cv2.INTER_AREA if size[0] < cut.shape[1] else cv2.INTER_CUBIC
        cut = np.asarray(cv2.resize(cut, size, interpolation=method), np.uint8)
    return cut


def _crack_in_window(
    sighting: Sighting, lines: list[LineArray], window: BoundingBox, zoom: float
) -> CrackMeasure:
    """The recorded lines and widths as `draw_width` takes them, in pixels of the close-up."""
    measures = sighting.measures
    corner = np.array([window.left - 0.5, window.top - 0.5, 0, 0], np.float32)
    half = np.array([0.5, 0.5, 0, 0], np.float32)
    nothing = Width(None, None)
    spread = WidthStatistics(nothing, nothing, nothing, None)
    if measures is not None and measures.width_p95 is not None:
        at = measures.width_max_at
        inside = at is not None and (
            window.left <= at[0] < window.right and window.top <= at[1] < window.bottom
        )
        spread = WidthStatistics(
            _zoom_width(measures.width_median, zoom),
            _zoom_width(measures.width_p95, zoom),
            _zoom_width(measures.width_max, zoom),
            (
                (float((at[0] - corner[0]) * zoom - 0.5), float((at[1] - corner[1]) * zoom - 0.5))
                if at is not None and inside
                else None
            ),
        )
    branches = tuple(Branch((line - corner) * zoom - half, 0.0, spread) for line in lines)
    return CrackMeasure(branches, 0.0, 0.0, spread, None)


def _zoom_width(figure: Measurement | None, zoom: float) -> Width:
    if figure is None:
        return Width(None, None)
    return Width(figure.value_px * zoom, figure.uncertainty_px * zoom)


def _draw_overview(rgb: RGB, sighting: Sighting, window: BoundingBox) -> RGB:
    picture = shrink_picture(rgb, PARAMETERS.overview_px).copy()
    factor = picture.shape[1] / sighting.frame_width
    corners = [
        (round(window.left * factor), round(window.top * factor)),
        (round(window.right * factor) - 1, round(window.bottom * factor) - 1),
    ]
    strokes = (HALO, PARAMETERS.halo_px), (WINDOW, PARAMETERS.line_px)
    for colour, line_px in strokes:
        cv2.rectangle(picture, corners[0], corners[1], colour, line_px, cv2.LINE_AA)
    fixed_point = [
        np.rint((line[:, :2] * factor) * 8).astype(np.int32)[:, None] for line in sighting.lines
    ]
    strokes = (HALO, PARAMETERS.halo_px), (LINE, PARAMETERS.line_px)
    for colour, line_px in strokes:
        cv2.polylines(picture, fixed_point, False, colour, line_px, cv2.LINE_AA, 3)
    return picture


def _enlarge_close_up(rgb: RGB) -> RGB:
    times = min(max(PARAMETERS.close_up_px // max(rgb.shape[:2]), 1), PARAMETERS.max_enlargement)
    size = (rgb.shape[1] * times, rgb.shape[0] * times)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC), np.uint8)
