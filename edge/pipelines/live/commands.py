"""Executes the commands of viewers, in the thread that owns the scan."""

from dataclasses import replace
from typing import TYPE_CHECKING

from crackscan.core.errors import CrackscanError
from crackscan.edge.detection.finding import Rule
from crackscan.edge.measurement.scale import TwoPoints
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

if TYPE_CHECKING:
    from crackscan.edge.pipelines.live.live_scan import LiveScan


def execute_command(scan: "LiveScan", command: Command) -> str:
    """Execute a command that needs no disk.

    Returns:
        One line for the viewer who sent it.

    Raises:
        CrackscanError: it could not be executed.
    """
    match command:
        case Mark(text):
            scan.record.add_note(NoteKind.MARK, text)
            return f"Marked: {text}" if text else "Marked"
        case Snapshot():
            return _save_snapshot(scan)
        case Pause():
            scan.paused = True
            return "Paused: no cracks are detected or recorded"
        case Resume():
            scan.paused = False
            return "The scan continues"
        case ChooseOperatingPoint(name):
            scan.use_rule(Rule.of(scan.setup.model.card, name), name)
            scan.record.add_note(NoteKind.MARK, f"operating point {name} from here on")
            return f"Operating point: {name}"
        case SetScale():
            return _set_scale(scan, command)
    raise CrackscanError("no such command")


def _save_snapshot(scan: "LiveScan") -> str:
    if scan.newest is None:
        raise CrackscanError("there is no picture yet")
    frame, writer = scan.newest.frame, scan.record.writer
    writer.add_picture(writer.picture_of(frame), frame.name, scan.newest.at)
    return f"Picture saved: {frame.name}"


def _set_scale(scan: "LiveScan", command: SetScale) -> str:
    if scan.newest is None:
        raise CrackscanError("there is no picture yet")
    frame = scan.newest.frame
    by = frame.width / command.frame_width
    (x1, y1), (x2, y2) = command.one, command.other
    points = TwoPoints(x1 * by, y1 * by, x2 * by, y2 * by, command.distance_mm)
    scan.use_scale(replace(scan.scale, points=points))
    scale = scan.scaling.estimate_scale(frame, scan.newest.geotag)
    if scale is None:
        raise CrackscanError(f"no scale: {scan.scaling.why}")
    text = f"scale from here on: {scale.mm_per_px:.3g} mm/px, two points"
    scan.record.add_note(NoteKind.MARK, text)
    return f"Scale: {scale.mm_per_px:.3g} mm per pixel"
