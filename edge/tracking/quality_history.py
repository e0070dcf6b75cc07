"""Judges the quality of each frame against recent frames of the same part of the wall."""

from collections import deque
from dataclasses import dataclass, replace

from crackscan.edge.capture.frame import Frame
from crackscan.edge.tracking import frame_quality, sharpness
from crackscan.edge.tracking.frame_quality import (
    FrameQuality,
    FrameQualityParameters,
    FrameVerdict,
    judge_quality,
)
from crackscan.edge.tracking.motion import Motion, RegistrationImage
from crackscan.edge.tracking.registration import Pose
from crackscan.edge.tracking.sharpness import FrameDetail, SharpnessParameters, measure_detail


@dataclass(frozen=True)
class QualityHistoryParameters:
    """Constants of the comparison with recent frames. The values are hand-tuned."""

    measured_every: int = 20
    """Frames that share one measurement of detail, while their edges stay the same."""
    edge_change: float = 0.12
    """Relative change of the edge strength that calls for a new measurement."""
    compared_s: float = 5.0
    """Age of the oldest frame that is compared with, seconds."""
    compared_views: float = 0.5
    """Distance of the farthest frame that is compared with, widths of the view."""
    kept_frames: int = 24
    """Sharp frames that are kept for comparison."""


DEFAULTS = QualityHistoryParameters()


@dataclass(frozen=True, eq=False)
class _SharpFrame:
    detail: FrameDetail
    pose: Pose
    captured_s: float


@dataclass(frozen=True)
class _Measurement:
    detail: FrameDetail
    edge_strength: tuple[float, float]
    """Of the registration image of the same frame."""
    section: int | None
    """The wall section of the same frame; None if it was not registered."""
    reference: FrameDetail | None
    """The detail that the frame is compared with."""
    frames: int = 1
    """Frames that share the measurement."""


class QualityHistory:
    """Measures the detail of frames now and then, and judges each against its reference."""

    def __init__(
        self,
        parameters: QualityHistoryParameters = DEFAULTS,
        quality: FrameQualityParameters = frame_quality.DEFAULTS,
        detail: SharpnessParameters = sharpness.DEFAULTS,
    ) -> None:
        self._parameters = parameters
        self._quality = quality
        self._detail = detail
        self._sharp: deque[_SharpFrame] = deque(maxlen=parameters.kept_frames)
        self._last: _Measurement | None = None

    def assess_frame(
        self, frame: Frame, image: RegistrationImage, pose: Pose | None, motion: Motion
    ) -> FrameQuality:
        """Judge a registered frame.

        Args:
            pose: None if the frame could not be registered.
            motion: since the frame before.
        """
        measurement = self._measure_frame(frame, image, pose)
        quality = judge_quality(measurement.detail, motion, measurement.reference, self._quality)
        new, sharp = measurement.frames == 1, quality.verdict is FrameVerdict.SHARP
        if new and pose is not None and sharp:
            self._sharp.append(_SharpFrame(measurement.detail, pose, frame.captured_s))
        return quality

    def _measure_frame(
        self, frame: Frame, image: RegistrationImage, pose: Pose | None
    ) -> _Measurement:
        """Measure every `measured_every` frames, and at once if the edges change."""
        last, section = self._last, None if pose is None else pose.section
        every = self._parameters.measured_every
        if last is not None and last.frames < every and self._is_unchanged(last, image):
            reference = last.reference
            if section != last.section:
                reference = self._find_reference(frame, pose)
            self._last = replace(last, frames=last.frames + 1, section=section, reference=reference)
        else:
            reference = self._find_reference(frame, pose)
            detail = measure_detail(frame.rgb, self._detail)
            self._last = _Measurement(detail, image.edge_strength, section, reference)
        return self._last

    def _is_unchanged(self, last: _Measurement, image: RegistrationImage) -> bool:
        """Whether a frame has about as strong edges in each direction as the measured one."""
        change = self._parameters.edge_change
        return all(
            abs(now - then) <= change * then
            for now, then in zip(image.edge_strength, last.edge_strength, strict=True)
        )

    def _find_reference(self, frame: Frame, pose: Pose | None) -> FrameDetail | None:
        """The second sharpest of the recent frames of about the same part of the wall.

        The sharpest may be so by chance.
        """
        p = self._parameters
        within_px = p.compared_views * frame.width
        recent = [
            one.detail
            for one in self._sharp
            if frame.captured_s - one.captured_s <= p.compared_s
            and (pose is None or _are_near(one.pose, pose, within_px))
        ]
        recent.sort(key=lambda detail: -detail.fineness)
        return recent[min(len(recent) // 2, 1)] if recent else None


def _are_near(one: Pose, other: Pose, within_px: float) -> bool:
    if one.section != other.section:
        return False
    return abs(one.motion.shift - other.motion.shift) <= within_px
