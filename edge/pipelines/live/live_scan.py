"""The live scan: one thread owns its state, and all others send it messages.

The owner waits on one queue: frames, commands of viewers, and the states of the machine and of the
record arrive there, and are handled in their order.
"""

import queue
import time
from collections import deque
from collections.abc import Callable

from crackscan.core.errors import CrackscanError
from crackscan.edge.capture import Source
from crackscan.edge.pipelines.live.commands import execute_command
from crackscan.edge.pipelines.live.events import (
    CommandsWaiting,
    FrameArrived,
    HealthMeasured,
    OwnerMessage,
    RecordChecked,
    SourceEnded,
    SurveyClosed,
    SurveyNotOpened,
    SurveyOpened,
)
from crackscan.edge.pipelines.live.frame_pipeline import scan_frame
from crackscan.edge.pipelines.live.frame_reader import FrameReader
from crackscan.edge.pipelines.live.live_state import LiveState
from crackscan.edge.pipelines.live.machine_monitor import MachineMonitor
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.pipelines.live.status import (
    describe_no_pictures,
    describe_trouble,
    make_status,
)
from crackscan.edge.pipelines.live.survey_record import SurveyRecord
from crackscan.edge.pipelines.live.survey_switch import SurveySwitch
from crackscan.edge.pipelines.live.tally import LiveTally
from crackscan.edge.reporting.result_files import Results
from crackscan.edge.survey import Survey, WriterState
from crackscan.edge.web.live.commands import NewSurvey, PendingCommand

STATUS_S = 0.5
"""How often the status is published."""
_SLICE_S = 0.1
"""How long a rest between frames goes on after the scan was stopped, at most."""


