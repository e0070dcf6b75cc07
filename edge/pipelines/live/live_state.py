"""The state of a live scan; it belongs to one thread, the owner of the scan."""

from collections import deque
from dataclasses import replace
from itertools import count

from crackscan.edge.capture import Source
from crackscan.edge.detection.finding import Rule
from crackscan.edge.measurement.scale import ScaleEstimator, ScaleSettings
from crackscan.edge.pipelines.live.events import CapturedFrame
from crackscan.edge.pipelines.live.gaps import FreezeDetector
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.pipelines.live.stages import DetectionStages
from crackscan.edge.pipelines.live.survey_record import SurveyRecord
from crackscan.edge.pipelines.live.tally import LiveTally
from crackscan.edge.pipelines.live.throttle import Throttle
from crackscan.edge.survey import NoteKind, WriterState

MOST_FRAMES_NAMED = 500
"""Frames with findings that the summary of a live source names; a camera shows the same crack in
hundreds."""


class LiveState:
    """What the stages and the commands of a live scan read and change."""

    def __init__(
        self, source: Source, setup: Setup, record: SurveyRecord, tally: LiveTally
    ) -> None:
        self.source = source
        self.setup = setup
        self.record = record
        self.tally = tally
        if source.live:
            tally.cracked_frames = deque(maxlen=MOST_FRAMES_NAMED)
        self.record_state: WriterState | None = None
        """How recording goes; None until it is known."""
        self.rule = setup.rule
        self.point = setup.settings.operating_point
        """The name of the operating point that the rule is of."""
        self.paused = False
        self.newest: CapturedFrame | None = None
        self.scale = setup.scale
        self.scaling = setup.make_frame_estimator()
        self.throttle = Throttle(
            self.add_warning, setup.settings.most_fps, setup.settings.least_fps
        )
        self.freeze_detector = FreezeDetector()
        self.frame_size = (0, 0)
        """Height and width of the frames that are tracked."""
        self._numbers = count(1)
        self.stages = DetectionStages(setup.model, self.rule, self._numbers)

    def add_warning(self, text: str) -> None:
        """Show a warning on every screen, and record it."""
        self.record.add_note(NoteKind.WARNING, text)
        self.tally.add_warning(text)
        if self.setup.hub is not None:
            self.setup.hub.send_message(text, good=False)

    def use_rule(self, rule: Rule, point: str) -> None:
        """Use the thresholds of another operating point from now on."""
        self.rule, self.point = rule, point
        self.stages.use_rule(rule)

    def use_scale(self, settings: ScaleSettings) -> None:
        """Use another scale from now on; findings that are complete keep theirs."""
        self.scale = settings
        self.scaling = ScaleEstimator.from_settings(replace(settings, target=False))
        self.record.use_scale(settings)

    def use_record(self, record: SurveyRecord) -> None:
        """Record into another survey from now on; the tracks must have ended."""
        self.record, self.record_state = record, None
        record.use_scale(self.scale)
        self.tally.findings = 0
        if self.setup.hub is not None:
            self.setup.hub.clear_findings()

    def restart_tracking(self) -> None:
        """Complete all tracks, and begin again without any."""
        self.record.recorder.end_tracks(self.stages.end_tracks())
        self.stages = DetectionStages(self.setup.model, self.rule, self._numbers)

    def count_completed(self, record: SurveyRecord) -> None:
        """Count the findings that a record has completed since the last call."""
        for line in record.lines:
            self.tally.add_completed(line)
        record.lines.clear()
