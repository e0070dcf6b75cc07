"""The status of a live scan, as viewers see it."""

from crackscan.edge.device.health import Throttling
from crackscan.edge.pipelines.live.live_state import LiveState
from crackscan.edge.pipelines.live.viewer_values import list_choices
from crackscan.edge.survey import WriterState
from crackscan.edge.web.live.values import Status


def make_status(state: LiveState) -> Status:
    """The present status; to be called by the owner of the state."""
    tally, setup, card = state.tally, state.setup, state.setup.model.card
    recording, condition = state.record_state, state.source.condition
    health = state.throttle.health
    newest, scale = state.newest, None
    if newest is not None:
        scale = state.scaling.estimate_scale(newest.frame, newest.geotag)
    trouble = describe_trouble(recording) or state.record.results.trouble or ""
    throttling, throttled = health.throttling or Throttling(0), state.throttle.message
    return Status(
        source=state.source.name,
        model=card.name,
        survey=state.record.name,
        frames=tally.frames,
        frames_per_s=tally.recent_fps,
        findings=tally.findings,
        dropped=state.source.dropped,
        unclear=tally.unclear,
        condition="" if condition.good else condition.text or condition.state.value,
        paused=state.paused,
        recording=not state.paused and (recording is None or recording.trouble is None),
        trouble=trouble,
        choices=list_choices(card),
        choice=state.point,
        threshold=state.rule.patch,
        temperature_c=health.temperature_c,
        throttled=", ".join([*throttling.now.words, *([throttled] if throttled else [])]),
        free_bytes=None if recording is None else recording.free_bytes,
        follows_position=setup.position.name != "none",
        position=None if newest is None else newest.geotag.position,
        scale_mm_per_px=None if scale is None else scale.mm_per_px,
        scale_source="" if scale is None else scale.source,
    )


def describe_trouble(state: WriterState | None) -> str:
    """What is wrong with the record, the worst first; empty: nothing is."""
    if state is not None and state.trouble is not None:
        return f"nothing is recorded: {state.trouble}"
    return "" if state is None else describe_no_pictures(state)


def describe_no_pictures(state: WriterState) -> str:
    """Why pictures are no longer saved; empty: they are."""
    return "" if state.no_pictures is None else f"pictures are no longer saved: {state.no_pictures}"
