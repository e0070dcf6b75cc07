"""The stages register, infer and track of a live scan, and the judgement of their result."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from crackscan.edge.capture.condition import SourceState
from crackscan.edge.detection.finding import Rule
from crackscan.edge.inference.model import Model
from crackscan.edge.measurement.values import Scale
from crackscan.edge.pipelines.live.events import CapturedFrame, JudgedFrame, MappedFrame
from crackscan.edge.tracking.frame_quality import FrameVerdict
from crackscan.edge.tracking.track import Track
from crackscan.edge.tracking.wall_tracker import RegisteredFrame, TrackedFrame, WallTracker

PAUSED, NOT_REGISTERED, TOO_FAR = "paused", "wall not followed", "too far"
"""Reasons and messages, as the screen and the record show them."""
_BLIND = (SourceState.FROZEN, SourceState.BLACK, SourceState.COVERED)


@dataclass(frozen=True)
class StageParameters:
    """Weights that decide about a frame. The values are hand-tuned."""

    mapped_weight: float = 0.15
    """A frame of less weight is not given to the model."""
    judged_weight: float = 0.3
    """A frame of less weight is a gap in what was judged."""


DEFAULTS = StageParameters()


class DetectionStages:
    """Registers, maps and tracks the frames of one size."""

    def __init__(
        self,
        model: Model,
        rule: Rule,
        numbers: Iterator[int],
        parameters: StageParameters = DEFAULTS,
    ) -> None:
        """`numbers` gives the tracks their identities."""
        self._model = model
        self._parameters = parameters
        self._tracker = WallTracker(rule, numbers)

    def use_rule(self, rule: Rule) -> None:
        """Use other thresholds from now on."""
        self._tracker.use_rule(rule)

    def register_frame(self, captured: CapturedFrame) -> RegisteredFrame:
        """Estimate the pose and the quality of a frame."""
        return self._tracker.register_frame(captured.frame)

    def map_frame(self, registered: RegisteredFrame) -> MappedFrame:
        """Compute the crack map of a frame that is clear enough."""
        if registered.quality.weight < self._parameters.mapped_weight:
            return MappedFrame(registered, None, 0.0)
        began_s = time.monotonic()
        crack_map = self._model.crack_map(registered.frame.rgb)
        return MappedFrame(registered, crack_map, time.monotonic() - began_s)

    def track_frame(self, mapped: MappedFrame) -> TrackedFrame:
        """Update the tracks with a crack map, or without one."""
        if mapped.crack_map is None:
            return self._tracker.skip_frame(mapped.registered)
        return self._tracker.track_cracks(mapped.registered, mapped.crack_map)

    def end_tracks(self) -> tuple[Track, ...]:
        """The tracks that are still open; no frame of this size will come."""
        return self._tracker.end_tracks()


def judge_frame(
    captured: CapturedFrame,
    mapped: MappedFrame,
    tracked: TrackedFrame,
    state: SourceState,
    scale: Scale | None,
    smallest_mm: float,
    parameters: StageParameters = DEFAULTS,
) -> JudgedFrame:
    """Decide whether a frame could be judged, and what the screen shows about it.

    Args:
        state: of the source; one that gives black, covered or frozen pictures is blind.
        scale: of the frame, if it is known.
        smallest_mm: width of the finest crack that must be found.
    """
    quality = mapped.registered.quality
    message = "" if quality.is_clear else quality.verdict.value
    if not message and scale is not None and scale.mm_per_px > smallest_mm:
        message = TOO_FAR
    if state in _BLIND:
        reason = state.value
    elif quality.weight < parameters.judged_weight:
        reason = quality.verdict.value
    elif mapped.registered.has_pose or quality.verdict is FrameVerdict.PLAIN:
        reason = ""
    else:
        reason = NOT_REGISTERED
    return JudgedFrame(captured, tracked, reason, message, mapped.model_s)
