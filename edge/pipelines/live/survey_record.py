"""The record of one survey of a live scan: its writers, and what they are given."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from crackscan.core.errors import CrackscanError
from crackscan.edge.capture import Source
from crackscan.edge.measurement.scale import ScaleEstimator, ScaleSettings
from crackscan.edge.pipelines.live.folder import picture_quota_of
from crackscan.edge.pipelines.live.gaps import FrameCounts, GapNotes
from crackscan.edge.pipelines.live.recorder import Recorder
from crackscan.edge.pipelines.live.result_writer import ResultWriter
from crackscan.edge.pipelines.live.route import RouteSampler
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.reporting.result_files import Results
from crackscan.edge.survey import Note, NoteKind, Survey, SurveyWriter
from crackscan.edge.survey.reading import survey_contents

CLOSING_S = 30.0
"""How long the end of a survey waits for the disk."""
MEASURING_S, HURRIED_S = 20.0, 2.0
"""How long the end of a survey waits for the last measurements; after a failure it is short."""


class SurveyRecord:
    """One survey that is being recorded; used by one thread at a time.

    Nothing but `close` waits for the disk: each writer has a thread of its own.
    """

    def __init__(
        self,
        survey: Survey,
        results: Results,
        source: Source,
        setup: Setup,
        scale: ScaleSettings,
    ) -> None:
        self.name = survey.info().name
        self.folder = survey.folder
        self.lines: list[dict[str, object]] = []
        """Completed findings, as in `findings.jsonl`, that the summary has not counted yet."""
        self.writer = SurveyWriter(survey, picture_quota_of(setup))
        self.results = ResultWriter(results, source)
        self.recorder = Recorder(
            self.writer,
            setup.clock,
            setup.rule.cell_px,
            ScaleEstimator.from_settings(scale),
            self._complete_finding,
            setup.hub,
        )
        self.gaps = GapNotes(self.writer.add_note, time.monotonic())
        self.counts = FrameCounts(self.writer.count_frames, time.monotonic())
        self.route = RouteSampler()
        self._source = source
        self._clock = setup.clock

    def add_note(self, kind: NoteKind, text: str) -> None:
        """Note something that is true now."""
        self.writer.add_note(Note(self._clock.now(), kind, text))

    def use_scale(self, settings: ScaleSettings) -> None:
        """Measure with another scale; findings that are complete keep theirs."""
        self.recorder.measurer.scaling = ScaleEstimator.from_settings(settings)

    def note_end(self) -> None:
        """Note the gaps and counts that are still open."""
        self.gaps.end_gap()
        self.counts.note_counts()
        self.gaps.note_source_gaps(self._source, self._clock, ended=True)

    def close(self, state: str, summary: Mapping[str, Any]) -> dict[str, Any]:
        """Write everything, and how the scan ended: `done`, `interrupted` or `failed`.

        Returns:
            How much the survey holds.

        Raises:
            CrackscanError: the disk did not take all of it.
        """
        self.recorder.close(HURRIED_S if state == "failed" else MEASURING_S)
        held = dict(summary.get("survey", {}))
        if self.writer.flush(CLOSING_S):
            held = survey_contents(self.writer.survey)
        try:
            self.writer.close(CLOSING_S)
        except CrackscanError as error:
            with suppress(CrackscanError):
                failed = {**summary, "survey": held, "error": str(error)}
                self.results.close("failed", failed, CLOSING_S)
            raise
        self.results.close(state, {**summary, "survey": held}, CLOSING_S)
        return held

    def _complete_finding(self, line: dict[str, object]) -> None:
        self.results.add_line(line)
        self.lines.append(line)
