"""The status of a live scan, as viewers see it."""

from typing import TYPE_CHECKING

from crackscan.edge.device.health import Throttling
from crackscan.edge.pipelines.live.viewer_values import list_choices
from crackscan.edge.survey import WriterState
from crackscan.edge.web.live.values import Status

if TYPE_CHECKING:
    from crackscan.edge.pipelines.live.live_scan import LiveScan


def make_status(scan: "LiveScan") -> Status:
    """The present status; to be called by the owner of the scan."""
    tally, card, settings = scan.tally, scan.setup.model.card, scan.setup
    state, condition, health = scan.record_state, scan.source.condition, scan.throttle.health
    newest, scale = scan.newest, None
    if newest is not None:
        scale = scan.scaling.estimate_scale(newest.frame, newest.geotag)
    trouble = describe_trouble(state) or scan.record.results.trouble or ""
    throttling, throttled = health.throttling or Throttling(0), scan.throttle.message
    return Status(
        source=scan.source.name,
        model=card.name,
        survey=scan.record.name,
        frames=tally.frames,
        frames_per_s=tally.recent_fps,
        findings=tally.findings,
        dropped=scan.source.dropped,
        unclear=tally.unclear,
        condition="" if condition.good else condition.text or condition.state.value,
        paused=scan.paused,
        recording=not scan.paused and (state is None or state.trouble is None),
        trouble=trouble,
        choices=list_choices(card),
        choice=scan.point,
        threshold=scan.rule.patch,
        temperature_c=health.temperature_c,
        throttled=", ".join([*throttling.now.words, *([throttled] if throttled else [])]),
        free_bytes=None if state is None else state.free_bytes,
        follows_position=settings.position.name != "none",
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
