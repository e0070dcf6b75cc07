"""Judges whether a frame shows the wall clearly, and if not, why."""

import math
from dataclasses import dataclass
from enum import Enum

from crackscan.edge.tracking.motion import Motion
from crackscan.edge.tracking.sharpness import FrameDetail


@dataclass(frozen=True)
class FrameQualityParameters:
    """Thresholds of the judgement of a frame.

    The values are hand-tuned; `tests/edge/tracking/test_frame_quality.py` checks them on the sample
    pictures, sharp, blurred, dark and covered.
    """

    dark_level: int = 35
    """A frame is too dark if 95 % of its pixels are darker than this, grey levels."""
    bright_share: float = 0.5
    """A frame is too bright if a larger share of its pixels is overexposed."""
    soft_fineness: float = 1.3
    """Fineness of a picture that is blurred by 5 px: such a frame has the least weight."""
    clear_fineness: float = 3.0
    """Fineness that 98 of 100 sharp pictures reach."""
    defocused_fineness: float = 2.3
    """Fineness below which a picture is out of focus even without a reference."""
    smeared_evenness: float = 0.4
    """Evenness below which a frame has motion blur, whatever its motion."""
    smeared_evenness_along: float = 0.72
    """The same if the direction of least fineness is that of the wall's motion."""
    smeared_evenness_compared: float = 0.85
    """The same if a reference was clearer, too."""
    smeared_evenness_ratio: float = 0.8
    """Motion blur makes a frame less even than its reference by at least this factor."""
    smeared_angle_deg: float = 25.0
    """Largest angle between motion blur and the wall's motion."""
    moving_px: float = 4.0
    """A shorter motion since the frame before causes no motion blur."""
    least_texture: float = 0.3
    """Texture below which a picture is plain, so that its sharpness cannot be judged by itself."""
    certain_texture: float = 0.8
    """Texture that is needed to call a picture out of focus without a reference."""
    less_clear_ratio: float = 0.6
    """Fineness by that of the reference below which a frame is less clear than the wall."""
    covered_ratio: float = 0.3
    """Strongest gradient by that of the reference below which the wall has disappeared."""
    covered_brightness_log: float = 0.3
    """Change of brightness, logarithm, that a cover makes and a plain part of the wall does not."""
    full_weight_share: float = 0.7
    """Share of the way from soft to clear from which on a frame has its full weight."""
    least_weight: float = 0.05
    """Weight of a frame that is blurred completely."""


DEFAULTS = FrameQualityParameters()


class FrameVerdict(Enum):
    """The judgement of a frame; the values are what the screen shows."""

    SHARP = "sharp"
    PLAIN = "plain"
    """A smooth wall, or a blur over everything, which one picture cannot distinguish; it is taken
    for a smooth wall."""
    TOO_FAST = "too fast"
    OUT_OF_FOCUS = "out of focus"
    TOO_DARK = "too dark"
    TOO_BRIGHT = "too bright"
    COVERED = "covered"


@dataclass(frozen=True)
class FrameQuality:
    """How clearly a frame shows the wall."""

    verdict: FrameVerdict
    weight: float
    """0..1: how much the frame's crack map counts as evidence."""
    detail: FrameDetail
    blur_rad: float | None = None
    """Direction of the motion blur, from x to y; None without motion blur."""

    @property
    def is_clear(self) -> bool:
        """Whether nothing needs to be shown about it."""
        return self.verdict in (FrameVerdict.SHARP, FrameVerdict.PLAIN)

    @property
    def usable(self) -> bool:
        """Whether the frame is worth the model's time."""
        return self.weight > 0


def judge_quality(
    detail: FrameDetail,
    motion: Motion | None = None,
    reference: FrameDetail | None = None,
    parameters: FrameQualityParameters = DEFAULTS,
) -> FrameQuality:
    """Judge how clearly a frame shows the wall, from its measured detail.

    Args:
        motion: since the frame before; a blur along it is motion blur. None if it is not known.
        reference: the detail of a sharp recent frame of about the same part of the wall. Against
            it a plain picture differs from a blurred or covered one, and a coarse wall, whose
            fineness is low by itself, from a blurred picture.
    """
    p = parameters
    if detail.dark < p.dark_level:
        return FrameQuality(FrameVerdict.TOO_DARK, 0.0, detail)
    if detail.bright_share > p.bright_share:
        return FrameQuality(FrameVerdict.TOO_BRIGHT, 0.0, detail)
    if reference is not None and _is_covered(detail, reference, motion, p):
        return FrameQuality(FrameVerdict.COVERED, 0.0, detail)
    compared = reference is not None and reference.texture >= p.least_texture
    if detail.texture < p.least_texture and not compared:
        return FrameQuality(FrameVerdict.PLAIN, 1.0, detail)
    ideal, least = p.clear_fineness, p.clear_fineness
    if compared and reference is not None:
        ideal = max(min(reference.fineness, 2 * p.clear_fineness), p.defocused_fineness)
        least = p.less_clear_ratio * reference.fineness
    share = (detail.fineness - p.soft_fineness) / (ideal - p.soft_fineness)
    weight = min(max(share / p.full_weight_share, p.least_weight), 1.0)
    less_clear = detail.fineness < least
    if less_clear and _is_smeared(detail, motion, reference if compared else None, p):
        return FrameQuality(FrameVerdict.TOO_FAST, weight, detail, detail.least_rad)
    soft = detail.fineness < p.defocused_fineness and detail.texture >= p.certain_texture
    if less_clear and (compared or soft):
        return FrameQuality(FrameVerdict.OUT_OF_FOCUS, weight, detail)
    return FrameQuality(FrameVerdict.SHARP, weight, detail)


def _is_smeared(
    detail: FrameDetail,
    motion: Motion | None,
    reference: FrameDetail | None,
    parameters: FrameQualityParameters,
) -> bool:
    """Whether a frame has motion blur."""
    if detail.evenness < parameters.smeared_evenness and (
        reference is None
        or detail.evenness < parameters.smeared_evenness_ratio * reference.evenness
    ):
        return True
    if motion is None or motion.lost is not None or motion.length_px < parameters.moving_px:
        return False
    along = abs(math.cos(math.atan2(motion.dy, motion.dx) - detail.least_rad))
    most_even = parameters.smeared_evenness_along
    if reference is not None:
        most_even = parameters.smeared_evenness_compared
    angle = math.radians(parameters.smeared_angle_deg)
    return detail.evenness < most_even and along > math.cos(angle)


def _is_covered(
    detail: FrameDetail,
    reference: FrameDetail,
    motion: Motion | None,
    parameters: FrameQualityParameters,
) -> bool:
    """Whether the wall has disappeared and the light has changed.

    A plain part of the wall is lit as its neighbour is, and is not covered.
    """
    registered = motion is not None and motion.lost is None
    gone = detail.strongest < parameters.covered_ratio * reference.strongest
    change = abs(math.log((detail.mean + 1) / (reference.mean + 1)))
    lit = change < parameters.covered_brightness_log
    return not registered and gone and not lit
