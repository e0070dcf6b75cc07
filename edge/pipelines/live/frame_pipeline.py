"""The way of a frame through the stages of a live scan, in the thread that owns its state.

The stages are capture → register → infer → track → record → viewers. Measuring and writing happen
in threads of their own, so that no stage waits for a disk.
"""

import time
from dataclasses import replace

from crackscan.edge.capture.condition import SourceState
from crackscan.edge.capture.frame import Frame
from crackscan.edge.inference.model import MIN_PX
from crackscan.edge.pipelines.live.events import CapturedFrame, JudgedFrame
from crackscan.edge.pipelines.live.live_state import LiveState
from crackscan.edge.pipelines.live.result_writer import NO_MAP, VideoFrame
from crackscan.edge.pipelines.live.stages import PAUSED, judge_frame
from crackscan.edge.pipelines.live.viewer_values import make_live_frame, visible_findings

_ALIVE = (SourceState.GOOD, SourceState.BLACK, SourceState.COVERED)
"""States in which the watchdog is fed though nothing can be judged: blur, or a lens cap, may last,
and a restart would not mend it."""


def scan_frame(state: LiveState, frame: Frame) -> None:
    """Take a frame through all stages."""
    if min(frame.height, frame.width) < MIN_PX:
        reason = f"is too small: {frame.width}x{frame.height} pixels"
        state.source.record_skip(frame.name, reason)
        return
    captured = _capture_frame(state, frame)
    if state.paused:  # frames are shown, and cracks are not detected
        judged = JudgedFrame(captured, None, PAUSED, PAUSED)
    else:
        judged = _detect_cracks(state, captured)
    _record_frame(state, judged)
    _count_frame(state, judged)
    _show_frame(state, judged)
    if state.source.live and judged.tracked is not None:
        _adapt_resolution(state, captured)


def _capture_frame(state: LiveState, frame: Frame) -> CapturedFrame:
    """Give a frame its resolution, its time and its position."""
    began_s = time.monotonic()
    frame = state.throttle.resize_frame(frame)
    if (frame.height, frame.width) != state.frame_size:
        # Nothing that was tracked fits frames of another size.
        state.restart_tracking()
        state.frame_size = frame.height, frame.width
    at = state.setup.clock.instant_at(frame.monotonic_s, frame.wall_s)
    geotag = state.setup.position.geotag_at(frame.monotonic_s)
    state.newest = CapturedFrame(frame, at, geotag, began_s)
    return state.newest


def _detect_cracks(state: LiveState, captured: CapturedFrame) -> JudgedFrame:
    """Register, infer and track, and judge what could be seen."""
    registered = state.stages.register_frame(captured)
    mapped = state.stages.map_frame(registered)
    tracked = state.stages.track_frame(mapped)
    frozen = not state.source.live and state.freeze_detector.is_frozen(captured.frame)
    source_state = SourceState.FROZEN if frozen else state.source.condition.state
    scale = None
    if registered.quality.is_clear:
        scale = state.scaling.estimate_scale(captured.frame, captured.geotag)
    smallest_mm = state.setup.settings.smallest_mm
    return judge_frame(captured, mapped, tracked, source_state, scale, smallest_mm)


def _record_frame(state: LiveState, judged: JudgedFrame) -> None:
    """Record what a frame changed; nothing here waits for the disk."""
    captured, record, source = judged.captured, state.record, state.source
    frame = captured.frame
    record.gaps.note_source_gaps(source, state.setup.clock)
    point = record.route.sample_point(captured.at, captured.geotag)
    if point is not None:
        record.writer.add_track(point)
    if judged.tracked is not None:
        record.recorder.record_frame(frame, captured.geotag, judged.tracked.update)
    record.recorder.take_measurements()
    # A bad source has a gap of its own.
    known = judged.reason if state.paused or source.condition.good else ""
    record.gaps.note_frame(known, captured.at, frame.captured_s, frame.clip_s)
    counted_s = frame.monotonic_s if state.paused else captured.began_s
    record.counts.count_frame(judged.reason, counted_s)
    state.count_completed(record)


def _show_frame(state: LiveState, judged: JudgedFrame) -> None:
    """Hand a frame to the viewers, and to the annotated video."""
    frame, tracked = judged.captured.frame, judged.tracked
    if state.setup.hub is not None:
        number_of = state.record.recorder.number_of
        live_frame = make_live_frame(frame, tracked, number_of, state.rule, judged.message)
        state.setup.hub.publish_frame(live_frame)
    if state.record.results.annotates:
        evidence_map = None if tracked is None else tracked.evidence_map
        findings = sorted(visible_findings(tracked), key=lambda one: -one.probability)
        state.record.results.add_frame(
            VideoFrame(
                frame if frame.full is None else replace(frame, full=None),
                NO_MAP if evidence_map is None else evidence_map(),
                tuple(findings),
                state.rule.cell,
                state.rule.cell_px,
                state.tally.recent_fps or 0.0,
                judged.message,
            )
        )


def _count_frame(state: LiveState, judged: JudgedFrame) -> None:
    """Count a frame, and feed the watchdog."""
    tally, frame = state.tally, judged.captured.frame
    tally.message = judged.message
    if judged.tracked is None:
        state.setup.notify.feed_watchdog()
        return
    mapped = judged.tracked.evidence_map is not None
    if mapped or state.source.condition.state in _ALIVE:
        state.setup.notify.feed_watchdog()
    took_s = time.monotonic() - judged.captured.began_s
    tally.model_s += judged.model_s
    tally.other_s += took_s - judged.model_s
    tally.unclear += bool(judged.reason)
    tally.findings = state.record.recorder.findings
    tally.add_frame(frame, visible_findings(judged.tracked))


def _adapt_resolution(state: LiveState, captured: CapturedFrame) -> None:
    """Lower the resolution if frames take too long; two points of the scale move with it."""
    took_s = time.monotonic() - captured.began_s
    points = state.scale.points
    if state.throttle.note_duration(took_s, captured.frame) and points is not None:
        state.use_scale(replace(state.scale, points=points.scale_by(0.5)))
