"""Scans moving pictures: follows the wall, and records each crack once."""

import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np

from crackscan.core.errors import CrackscanError
from crackscan.edge.capture import Source
from crackscan.edge.capture.condition import SourceState
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Finding, Rule
from crackscan.edge.inference.model import MIN_PX
from crackscan.edge.measurement.scale import ScaleEstimator, ScaleSettings, TwoPoints
from crackscan.edge.pipelines.live.folder import contents, picture_quota_of
from crackscan.edge.pipelines.live.gaps import Counts, Gaps, Still
from crackscan.edge.pipelines.live.recorder import Recorder
from crackscan.edge.pipelines.live.route import RouteSampler
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.pipelines.live.tally import Tally
from crackscan.edge.pipelines.live.throttle import Pace
from crackscan.edge.positioning import Geotag
from crackscan.edge.positioning.clock import Instant
from crackscan.edge.reporting.overlay import annotate_frame
from crackscan.edge.reporting.result_files import Results
from crackscan.edge.survey import Note, NoteKind, Survey, SurveyWriter
from crackscan.edge.tracking.frame_quality import Verdict
from crackscan.edge.tracking.track import Track, TrackUpdate
from crackscan.edge.tracking.wall_tracker import RegisteredFrame, TrackedFrame, WallTracker
from crackscan.edge.web.live.values import InView, LiveFrame

LEAST_WEIGHT = 0.15
"""A frame that would count less is not given to the model."""
JUDGED_WEIGHT = 0.3
"""Frames that count less leave a gap in what was judged."""
MOST_SEEN_LIVE = 500
"""Frames with findings that the summary names: a camera shows the same crack in hundreds."""
CLOSING_S = 30.0
MEASURING_S, HURRIED_S = 20.0, 2.0
"""How long the end of a scan waits for the last measures; after a failure it is short."""
_CLEAR = (Verdict.SHARP, Verdict.PLAIN)
_ALIVE = (SourceState.GOOD, SourceState.BLACK, SourceState.COVERED)
"""States in which frames come that are not to be judged: blur, or a lens cap, may last and is no
fault that a restart mends."""
_BLIND = (SourceState.FROZEN, SourceState.BLACK, SourceState.COVERED)
_PAUSED, _NOT_FOLLOWED = "paused", "wall not followed"


