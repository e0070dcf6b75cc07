"""Draws findings over a frame, so that a crack is visible on a phone in sunlight."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pictures import RGB
from crackscan.edge.detection.finding import CrackMap, Finding
from crackscan.edge.reporting.caption import FONT, caption_px, draw_caption
from crackscan.edge.reporting.palette import AMBER, INK, PAPER, RED, Colour


@dataclass(frozen=True)
class OverlayParameters:
    """The drawing of findings; sizes follow the frame, so that they look alike at any size."""

    frame_px_per_line_px: int = 240
    """Outlines are 1 px thick for this many pixels of the frame's shorter side: 2 px at 640x480."""
    rim: float = 0.6
    """Width of the dark rim on each side of an outline, as a share of the outline's width."""
    tint: float = 0.22
    """Share of colour inside an outline; the crack keeps most of its contrast."""
    contour_steps: int = 8
    """Contour points per side of a cell, so that outlines are rounded."""
    contour_sigma: float = 0.35
    """Standard deviation of the smoothing of contours, as a share of a cell."""
    contour_level: int = 100
    """Of 255, in the smoothed mask: below one half, so that smoothing shrinks a finding less."""
    contour_tolerance: float = 0.7
    """Of the polygon approximation (Douglas and Peucker 1973), in contour steps."""


PARAMETERS = OverlayParameters()
_FRACTION_BITS = 4
"""Binary digits after the point in OpenCV's drawing coordinates."""


def annotate_frame(
    rgb: RGB,
    crack_map: CrackMap,
    findings: Sequence[Finding],
    threshold: float,
    cell_px: int,
    rate_fps: float | None = None,
    unusable: str = "",
    labels: Sequence[str] = (),
) -> RGB:
    """A copy of a frame with its findings outlined and tinted, under a caption.

    Args:
        rgb: uint8 (height, width, 3).
        crack_map: the frame's map; its probabilities tint the findings.
        findings: of this frame, the most probable first.
        threshold: the probability at which the colour scale begins.
        cell_px: side of a cell.
        rate_fps: shown in the caption of moving pictures.
        unusable: why the frame cannot be judged, for example `too fast`; without a finding the
            caption shows this instead of "no crack".
        labels: text at each finding, for example its width; "" for none.

    Returns:
        uint8 (height + caption, width, 3); the frame itself keeps every row of pixels.
    """
    height, width = rgb.shape[:2]
    bar_px = caption_px(height, width)
    picture = np.empty((bar_px + height, width, 3), np.uint8)
    frame = picture[bar_px:]
    frame[:] = rgb
    line_px = max(1, round(min(height, width) / PARAMETERS.frame_px_per_line_px))
    for finding in reversed(findings):
        _draw_outline(frame, crack_map, finding, threshold, cell_px, line_px)
    for finding, label in zip(findings, labels, strict=False):
        if label:
            _draw_label(frame, finding, label, cell_px, line_px)
    draw_caption(picture[:bar_px], findings, rate_fps, unusable)
    return picture


def probability_colour(probability: float, threshold: float) -> Colour:
    """Amber at the threshold, red at certainty, mixed between them."""
    share = min(max((probability - threshold) / max(1 - threshold, 1e-6), 0.0), 1.0)
    mixed = [round(low + (high - low) * share) for low, high in zip(AMBER, RED, strict=True)]
    return mixed[0], mixed[1], mixed[2]


def _draw_outline(
    picture: RGB,
    crack_map: CrackMap,
    finding: Finding,
    threshold: float,
    cell_px: int,
    line_px: int,
) -> None:
    rim_px = line_px + 2 * max(1, round(line_px * PARAMETERS.rim))
    polygons = _trace_contours(finding, cell_px, rim_px / 2)
    box = finding.box
    window = picture[box.top : box.bottom, box.left : box.right]
    inside = np.zeros(window.shape[:2], np.uint8)
    corner = np.array([box.left, box.top], np.int32) << _FRACTION_BITS
    cv2.fillPoly(inside, [points - corner for points in polygons], 255, shift=_FRACTION_BITS)
    colours = _tint_colours(crack_map, finding, threshold, cell_px)
    share = PARAMETERS.tint
    cv2.copyTo(cv2.addWeighted(window, 1 - share, colours, share, 0), inside, window)
    colour = probability_colour(finding.probability, threshold)
    cv2.polylines(picture, polygons, True, INK, rim_px, cv2.LINE_AA, shift=_FRACTION_BITS)
    cv2.polylines(picture, polygons, True, colour, line_px, cv2.LINE_AA, shift=_FRACTION_BITS)


