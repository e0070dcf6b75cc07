"""Photographs as they arrive in a watched folder: processed one by one, recorded once each."""

import logging
import time
from pathlib import Path

from crackscan.edge.capture import Source
from crackscan.edge.capture.frame import Frame
from crackscan.edge.pipelines.live.folder import picture_quota_of
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.pipelines.live.tally import LiveTally
from crackscan.edge.pipelines.photos.detect_photo import PhotoDetector
from crackscan.edge.pipelines.photos.record import PhotoRecorder
from crackscan.edge.pipelines.photos.values import Method, PhotoResult, Task
from crackscan.edge.pipelines.photos.viewers import show_photo
from crackscan.edge.reporting.result_files import Results
from crackscan.edge.survey import Survey
from crackscan.edge.survey.reading import survey_contents

log = logging.getLogger(__name__)


class WatchedPhotos:
    """Processes one photograph after the other into a record, as `crackscan.detect` does."""

    def __init__(
        self, source: Source, setup: Setup, survey: Survey, results: Results, tally: LiveTally
    ) -> None:
        self.source = source
        self.setup = setup
        self.survey = survey
        self.results = results
        self.tally = tally
        method = Method(
            str(setup.model.path),
            setup.settings.operating_point,
            setup.scale,
            keep_position=setup.position.name != "none",
            annotate=results.annotate,
            preview=setup.hub is not None,
        )
        self._detector = PhotoDetector(method, setup.model)
        self._recorder = PhotoRecorder(
            survey, picture_quota_of(setup), results, tally.add_warning, self._show_photo
        )
        self._noted = 0
        self._closed = False

    def process_frame(self, frame: Frame) -> None:
        """Process a photograph. Raises CrackscanError if the record does not take it."""
        self.note_skipped()
        folder = self.source.folder or Path()
        path = folder / frame.name
        began_s = time.monotonic()
        own = self.setup.position.name in ("exif", "none")
        geotag = None if own else self.setup.position.geotag_at(frame.monotonic_s, path)
        result = self._detector.process_file(Task(frame.name, str(path), frame.index), geotag)
        self.tally.model_s += time.monotonic() - began_s
        if result.skipped:
            self.source.record_skip(frame.name, result.skipped)
            self._noted += 1
        for note in result.notes:
            log.warning("%s: %s", frame.name, note)
        self._recorder.record_photo(result)
        if not result.skipped:
            self.tally.findings += len(result.findings)
            self.tally.add_frame(frame, list(result.findings))

    def note_skipped(self) -> None:
        """Record what the source could not give since the last call."""
        for one in self.source.skipped[self._noted :]:
            self._noted += 1
            self._recorder.record_photo(PhotoResult(one.name, 0, skipped=one.reason))

    def close(self) -> None:
        """End the record, once. Raises CrackscanError if the disk does not take the rest."""
        if self._closed:
            return
        self._closed = True
        try:
            self.note_skipped()
            self._recorder.finish_files()
            self.tally.survey = survey_contents(self.survey)
        finally:
            self.survey.close()

    def _show_photo(self, result: PhotoResult, first: int) -> None:
        if self.setup.hub is not None:
            show_photo(self.setup.hub, result, first, self.setup.rule.cell, time.time())