class Moving:
    """Scans one frame after the other into a record; what it does never waits for the disk.

    Whoever reads or changes it from another thread holds `lock`.
    """

    def __init__(
        self, source: Source, setup: Setup, survey: Survey, results: Results, tally: Tally
    ) -> None:
        self.source = source
        self.setup = setup
        self.tally = tally
        if source.live:
            tally.seen = deque(maxlen=MOST_SEEN_LIVE)
        self.rule = setup.rule
        self.point = setup.settings.operating_point
        self.paused = False
        self.newest: tuple[Frame, Geotag] | None = None
        self.scaling = setup.coarse_scaling()
        self.pace = Pace(self.warn, setup.settings.most_fps, setup.settings.least_fps)
        self.lock = threading.RLock()
        self._scale = setup.scale
        self._numbers = count(1)
        self._tracker = WallTracker(self.rule, self._numbers)
        self._size = (0, 0)
        self._still = Still()
        self.begin(survey, results)

    def begin(self, survey: Survey, results: Results) -> None:
        """Record into this survey from now on."""
        self.results = results
        self.writer = SurveyWriter(survey, picture_quota_of(self.setup))
        self.survey_name = survey.info().name
        self.recorder = Recorder(
            self.writer,
            self.setup.clock,
            self.rule.cell_px,
            ScaleEstimator.from_settings(self._scale),
            self._complete,
            self.setup.hub,
        )
        self._gaps = Gaps(self.writer.add_note, time.monotonic())
        self._counts = Counts(self.writer.count_frames, time.monotonic())
        self._route = RouteSampler()

    def take(self, frame: Frame) -> None:
        """Scan a frame."""
        if min(frame.height, frame.width) < MIN_PX:
            self.source.record_skip(
                frame.name, f"is too small: {frame.width}x{frame.height} pixels"
            )
            return
        began_s = time.monotonic()
        with self.lock:
            frame = self.pace.fit(frame)
            if (frame.height, frame.width) != self._size:
                self.start_over()  # nothing that was followed fits frames of another size
                self._size = frame.height, frame.width
            at = self.setup.clock.instant_at(frame.monotonic_s, frame.wall_s)
            geotag = self.setup.position.geotag_at(frame.monotonic_s)
            self.newest = frame, geotag
            self._gaps.of_source(self.source, self.setup.clock)
            point = self._route.sample_point(at, geotag)
            if point is not None:
                self.writer.add_track(point)
            if self.paused:
                self._rest(frame, at)
            else:
                self._scan(frame, at, geotag, began_s)

    def end_survey(self, state: str) -> None:
        """Complete all findings and close the record: `done`, `interrupted` or `failed`.

        Raises CrackscanError where the disk did not take all of it.
        """
        with self.lock:
            self._end_following()
        self._gaps.end()
        self._counts.end()
        self._gaps.of_source(self.source, self.setup.clock, ended=True)
        self.recorder.close(HURRIED_S if state == "failed" else MEASURING_S)
        if self.writer.flush(CLOSING_S):
            self.tally.survey = contents(self.writer.survey)
        try:
            self.writer.close(CLOSING_S)
        except CrackscanError as error:
            self.tally.error = str(error)
            with suppress(CrackscanError):
                self.results.close("failed", self.tally.summary(self.source))
            raise
        self.results.close(state, self.tally.summary(self.source))

    def note(self, kind: NoteKind, text: str) -> None:
        """Note something that is the case now."""
        self.writer.add_note(Note(self.setup.clock.now(), kind, text))

    def warn(self, text: str) -> None:
        """Say on every screen and in the record what should be known."""
        self.note(NoteKind.WARNING, text)
        self.tally.warn(text)
        if self.setup.hub is not None:
            self.setup.hub.say(text, good=False)

    def use_rule(self, rule: Rule, point: str) -> None:
        """Go on with the thresholds of another operating point."""
        self.rule, self.point = rule, point
        self._tracker.use_rule(rule)

    def use_scale(self, settings: ScaleSettings) -> None:
        """Go on with another scale; findings that are complete keep theirs."""
        self._scale = settings
        self.scaling = ScaleEstimator.from_settings(replace(settings, target=False))
        self.recorder.measurer.scaling = ScaleEstimator.from_settings(settings)

    def use_points(self, points: TwoPoints) -> None:
        """Go on with the scale of two points in the present frame."""
        self.use_scale(replace(self._scale, points=points))

    def start_over(self) -> None:
        """Follow the wall anew; what was found is complete."""
        self._end_following()
        self._tracker = WallTracker(self.rule, self._numbers)

    def _complete(self, line: dict[str, Any]) -> None:
        self.results.add_finding(line)
        self.tally.complete(line)

    def _scan(self, frame: Frame, at: Instant, geotag: Geotag, began_s: float) -> None:
        look = self._tracker.register_frame(frame)
        told = self._told(frame, geotag, look)
        result: TrackedFrame | None = None
        model_s = 0.0
        if look.quality.weight >= LEAST_WEIGHT:
            asked_s = time.monotonic()
            crack_map = self.setup.model.crack_map(frame.rgb)
            model_s = time.monotonic() - asked_s
            result = self._tracker.track_cracks(look, crack_map)
        tracked = self._tracker.skip_frame(look) if result is None else result
        followed = tracked.update
        self.recorder.record_frame(frame, geotag, followed)
        judged = look.quality.weight >= JUDGED_WEIGHT
        why = self._why_not(frame, judged, look)
        # a bad source has a gap of its own
        known = why if self.source.condition.good else ""
        self._gaps.frame(known, at, frame.captured_s, frame.clip_s)
        self._counts.frame(why, began_s)
        findings = [_shown(tracked, finding) for tracked, finding in followed.visible]
        self.tally.model_s += model_s
        self.tally.beside_s += time.monotonic() - began_s - model_s
        self.tally.told = told
        self.tally.unclear += bool(why)
        self.tally.findings = self.recorder.findings
        if result is not None or self.source.condition.state in _ALIVE:
            self.setup.notify.watchdog()
        self._show(frame, result, followed, findings, told)
        self.tally.add(frame, findings)
        if self.source.live and self.pace.took(time.monotonic() - began_s, frame):
            self._halve_points()

    def _why_not(self, frame: Frame, judged: bool, look: RegisteredFrame) -> str:
        """Why a frame was not judged; empty if it was."""
        condition = self.source.condition
        if condition.state in _BLIND:
            return condition.state.value
        if not self.source.live and self._still.is_frozen(frame):
            return SourceState.FROZEN.value
        if not judged:
            return look.quality.verdict.value
        followed = look.has_pose or look.quality.verdict is Verdict.PLAIN
        return "" if followed else _NOT_FOLLOWED

    def _rest(self, frame: Frame, at: Instant) -> None:
        """Paused: frames are shown, and nothing is looked for."""
        self._gaps.frame(_PAUSED, at, frame.captured_s, frame.clip_s)
        self._counts.frame(_PAUSED, frame.monotonic_s)
        self.setup.notify.watchdog()
        self.tally.told = _PAUSED
        self._show(frame, None, TrackUpdate(), [], _PAUSED)

    def _told(self, frame: Frame, geotag: Geotag, look: RegisteredFrame) -> str:
        """What the screen says of a frame; empty if it is clear."""
        if look.quality.verdict not in _CLEAR:
            return look.quality.verdict.value
        scale = self.scaling.estimate_scale(frame, geotag)
        if scale is not None and scale.mm_per_px > self.setup.settings.smallest_mm:
            return "too far"
        return ""

    def _show(
        self,
        frame: Frame,
        result: TrackedFrame | None,
        followed: TrackUpdate,
        findings: list[Finding],
        told: str,
    ) -> None:
        """Hand the frame to the viewers, and to the annotated video."""
        if self.setup.hub is None and not self.results.annotate:
            return
        cell, cell_px = self.rule.cell, self.rule.cell_px
        if self.setup.hub is not None:
            here = tuple(
                InView(self.recorder.number_of(tracked), tracked.probability, finding.box)
                for tracked, finding in followed.visible
            )
            shown_frame = frame if frame.full is None else replace(frame, full=None)
            shown = None if result is None else result.evidence_map
            self.setup.hub.publish(LiveFrame(shown_frame, shown, cell, cell_px, here, told))
        if self.results.annotate:
            surest = sorted(findings, key=lambda one: -one.probability)
            rate_fps = self.tally.recent_fps or 0.0
            evidence = np.zeros((1, 1), np.float32)
            if result is not None and result.evidence_map is not None:
                evidence = result.evidence_map()
            annotated = annotate_frame(frame.rgb, evidence, surest, cell, cell_px, rate_fps, told)
            self.results.add_video_frame(frame, annotated, self.source)

    def _end_following(self) -> None:
        self.recorder.end_tracks(self._tracker.end_tracks())

    def _halve_points(self) -> None:
        if self._scale.points is not None:
            self.use_points(self._scale.points.scale_by(0.5))


def _shown(tracked: Track, finding: Finding) -> Finding:
    """A finding where this frame has it, as sure as all frames together are."""
    return replace(finding, probability=tracked.probability)