class LiveScan:
    """Scans the frames of a moving source into a survey.

    The thread that calls `scan_frames` and `end_scan` owns the state; the other threads only put
    messages into the inbox.
    """

    def __init__(
        self, source: Source, setup: Setup, survey: Survey, results: Results, tally: LiveTally
    ) -> None:
        record = SurveyRecord(survey, results, source, setup, setup.scale)
        self.state = LiveState(source, setup, record, tally)
        self._inbox: queue.SimpleQueue[OwnerMessage] = queue.SimpleQueue()
        self._surveys = SurveySwitch(source, setup, self._inbox.put)
        self._commands: deque[PendingCommand] = deque()
        self._opening = False
        """Whether a new survey is being opened; commands wait until it is open."""

    def scan_frames(self, watch: Callable[[LiveTally], None]) -> None:
        """Scan until the source ends; `watch` is called after each frame.

        Raises CrackscanError if the source breaks for good.
        """
        hub = self.state.setup.hub
        if hub is not None:
            hub.notify_commands(lambda: self._inbox.put(CommandsWaiting()))
        try:
            reader = FrameReader(self.state.source, self._inbox.put)
            with reader, MachineMonitor(self.state, self._inbox.put):
                self._handle_messages(reader, watch)
        finally:
            if hub is not None:
                hub.notify_commands(None)
        self.state.setup.notify.report_stopping()

    def end_scan(self, final_state: str) -> None:
        """Complete all tracks and close the record: `done`, `interrupted` or `failed`.

        Raises CrackscanError if the disk did not take all of it.
        """
        state, tally = self.state, self.state.tally
        self._surveys.wait_threads()
        self._drain_inbox()  # a survey may have been opened in the last moment
        state.restart_tracking()
        state.record.note_end()
        self._surveys.wait_threads()
        self._drain_inbox()
        try:
            summary = tally.summarize_scan(state.source)
            tally.survey = state.record.close(final_state, summary)
        except CrackscanError as error:
            tally.error = str(error)
            raise
        finally:
            state.count_completed(state.record)

    def _handle_messages(self, reader: FrameReader, watch: Callable[[LiveTally], None]) -> None:
        """Handle frames and other messages, in their order, until the source has ended."""
        state = self.state
        ready = False
        status_s = time.monotonic()
        due_s: float | None = status_s
        self._inbox.put(CommandsWaiting())  # for those that were sent before the scan began
        while True:
            now_s = time.monotonic()
            if now_s >= status_s:
                status_s = now_s + STATUS_S
                state.record.recorder.take_measurements()
                self._publish_status()
            if due_s is not None and (now_s >= due_s or state.source.stopped):
                due_s = None
                reader.request_frame()
            wait_s = status_s - now_s
            if due_s is not None:
                wait_s = min(wait_s, due_s - now_s, _SLICE_S)
            try:
                message = self._inbox.get(timeout=max(wait_s, 0.0))
            except queue.Empty:
                continue
            match message:
                case FrameArrived(frame):
                    del message  # the frame's memory is to be free as soon as it is scanned
                    began_s = time.monotonic()
                    state.tally.note_start()
                    scan_frame(state, frame)
                    del frame
                    if not ready and state.tally.frames:
                        state.setup.notify.report_ready()
                        ready = True
                    watch(state.tally)
                    due_s = state.throttle.next_due_s(began_s, time.monotonic())
                case SourceEnded(None):
                    return
                case SourceEnded(error) if error is not None:
                    raise error
                case _:
                    self._handle_message(message)

    def _handle_message(self, message: OwnerMessage) -> None:
        state, hub = self.state, self.state.setup.hub
        match message:
            case CommandsWaiting() if hub is not None:
                self._commands.extend(hub.take_commands())
                self._execute_commands()
            case HealthMeasured(health):
                state.throttle.update_health(health)
            case RecordChecked(record, record_state) if record is state.record:
                self._update_record_state(record_state)
            case SurveyOpened(asked, record):
                self._opening = False
                self._switch_record(record)
                if hub is not None:
                    hub.answer_command(asked, f"New survey: {record.name}")
                self._execute_commands()
            case SurveyNotOpened(asked, error):
                self._opening = False
                if hub is not None:
                    hub.answer_command(asked, str(error), good=False)
                self._execute_commands()
            case SurveyClosed(record, closing_error):
                state.count_completed(record)
                if closing_error is not None:
                    state.add_warning(str(closing_error))
                elif record.results.trouble is not None:
                    state.add_warning(record.results.trouble)

    def _drain_inbox(self) -> None:
        """Handle the messages about surveys that are left, when frames come no more."""
        while True:
            try:
                message = self._inbox.get_nowait()
            except queue.Empty:
                return
            if isinstance(message, SurveyOpened | SurveyNotOpened | SurveyClosed):
                self._handle_message(message)

    def _execute_commands(self) -> None:
        """Execute the waiting commands in their order, up to one that opens a survey."""
        state, hub = self.state, self.state.setup.hub
        while self._commands and not self._opening and hub is not None:
            asked = self._commands.popleft()
            if isinstance(asked.command, NewSurvey):
                self._opening = True
                folder = state.record.folder.parent / asked.command.name
                self._surveys.open_survey(asked, folder, state.scale)
                return
            try:
                hub.answer_command(asked, execute_command(state, asked.command))
            except CrackscanError as error:
                hub.answer_command(asked, str(error), good=False)

    def _switch_record(self, record: SurveyRecord) -> None:
        """Record into another survey from now on, and close the present one in the background."""
        state, old = self.state, self.state.record
        state.restart_tracking()
        old.note_end()
        self._surveys.close_survey(old, state.tally.summarize_scan(state.source))
        state.use_record(record)

    def _update_record_state(self, record_state: WriterState) -> None:
        """Warn of what is wrong with the record, and report when it is right again."""
        state = self.state
        before, state.record_state = state.record_state, record_state
        had_pictures = before is None or before.no_pictures is None
        if (record_state.no_pictures is None) != had_pictures:  # the writer notes it in the record
            text = describe_no_pictures(record_state) or "pictures are saved again"
            state.tally.add_warning(text)
        if record_state.trouble is not None:
            state.tally.add_warning(describe_trouble(record_state))
        if state.record.results.frames_left_out:
            text = "frames are missing in the annotated video: the disk is too slow"
            state.tally.add_warning(text)
        if before is None:
            self._publish_status()  # viewers need not wait for the free space

    def _publish_status(self) -> None:
        state, tally, condition = self.state, self.state.tally, self.state.source.condition
        line = f"{tally.frames} frames, {tally.findings} findings"
        message = tally.message or state.throttle.message
        if not condition.good:
            line = f"{condition.text or condition.state.value}; {line}"
        elif message:
            line = f"{message}; {line}"
        state.setup.notify.report_status(line)
        if state.setup.hub is not None:
            state.setup.hub.publish_status(make_status(state))
