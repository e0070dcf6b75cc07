"""Draws the caption above an annotated frame: crack or no crack, how many, frames per second."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2

from crackscan.core.pictures import RGB
from crackscan.edge.detection.finding import Finding
from crackscan.edge.reporting.palette import ALARM, AMBER, GREEN, INK, PAPER, Colour

FONT = cv2.FONT_HERSHEY_DUPLEX


@dataclass(frozen=True)
class CaptionParameters:
    """Sizes of the caption."""

    height: float = 0.06
    """Of the caption, as a share of the frame's shorter side."""
    min_height_px: int = 22
    """Below this its text cannot be read."""
    text_height: float = 0.5
    """Of a digit, as a share of the caption's height."""
    baseline: float = 0.75
    """Of the text from the top, as a share of the caption's height."""
    space: float = 0.4
    """Around each text, as a share of the caption's height."""


PARAMETERS = CaptionParameters()


def caption_px(height: int, width: int) -> int:
    """Height of a frame's caption; it makes the total height even, as video codecs need it."""
    bar_px = max(PARAMETERS.min_height_px, round(min(height, width) * PARAMETERS.height))
    return bar_px + (bar_px + height) % 2


def draw_caption(
    bar: RGB, findings: Sequence[Finding], rate_fps: float | None, unusable: str = ""
) -> None:
    """Fill a bar, uint8 (height, width, 3): the verdict on a coloured field, then what fits.

    `unusable` is why the frame cannot be judged; it takes the place of "no crack".
    """
    height, width = bar.shape[:2]
    bar[:] = INK
    scale = height * PARAMETERS.text_height / cv2.getTextSize("0", FONT, 1.0, 1)[0][1]
    thickness = max(1, round(scale))
    baseline = round(height * PARAMETERS.baseline)
    space = round(height * PARAMETERS.space)

    def text_px(text: str) -> int:
        return int(cv2.getTextSize(text, FONT, scale, thickness)[0][0])

    def write_text(text: str, left: int, colour: Colour = PAPER) -> None:
        cv2.putText(bar, text, (left, baseline), FONT, scale, colour, thickness, cv2.LINE_AA)

    if findings:
        verdict = f"CRACK {format_probability(findings[0].probability)}"
        field, colour = ALARM, PAPER
    elif unusable:
        verdict, field, colour = unusable, AMBER, INK
    else:
        verdict, field, colour = "no crack", GREEN, PAPER
    end = text_px(verdict) + 2 * space
    bar[:, :end] = field
    write_text(verdict, space, colour)
    if unusable and findings and end + text_px(unusable) + 2 * space <= width:
        start, end = end, end + text_px(unusable) + 2 * space
        bar[:, start:end] = AMBER
        write_text(unusable, start + space, INK)
    right = width - space
    rate = f"{rate_fps:.1f} frames/s" if rate_fps is not None else ""
    if rate and end + space + text_px(rate) <= right:
        right -= text_px(rate)
        write_text(rate, right)
        right -= space
    count = f"{len(findings)} finding" + "s" * (len(findings) > 1)
    if findings and end + space + text_px(count) <= right:
        write_text(count, end + space)


def format_probability(probability: float) -> str:
    """A probability in percent, 99 % at most, because no finding is certain."""
    return f"{min(probability * 100, 99):.0f} %"
