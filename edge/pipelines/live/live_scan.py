"""The live scan: one thread owns its state, and all others send it messages.

A frame passes the stages capture → register → infer → track → record → viewers in the owner's
thread, and is measured and written in threads of their own. The owner waits on one queue: frames,
commands of viewers, and the states of the machine and of the record arrive there.
"""

import gc
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from crackscan.core.errors import CrackscanError
from crackscan.edge.capture import Source
from crackscan.edge.capture.condition import SourceState
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Rule
from crackscan.edge.inference.model import MIN_PX
from crackscan.edge.measurement.scale import ScaleEstimator, ScaleSettings
from crackscan.edge.pipelines.live.commands import execute_command
from crackscan.edge.pipelines.live.events import (
    CapturedFrame,
    CommandsWaiting,
    FrameArrived,
    HealthMeasured,
    JudgedFrame,
    OwnerMessage,
    RecordChecked,
    SourceEnded,
    SurveyClosed,
    SurveyNotOpened,
    SurveyOpened,
)
from crackscan.edge.pipelines.live.folder import make
from crackscan.edge.pipelines.live.frame_reader import FrameReader
from crackscan.edge.pipelines.live.gaps import FreezeDetector
from crackscan.edge.pipelines.live.machine_monitor import MachineMonitor
from crackscan.edge.pipelines.live.result_writer import NO_MAP, VideoFrame
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.pipelines.live.stages import PAUSED, DetectionStages, judge_frame
from crackscan.edge.pipelines.live.status import describe_no_pictures, describe_trouble, make_status
from crackscan.edge.pipelines.live.survey_record import SurveyRecord
from crackscan.edge.pipelines.live.tally import LiveTally
from crackscan.edge.pipelines.live.throttle import Throttle
from crackscan.edge.pipelines.live.viewer_values import make_live_frame, visible_findings
from crackscan.edge.reporting.result_files import Results
from crackscan.edge.survey import NoteKind, Survey, WriterState
from crackscan.edge.web.live.commands import NewSurvey, PendingCommand

STATUS_S = 0.5
"""How often the status is published."""
MOST_FRAMES_NAMED = 500
"""Frames with findings that the summary of a live source names; a camera shows the same crack in
hundreds."""
_SLICE_S = 0.1
"""How long a rest between frames goes on after the scan was stopped, at most."""
_ALIVE = (SourceState.GOOD, SourceState.BLACK, SourceState.COVERED)
"""States in which the watchdog is fed though nothing can be judged: blur, or a lens cap, may last,
and a restart would not mend it."""