def _draw_label(picture: RGB, finding: Finding, label: str, cell_px: int, line_px: int) -> None:
    """Write above the finding's uppermost cell, or below it at the upper border of the frame."""
    text = label.replace("±", "+/-")  # OpenCV's font has no ±.
    scale, thickness = 0.28 + 0.16 * line_px, max(1, line_px // 2)
    (text_width, text_height), descent = cv2.getTextSize(text, FONT, scale, thickness)
    gap = 2 * line_px
    row, column = finding.cells[0]
    left = min(max(column * cell_px, gap), max(picture.shape[1] - text_width - gap, 0))
    baseline = row * cell_px - 3 * gap
    if baseline - text_height < gap:
        baseline = (row + 1) * cell_px + 3 * gap + text_height
    upper_left = left - gap, baseline - text_height - gap
    cv2.rectangle(
        picture, upper_left, (left + text_width + gap, baseline + descent), INK, cv2.FILLED
    )
    cv2.putText(picture, text, (left, baseline), FONT, scale, PAPER, thickness, cv2.LINE_AA)


def _trace_contours(finding: Finding, cell_px: int, grow_px: float) -> list[NDArray[np.int32]]:
    """Outer and inner contours of a finding's cells, rounded and grown, in fixed-point pixels.

    Growing them by half a line keeps the line off the cells, whatever its width.
    """
    steps = PARAMETERS.contour_steps
    rows, cols = np.array(finding.cells).T
    margin = 1 + round(grow_px / cell_px + 0.5)
    top, left = int(rows.min()) - margin, int(cols.min()) - margin
    shape = int(rows.max()) - top + margin + 1, int(cols.max()) - left + margin + 1
    mask = np.zeros(shape, np.uint8)
    mask[rows - top, cols - left] = 255
    fine = cv2.resize(mask, None, fx=steps, fy=steps, interpolation=cv2.INTER_NEAREST)
    if radius := round(grow_px * steps / cell_px):
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        fine = cv2.dilate(fine, disc)
    soft = cv2.GaussianBlur(fine, (0, 0), steps * PARAMETERS.contour_sigma)
    smooth = (soft > PARAMETERS.contour_level).astype(np.uint8)
    contours, _ = cv2.findContours(smooth, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    scale = cell_px / steps * 2**_FRACTION_BITS
    offset = np.array([left, top]) * cell_px * 2**_FRACTION_BITS
    polygons = [
        cv2.approxPolyDP(contour, PARAMETERS.contour_tolerance, True) for contour in contours
    ]
    return [np.rint((polygon + 0.5) * scale + offset).astype(np.int32) for polygon in polygons]


def _tint_colours(crack_map: CrackMap, finding: Finding, threshold: float, cell_px: int) -> RGB:
    """The colours of a finding's bounding box, interpolated between cells."""
    box = finding.box
    rows = slice(box.top // cell_px, -(-box.bottom // cell_px))
    cols = slice(box.left // cell_px, -(-box.right // cell_px))
    steps = np.rint(crack_map[rows, cols] * 255).astype(np.uint8)
    height, width = steps.shape
    colours = _colour_table(threshold)[steps]
    full = cv2.resize(colours, (width * cell_px, height * cell_px))
    return full[: box.bottom - box.top, : box.right - box.left]  # type: ignore[return-value]


@lru_cache(maxsize=8)
def _colour_table(threshold: float) -> RGB:
    """`probability_colour` for 256 steps of probability, (256, 3)."""
    steps = [probability_colour(step / 255, threshold) for step in range(256)]
    return np.array(steps, np.uint8)
