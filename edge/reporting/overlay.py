"""Draws findings over a frame, so that a crack is seen at a glance on a phone in sunlight."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pictures import RGB
from crackscan.edge.detection.finding import CrackMap, Finding

Colour = tuple[int, int, int]

AMBER, RED = (255, 196, 0), (232, 16, 36)
"""Outline at the threshold and at certainty; between them it is mixed."""
CALM, ALARM, INK, PAPER = (24, 122, 62), (206, 12, 30), (16, 16, 18), (255, 255, 255)
TINT = 0.22
_FINE = 8
"""Contour points to a cell's side: outlines are rounded, not stairs."""
_BITS = 4
"""Binary digits after the point in what is drawn."""
_FONT = cv2.FONT_HERSHEY_DUPLEX


def draw(
    rgb: RGB,
    crack_map: CrackMap,
    findings: Sequence[Finding],
    threshold: float,
    cell_px: int,
    rate_fps: float | None = None,
    told: str = "",
    labels: Sequence[str] = (),
) -> RGB:
    """A copy of a frame with its findings outlined and tinted, under a caption.

    Line and text sizes follow the frame's size; the wall inside an outline stays visible.

    Args:
        rgb: uint8 (height, width, 3).
        crack_map: the frame's map; its probabilities tint the findings.
        findings: of this frame, the surest first.
        threshold: where the colour scale begins.
        cell_px: side of a cell.
        rate_fps: shown in the caption of moving pictures.
        told: why the frame cannot be judged, `too fast`; the caption says that instead of a
            verdict where no crack is known of.
        labels: a word to write at each finding, its width for one; "" for none.

    Returns:
        uint8 (height + caption, width, 3); the frame itself keeps every pixel row.
    """
    height, width = rgb.shape[:2]
    bar_px = caption_px(height, width)
    picture = np.empty((bar_px + height, width, 3), np.uint8)
    below = picture[bar_px:]
    below[:] = rgb
    line_px = max(1, round(min(height, width) / 240))
    for finding in reversed(findings):
        _outline(below, crack_map, finding, threshold, cell_px, line_px)
    for finding, label in zip(findings, labels, strict=False):
        if label:
            _label(below, finding, label, cell_px, line_px)
    _caption(picture[:bar_px], findings, rate_fps, told)
    return picture


def caption_px(height: int, width: int) -> int:
    """Height of the caption of a frame; it makes the whole height even, as video needs."""
    bar_px = max(22, round(min(height, width) * 0.06))
    return bar_px + (bar_px + height) % 2


def colour_of(probability: float, threshold: float) -> Colour:
    """Amber at the threshold, red at certainty."""
    share = min(max((probability - threshold) / max(1 - threshold, 1e-6), 0.0), 1.0)
    mixed = [round(low + (high - low) * share) for low, high in zip(AMBER, RED, strict=True)]
    return mixed[0], mixed[1], mixed[2]


def _outline(
    picture: RGB,
    crack_map: CrackMap,
    finding: Finding,
    threshold: float,
    cell_px: int,
    line_px: int,
) -> None:
    halo_px = line_px + 2 * max(1, round(line_px * 0.6))
    points = _contours(finding, cell_px, halo_px / 2)
    box = finding.box
    window = picture[box.top : box.bottom, box.left : box.right]
    inside = np.zeros(window.shape[:2], np.uint8)
    corner = np.array([box.left, box.top], np.int32) << _BITS
    cv2.fillPoly(inside, [p - corner for p in points], 255, shift=_BITS)
    tint = _tint(crack_map, finding, threshold, cell_px)
    cv2.copyTo(cv2.addWeighted(window, 1 - TINT, tint, TINT, 0), inside, window)
    edge = colour_of(finding.probability, threshold)
    cv2.polylines(picture, points, True, INK, halo_px, cv2.LINE_AA, shift=_BITS)
    cv2.polylines(picture, points, True, edge, line_px, cv2.LINE_AA, shift=_BITS)


