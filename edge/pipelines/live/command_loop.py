"""What goes on beside the frames: commands, status and the machine's health, also without any."""

import gc
import time
from pathlib import Path

from crackscan.core.errors import CrackscanError
from crackscan.edge.detection.finding import Rule
from crackscan.edge.device.health import Throttling
from crackscan.edge.inference.malloc_tuning import give_back
from crackscan.edge.measurement.scale import TwoPoints
from crackscan.edge.pipelines.background_thread import Beside
from crackscan.edge.pipelines.live.folder import make
from crackscan.edge.pipelines.live.moving import Moving
from crackscan.edge.pipelines.live.throttle import CHECK_S
from crackscan.edge.survey import NoteKind, WriterState
from crackscan.edge.web.live.commands import (
    Asked,
    Choose,
    Mark,
    NewSurvey,
    Pause,
    Resume,
    SetScale,
    Snapshot,
)
from crackscan.edge.web.live.values import Choice, Status

EVERY_S = 0.5
"""How often the status is told."""


class Attendant(Beside):
    """Serves a moving scan from a thread of its own; use it in a `with` block."""

    def __init__(self, moving: Moving) -> None:
        super().__init__("attendant")
        self.moving = moving
        self._setup = moving.setup
        self._checked_s = -CHECK_S
        self._no_pictures: str | None = None

    def obey(self) -> None:
        """Carry out what viewers asked for."""
        hub = self._setup.hub
        if hub is None:
            return
        for asked in hub.commands():
            try:
                with self.moving.lock:
                    hub.answer(asked, self._do(asked))
            except CrackscanError as error:
                hub.answer(asked, str(error), good=False)

    def _run(self) -> None:
        while not self._ended.wait(EVERY_S):
            self.obey()
            self._look_after()
            self._tell()

    def _look_after(self) -> None:
        """Ask the machine how it is, and the record how it gets on."""
        now_s = time.monotonic()
        if now_s - self._checked_s >= CHECK_S:
            self._checked_s = now_s
            self.moving.pace.check()
            give_back()
        state = self.moving.writer.state()
        if (state.no_pictures is None) != (self._no_pictures is None):  # the writer notes it
            self._no_pictures = state.no_pictures
            again = "pictures are saved again"
            self.moving.tally.warn(again if state.no_pictures is None else _no_pictures(state))
        if state.trouble is not None:
            self.moving.tally.warn(_trouble(state))

    def _tell(self) -> None:
        moving, tally = self.moving, self.moving.tally
        condition = moving.source.condition
        line = f"{tally.frames} frames, {tally.findings} findings"
        if not condition.good:
            line = f"{condition.text or condition.state.value}; {line}"
        elif tally.told or moving.pace.told:
            line = f"{tally.told or moving.pace.told}; {line}"
        self._setup.notify.status(line)
        if self._setup.hub is not None:
            self._setup.hub.status(self._status())

    def _status(self) -> Status:
        moving, tally, card = self.moving, self.moving.tally, self._setup.model.card
        state, condition = moving.writer.state(), moving.source.condition
        health, pace = moving.pace.health, moving.pace.told
        newest = moving.newest
        scale = None
        if newest is not None:
            with moving.lock:
                scale = moving.scaling.estimate_scale(*newest)
        trouble = _trouble(state) or moving.results.trouble or ""
        throttling = health.throttling or Throttling(0)
        return Status(
            source=moving.source.name,
            model=card.name,
            survey=moving.survey_name,
            frames=tally.frames,
            frames_per_s=tally.recent_fps,
            findings=tally.findings,
            dropped=moving.source.dropped,
            unclear=tally.unclear,
            condition="" if condition.good else condition.text or condition.state.value,
            paused=moving.paused,
            recording=not moving.paused and state.trouble is None,
            trouble=trouble,
            choices=tuple(
                Choice(name, point.patch) for name, point in card.operating_points.items()
            ),
            choice=moving.point,
            threshold=moving.rule.patch,
            temperature_c=health.temperature_c,
            throttled=", ".join([*throttling.now.words, *([pace] if pace else [])]),
            free_bytes=state.free_bytes,
            follows_position=self._setup.position.name != "none",
            position=None if newest is None else newest[1].position,
            scale_mm_per_px=None if scale is None else scale.mm_per_px,
            scale_source="" if scale is None else scale.source,
        )

    def _do(self, asked: Asked) -> str:
        """Carry out a command; gives what came of it. Raises CrackscanError."""
        moving = self.moving
        match asked.command:
            case Mark(text):
                moving.note(NoteKind.MARK, text)
                return f"Marked: {text}" if text else "Marked"
            case Snapshot():
                if moving.newest is None:
                    raise CrackscanError("there is no picture yet")
                frame, _ = moving.newest
                at = self._setup.clock.instant_at(frame.monotonic_s, frame.wall_s)
                moving.writer.add_picture(moving.writer.picture_of(frame), frame.name, at)
                return f"Picture saved: {frame.name}"
            case Pause():
                moving.paused = True
                return "Paused: nothing is looked for or recorded"
            case Resume():
                moving.paused = False
                return "The scan goes on"
            case Choose(name):
                moving.use_rule(Rule.of(self._setup.model.card, name), name)
                moving.note(NoteKind.MARK, f"operating point {name} from here on")
                return f"Operating point: {name}"
            case NewSurvey(name):
                return self._begin_survey(name)
            case SetScale():
                return self._set_scale(asked.command)
        raise CrackscanError("no such command")

    def _begin_survey(self, name: str) -> str:
        moving = self.moving
        folder = moving.results.folder.parent / name
        if folder.exists():
            raise CrackscanError(f"there is a folder {name} already: choose another name")
        survey, results = make(folder, moving.source, self._setup, name=name)
        tally = moving.tally
        try:
            moving.end_survey("done")
        finally:
            moving.begin(survey, results)
            moving.start_over()
            tally.findings = 0
            if self._setup.hub is not None:
                self._setup.hub.clear()
            gc.collect()  # what recorded the old one hangs together in rings, and holds frames
        return f"New survey: {Path(folder).name}"

    def _set_scale(self, asked: SetScale) -> str:
        moving = self.moving
        if moving.newest is None:
            raise CrackscanError("there is no picture yet")
        frame, geotag = moving.newest
        by = frame.width / asked.frame_width
        (x1, y1), (x2, y2) = asked.one, asked.other
        points = TwoPoints(x1 * by, y1 * by, x2 * by, y2 * by, asked.distance_mm)
        moving.use_points(points)
        scale = moving.scaling.estimate_scale(frame, geotag)
        if scale is None:
            raise CrackscanError(f"no scale: {moving.scaling.why}")
        moving.note(NoteKind.MARK, f"scale from here on: {scale.mm_per_px:.3g} mm/px, two points")
        return f"Scale: {scale.mm_per_px:.3g} mm per pixel"


def _trouble(state: WriterState) -> str:
    """What ails the record, the worst first; empty: nothing."""
    if state.trouble is not None:
        return f"nothing is recorded: {state.trouble}"
    return "" if state.no_pictures is None else _no_pictures(state)


def _no_pictures(state: WriterState) -> str:
    return f"pictures are no longer saved: {state.no_pictures}"