class LiveScan:
    """Scans the frames of a moving source into a survey.

    All its attributes and methods belong to the thread that calls `scan_frames`, but for `inbox`.
    """

    def __init__(
        self, source: Source, setup: Setup, survey: Survey, results: Results, tally: LiveTally
    ) -> None:
        self.source = source
        self.setup = setup
        self.tally = tally
        self.inbox: queue.SimpleQueue[OwnerMessage] = queue.SimpleQueue()
        """Messages to the owner; any thread may put one there."""
        if source.live:
            tally.cracked_frames = deque(maxlen=MOST_FRAMES_NAMED)
        self.rule = setup.rule
        self.point = setup.settings.operating_point
        self.paused = False
        self.newest: CapturedFrame | None = None
        self.scale = setup.scale
        self.scaling = setup.make_frame_estimator()
        self.throttle = Throttle(self.warn, setup.settings.most_fps, setup.settings.least_fps)
        self.record = SurveyRecord(survey, results, source, setup, self.scale)
        self.record_state: WriterState | None = None
        self._numbers = count(1)
        self._stages = DetectionStages(setup.model, self.rule, self._numbers)
        self._size = (0, 0)
        self._freeze_detector = FreezeDetector()
        self._commands: deque[PendingCommand] = deque()
        self._opening: threading.Thread | None = None
        self._closing: list[threading.Thread] = []

    def scan_frames(self, watch: Callable[[LiveTally], None]) -> None:
        """Scan until the source ends; `watch` is called after each frame.

        Raises CrackscanError if the source breaks for good.
        """
        hub = self.setup.hub
        if hub is not None:
            hub.notify_commands(lambda: self.inbox.put(CommandsWaiting()))
        try:
            monitor = MachineMonitor(self, self.inbox.put)
            with FrameReader(self.source, self.inbox.put) as reader, monitor:
                self._handle_messages(reader, watch)
        finally:
            if hub is not None:
                hub.notify_commands(None)
        self.setup.notify.stopping()

    def end_scan(self, state: str) -> None:
        """Complete all tracks and close the record: `done`, `interrupted` or `failed`.

        Raises CrackscanError if the disk did not take all of it.
        """
        if self._opening is not None:
            self._opening.join()
        self._drain_inbox()
        self._end_tracks()
        self.record.note_end()
        for thread in self._closing:
            thread.join()
        self._drain_inbox()
        try:
            self.tally.survey = self.record.close(state, self.tally.summarize_scan(self.source))
        except CrackscanError as error:
            self.tally.error = str(error)
            raise
        finally:
            self._count_completed(self.record)

    def warn(self, text: str) -> None:
        """Show a warning on every screen, and record it."""
        self.record.add_note(NoteKind.WARNING, text)
        self.tally.add_warning(text)
        if self.setup.hub is not None:
            self.setup.hub.send_message(text, good=False)

    def use_rule(self, rule: Rule, point: str) -> None:
        """Use the thresholds of another operating point from now on."""
        self.rule, self.point = rule, point
        self._stages.use_rule(rule)

    def use_scale(self, settings: ScaleSettings) -> None:
        """Use another scale from now on; findings that are complete keep theirs."""
        self.scale = settings
        self.scaling = ScaleEstimator.from_settings(replace(settings, target=False))
        self.record.use_scale(settings)

    # The messages.

    def _handle_messages(self, reader: FrameReader, watch: Callable[[LiveTally], None]) -> None:
        """Handle frames and other messages, in their order, until the source has ended."""
        ready = False
        status_s = time.monotonic()
        due_s: float | None = status_s
        self.inbox.put(CommandsWaiting())  # for those that were sent before the scan began
        while True:
            now_s = time.monotonic()
            if now_s >= status_s:
                status_s = now_s + STATUS_S
                self.record.recorder.take_measurements()
                self._publish_status()
            if due_s is not None and (now_s >= due_s or self.source.stopped):
                due_s = None
                reader.request_frame()
            wait_s = status_s - now_s
            if due_s is not None:
                wait_s = min(wait_s, due_s - now_s, _SLICE_S)
            try:
                message = self.inbox.get(timeout=max(wait_s, 0.0))
            except queue.Empty:
                continue
            match message:
                case FrameArrived(frame):
                    del message  # the frame's memory is to be free as soon as it is scanned
                    began_s = time.monotonic()
                    self.tally.note_start()
                    self.scan_frame(frame)
                    del frame
                    if not ready and self.tally.frames:
                        self.setup.notify.ready()
                        ready = True
                    watch(self.tally)
                    due_s = self.throttle.next_due_s(began_s, time.monotonic())
                case SourceEnded(None):
                    return
                case SourceEnded(error) if error is not None:
                    raise error
                case _:
                    self._handle_message(message)

    def _handle_message(self, message: OwnerMessage) -> None:
        hub = self.setup.hub
        match message:
            case CommandsWaiting() if hub is not None:
                self._commands.extend(hub.take_commands())
                self._execute_commands()
            case HealthMeasured(health):
                self.throttle.update_health(health)
            case RecordChecked(record, state) if record is self.record:
                self._update_record_state(state)
            case SurveyOpened(asked, record):
                self._opening = None
                self._switch_record(record)
                if hub is not None:
                    hub.answer_command(asked, f"New survey: {record.name}")
                self._execute_commands()
            case SurveyNotOpened(asked, error):
                self._opening = None
                if hub is not None:
                    hub.answer_command(asked, str(error), good=False)
                self._execute_commands()
            case SurveyClosed(record, closing_error):
                self._count_completed(record)
                if closing_error is not None:
                    self.warn(str(closing_error))
                elif record.results.trouble is not None:
                    self.warn(record.results.trouble)

    def _drain_inbox(self) -> None:
        """Handle the messages that are left, when frames come no more."""
        while True:
            try:
                message = self.inbox.get_nowait()
            except queue.Empty:
                return
            if isinstance(message, SurveyOpened | SurveyNotOpened | SurveyClosed):
                self._handle_message(message)

    def _execute_commands(self) -> None:
        """Execute the waiting commands in their order, up to one that opens a survey."""
        hub = self.setup.hub
        while self._commands and self._opening is None and hub is not None:
            asked = self._commands.popleft()
            if isinstance(asked.command, NewSurvey):
                self._open_survey(asked, asked.command.name)
                continue
            try:
                hub.answer_command(asked, execute_command(self, asked.command))
            except CrackscanError as error:
                hub.answer_command(asked, str(error), good=False)

    # Surveys.

    def _open_survey(self, asked: PendingCommand, name: str) -> None:
        """Open another survey in a thread of its own, because the disk may be slow."""
        folder, scale = self.record.folder.parent / name, self.scale

        def open_survey() -> None:
            try:
                if folder.exists():
                    raise CrackscanError(f"there is a folder {name} already: choose another name")
                survey, results = make(folder, self.source, self.setup, name=name)
                record = SurveyRecord(survey, results, self.source, self.setup, scale)
            except CrackscanError as error:
                self.inbox.put(SurveyNotOpened(asked, error))
            except Exception as error:
                self.inbox.put(SurveyNotOpened(asked, CrackscanError(f"no new survey: {error}")))
            else:
                self.inbox.put(SurveyOpened(asked, record))

        self._opening = threading.Thread(target=open_survey, name="survey opener", daemon=True)
        self._opening.start()

    def _switch_record(self, record: SurveyRecord) -> None:
        """Record into another survey from now on, and close the present one in the background."""
        self._end_tracks()
        old = self.record
        old.note_end()
        old.recorder.hub = None
        summary = self.tally.summarize_scan(self.source)

        def close_survey() -> None:
            error: CrackscanError | None = None
            try:
                old.close("done", summary)
            except CrackscanError as caught:
                error = caught
            self.inbox.put(SurveyClosed(old, error))
            gc.collect()  # what recorded the old survey holds frames in reference cycles

        closing = threading.Thread(target=close_survey, name="survey closer", daemon=True)
        self._closing.append(closing)
        closing.start()
        self.record, self.record_state = record, None
        record.use_scale(self.scale)
        self._stages = DetectionStages(self.setup.model, self.rule, self._numbers)
        self.tally.findings = 0
        if self.setup.hub is not None:
            self.setup.hub.clear_findings()

    def _count_completed(self, record: SurveyRecord) -> None:
        for line in record.lines:
            self.tally.add_completed(line)
        record.lines.clear()

    def _end_tracks(self) -> None:
        self.record.recorder.end_tracks(self._stages.end_tracks())

    def _update_record_state(self, state: WriterState) -> None:
        """Warn of what is wrong with the record, and when it is right again."""
        before, self.record_state = self.record_state, state
        had_pictures = before is None or before.no_pictures is None
        if (state.no_pictures is None) != had_pictures:  # the writer notes it in the record
            text = describe_no_pictures(state) or "pictures are saved again"
            self.tally.add_warning(text)
        if state.trouble is not None:
            self.tally.add_warning(describe_trouble(state))
        if self.record.results.frames_left_out:
            self.tally.add_warning(
                "frames are missing in the annotated video: the disk is too slow"
            )

    def _publish_status(self) -> None:
        tally, condition = self.tally, self.source.condition
        line = f"{tally.frames} frames, {tally.findings} findings"
        message = tally.message or self.throttle.message
        if not condition.good:
            line = f"{condition.text or condition.state.value}; {line}"
        elif message:
            line = f"{message}; {line}"
        self.setup.notify.status(line)
        if self.setup.hub is not None:
            self.setup.hub.publish_status(make_status(self))

    # The frames.

    def scan_frame(self, frame: Frame) -> None:
        """Take a frame through all stages."""
        if min(frame.height, frame.width) < MIN_PX:
            reason = f"is too small: {frame.width}x{frame.height} pixels"
            self.source.record_skip(frame.name, reason)
            return
        captured = self._capture_frame(frame)
        judged = self._pause_frame(captured) if self.paused else self._detect_cracks(captured)
        self._record_frame(judged)
        self._count_frame(judged)
        self._show_frame(judged)
        if self.source.live and judged.tracked is not None:
            self._adapt_resolution(captured)

    def _capture_frame(self, frame: Frame) -> CapturedFrame:
        """Give a frame its resolution, its time and its position."""
        began_s = time.monotonic()
        frame = self.throttle.resize_frame(frame)
        if (frame.height, frame.width) != self._size:
            # Nothing that was tracked fits frames of another size.
            self._end_tracks()
            self._stages = DetectionStages(self.setup.model, self.rule, self._numbers)
            self._size = frame.height, frame.width
        at = self.setup.clock.instant_at(frame.monotonic_s, frame.wall_s)
        geotag = self.setup.position.geotag_at(frame.monotonic_s)
        self.newest = CapturedFrame(frame, at, geotag, began_s)
        return self.newest

    def _pause_frame(self, captured: CapturedFrame) -> JudgedFrame:
        """During a pause frames are shown, and cracks are not detected."""
        return JudgedFrame(captured, None, PAUSED, PAUSED)

    def _detect_cracks(self, captured: CapturedFrame) -> JudgedFrame:
        """Register, infer and track, and judge what could be seen."""
        registered = self._stages.register_frame(captured)
        mapped = self._stages.map_frame(registered)
        tracked = self._stages.track_frame(mapped)
        frozen = not self.source.live and self._freeze_detector.is_frozen(captured.frame)
        state = SourceState.FROZEN if frozen else self.source.condition.state
        scale = None
        if registered.quality.is_clear:
            scale = self.scaling.estimate_scale(captured.frame, captured.geotag)
        smallest_mm = self.setup.settings.smallest_mm
        return judge_frame(captured, mapped, tracked, state, scale, smallest_mm)

    def _record_frame(self, judged: JudgedFrame) -> None:
        """Record what a frame changed; nothing here waits for the disk."""
        captured, record, source = judged.captured, self.record, self.source
        frame = captured.frame
        record.gaps.note_source_gaps(source, self.setup.clock)
        point = record.route.sample_point(captured.at, captured.geotag)
        if point is not None:
            record.writer.add_track(point)
        if judged.tracked is not None:
            record.recorder.record_frame(frame, captured.geotag, judged.tracked.update)
        record.recorder.take_measurements()
        # A bad source has a gap of its own.
        known = judged.reason if self.paused or source.condition.good else ""
        record.gaps.note_frame(known, captured.at, frame.captured_s, frame.clip_s)
        counted_s = frame.monotonic_s if self.paused else captured.began_s
        record.counts.count_frame(judged.reason, counted_s)
        self._count_completed(record)

    def _show_frame(self, judged: JudgedFrame) -> None:
        """Hand a frame to the viewers, and to the annotated video."""
        frame, tracked = judged.captured.frame, judged.tracked
        if self.setup.hub is not None:
            number_of = self.record.recorder.number_of
            live_frame = make_live_frame(frame, tracked, number_of, self.rule, judged.message)
            self.setup.hub.publish_frame(live_frame)
        if self.record.results.annotates:
            evidence_map = None if tracked is None else tracked.evidence_map
            findings = sorted(visible_findings(tracked), key=lambda one: -one.probability)
            self.record.results.add_frame(
                VideoFrame(
                    frame if frame.full is None else replace(frame, full=None),
                    NO_MAP if evidence_map is None else evidence_map(),
                    tuple(findings),
                    self.rule.cell,
                    self.rule.cell_px,
                    self.tally.recent_fps or 0.0,
                    judged.message,
                )
            )

    def _count_frame(self, judged: JudgedFrame) -> None:
        """Count a frame, and feed the watchdog."""
        tally, frame = self.tally, judged.captured.frame
        tally.message = judged.message
        if judged.tracked is None:
            self.setup.notify.watchdog()
            return
        mapped = judged.tracked.evidence_map is not None
        if mapped or self.source.condition.state in _ALIVE:
            self.setup.notify.watchdog()
        took_s = time.monotonic() - judged.captured.began_s
        tally.model_s += judged.model_s
        tally.other_s += took_s - judged.model_s
        tally.unclear += bool(judged.reason)
        tally.findings = self.record.recorder.findings
        tally.add_frame(frame, visible_findings(judged.tracked))

    def _adapt_resolution(self, captured: CapturedFrame) -> None:
        """Lower the resolution if frames take too long; two points of the scale move with it."""
        took_s = time.monotonic() - captured.began_s
        points = self.scale.points
        if self.throttle.note_duration(took_s, captured.frame) and points is not None:
            self.use_scale(replace(self.scale, points=points.scale_by(0.5)))
