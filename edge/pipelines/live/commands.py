"""Executes the commands of viewers, in the thread that owns the state."""

from dataclasses import replace

from crackscan.core.errors import CrackscanError
from crackscan.edge.detection.finding import Rule
from crackscan.edge.measurement.scale import TwoPoints
from crackscan.edge.pipelines.live.live_state import LiveState
from crackscan.edge.survey import NoteKind
from crackscan.edge.web.live.commands import (
    ChooseOperatingPoint,
    Command,
    Mark,
    Pause,
    Resume,
    SetScale,
    Snapshot,
)


def execute_command(state: LiveState, command: Command) -> str:
    """Execute a command that needs no disk.

    Returns:
        One line for the viewer who sent it.

    Raises:
        CrackscanError: it could not be executed.
    """
    match command:
        case Mark(text):
            state.record.add_note(NoteKind.MARK, text)
            return f"Marked: {text}" if text else "Marked"
        case Snapshot():
            return _save_snapshot(state)
        case Pause():
            state.paused = True
            return "Paused: no cracks are detected or recorded"
        case Resume():
            state.paused = False
            return "The scan continues"
        case ChooseOperatingPoint(name):
            state.use_rule(Rule.of(state.setup.model.card, name), name)
            state.record.add_note(NoteKind.MARK, f"operating point {name} from here on")
            return f"Operating point: {name}"
        case SetScale():
            return _set_scale(state, command)
    raise CrackscanError("no such command")


def _save_snapshot(state: LiveState) -> str:
    if state.newest is None:
        raise CrackscanError("there is no picture yet")
    frame, writer = state.newest.frame, state.record.writer
    writer.add_picture(writer.picture_of(frame), frame.name, state.newest.at)
    return f"Picture saved: {frame.name}"


def _set_scale(state: LiveState, command: SetScale) -> str:
    if state.newest is None:
        raise CrackscanError("there is no picture yet")
    frame = state.newest.frame
    by = frame.width / command.frame_width
    (x1, y1), (x2, y2) = command.one, command.other
    points = TwoPoints(x1 * by, y1 * by, x2 * by, y2 * by, command.distance_mm)
    state.use_scale(replace(state.scale, points=points))
    scale = state.scaling.estimate_scale(frame, state.newest.geotag)
    if scale is None:
        raise CrackscanError(f"no scale: {state.scaling.why}")
    text = f"scale from here on: {scale.mm_per_px:.3g} mm/px, two points"
    state.record.add_note(NoteKind.MARK, text)
    return f"Scale: {scale.mm_per_px:.3g} mm per pixel"