def _label(picture: RGB, finding: Finding, label: str, cell_px: int, line_px: int) -> None:
    """The label over the finding's uppermost cell, or under it where that is at the border."""
    text = label.replace("±", "+/-")  # OpenCV's letters have no ±
    scale, thick = 0.28 + 0.16 * line_px, max(1, line_px // 2)
    (wide, high), low = cv2.getTextSize(text, _FONT, scale, thick)
    gap = 2 * line_px
    row, column = finding.cells[0]
    left = min(max(column * cell_px, gap), max(picture.shape[1] - wide - gap, 0))
    baseline = row * cell_px - 3 * gap
    if baseline - high < gap:
        baseline = (row + 1) * cell_px + 3 * gap + high
    corners = (left - gap, baseline - high - gap), (left + wide + gap, baseline + low)
    cv2.rectangle(picture, *corners, INK, cv2.FILLED)
    cv2.putText(picture, text, (left, baseline), _FONT, scale, PAPER, thick, cv2.LINE_AA)


def _contours(finding: Finding, cell_px: int, grow_px: float) -> list[NDArray[np.int32]]:
    """Outer and inner borders of a finding's cells, rounded and grown, as fixed-point pixels.

    Growing by half a line keeps the line off the cells, however thick it is.
    """
    rows, cols = np.array(finding.cells).T
    margin = 1 + round(grow_px / cell_px + 0.5)
    top, left = int(rows.min()) - margin, int(cols.min()) - margin
    shape = int(rows.max()) - top + margin + 1, int(cols.max()) - left + margin + 1
    mask = np.zeros(shape, np.uint8)
    mask[rows - top, cols - left] = 255
    fine = cv2.resize(mask, None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_NEAREST)
    if radius := round(grow_px * _FINE / cell_px):
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        fine = cv2.dilate(fine, disc)
    soft = cv2.GaussianBlur(fine, (0, 0), _FINE * 0.35)
    smooth = (soft > 100).astype(np.uint8)
    found, _ = cv2.findContours(smooth, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    scale = cell_px / _FINE * 2**_BITS
    offset = np.array([left, top]) * cell_px * 2**_BITS
    return [
        np.rint((cv2.approxPolyDP(contour, 0.7, True) + 0.5) * scale + offset).astype(np.int32)
        for contour in found
    ]


def _tint(crack_map: CrackMap, finding: Finding, threshold: float, cell_px: int) -> RGB:
    """The colours of a finding's box, smooth between cells."""
    box = finding.box
    rows = slice(box.top // cell_px, -(-box.bottom // cell_px))
    cols = slice(box.left // cell_px, -(-box.right // cell_px))
    steps = np.rint(crack_map[rows, cols] * 255).astype(np.uint8)
    height, width = steps.shape
    colours = _colours(threshold)[steps]
    full = cv2.resize(colours, (width * cell_px, height * cell_px))
    return full[: box.bottom - box.top, : box.right - box.left]  # type: ignore[return-value]


@lru_cache(maxsize=8)
def _colours(threshold: float) -> RGB:
    """colour_of for 256 steps of probability, (256, 3)."""
    return np.array([colour_of(step / 255, threshold) for step in range(256)], np.uint8)


def _caption(bar: RGB, findings: Sequence[Finding], rate_fps: float | None, told: str = "") -> None:
    """Verdict on a coloured field, then what fits: what is wrong, how many, frames a second."""
    height, width = bar.shape[:2]
    bar[:] = INK
    scale = height * 0.5 / cv2.getTextSize("0", _FONT, 1.0, 1)[0][1]
    thick = max(1, round(scale))
    baseline = round(height * 0.75)
    space = round(height * 0.4)

    def width_of(text: str) -> int:
        return int(cv2.getTextSize(text, _FONT, scale, thick)[0][0])

    def write(text: str, left: int, colour: Colour = PAPER) -> None:
        cv2.putText(bar, text, (left, baseline), _FONT, scale, colour, thick, cv2.LINE_AA)

    calm, ink, field = (told, INK, AMBER) if told else ("no crack", PAPER, CALM)
    verdict = f"CRACK {percent(findings[0].probability)}" if findings else calm
    end = width_of(verdict) + 2 * space
    bar[:, :end] = ALARM if findings else field
    write(verdict, space, PAPER if findings else ink)
    if told and findings and end + width_of(told) + 2 * space <= width:
        start, end = end, end + width_of(told) + 2 * space
        bar[:, start:end] = AMBER
        write(told, start + space, INK)
    right = width - space
    rate = f"{rate_fps:.1f} frames/s" if rate_fps is not None else ""
    if rate and end + space + width_of(rate) <= right:
        right -= width_of(rate)
        write(rate, right)
        right -= space
    count = f"{len(findings)} finding" + "s" * (len(findings) > 1)
    if findings and end + space + width_of(count) <= right:
        write(count, end + space)


def percent(probability: float) -> str:
    """A probability for people: never 100 %, which nothing is."""
    return f"{min(probability * 100, 99):.0f} %"
