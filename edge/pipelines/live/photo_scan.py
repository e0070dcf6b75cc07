"""Scans pictures: each by itself, recorded once with its findings and where it was taken."""

import sqlite3
import time
from pathlib import Path

from crackscan.core.errors import CrackscanError
from crackscan.core.picture_writing import encode_jpeg
from crackscan.edge.capture import Source
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import CrackMap, Finding, find
from crackscan.edge.inference.model import MIN_PX
from crackscan.edge.measurement.scale.estimator import find_picture_path
from crackscan.edge.pipelines.live.folder import contents, picture_quota_of
from crackscan.edge.pipelines.live.formatting import line_of, width_of
from crackscan.edge.pipelines.live.measurer import GIVEN_UP, Measured, Work, measure
from crackscan.edge.pipelines.live.onlookers import show
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.pipelines.live.tally import Tally
from crackscan.edge.positioning import NO_GEOTAG, Geotag, PhotoData, read_photo
from crackscan.edge.reporting.overlay import annotate_frame
from crackscan.edge.reporting.result_files import Results
from crackscan.edge.survey import (
    Measures,
    Note,
    NoteKind,
    ScannedPicture,
    Sighting,
    Survey,
    first_sighting,
)
from crackscan.edge.survey.pictures import QuotaMonitor

MEASURING_S = 10.0
"""Time for measuring the findings of one picture, the surest first; the rest have no widths."""


class Pictures:
    """Scans one picture after the other into a record."""

    def __init__(
        self, source: Source, setup: Setup, survey: Survey, results: Results, tally: Tally
    ) -> None:
        self.source = source
        self.setup = setup
        self.survey = survey
        self.results = results
        self.tally = tally
        self._scaling = setup.scaling()
        self._quota = QuotaMonitor(picture_quota_of(setup))
        self._noted = 0
        self._closed = False

    def take(self, frame: Frame) -> None:
        """Scan a picture. Raises CrackscanError where the record does not take it."""
        self.note_skipped()
        if min(frame.height, frame.width) < MIN_PX:
            self.source.record_skip(
                frame.name, f"is too small: {frame.width}x{frame.height} pixels"
            )
            self.note_skipped()
            return
        began_s = time.monotonic()
        crack_map = self.setup.model.crack_map(frame.rgb)
        self.tally.model_s += time.monotonic() - began_s
        findings = find(crack_map, frame, self.setup.rule)
        widths = self._record(frame, findings, crack_map)
        rule = self.setup.rule
        if self.results.annotate:
            annotated = annotate_frame(
                frame.rgb, crack_map, findings, rule.cell, rule.cell_px, labels=widths
            )
            self.results.add_picture(frame, annotated)
        self.tally.findings += len(findings)
        self.tally.add(frame, findings)

    def note_skipped(self) -> None:
        """Record what the source could not give since the last call."""
        for one in self.source.skipped[self._noted :]:
            self._noted += 1
            now = self.setup.clock.now()
            self._add(ScannedPicture(one.name, now, skipped=one.reason), [])

    def close(self) -> None:
        """End the record, once. Raises CrackscanError where the disk does not take the rest."""
        if self._closed:
            return
        self._closed = True
        try:
            self.note_skipped()
            self.tally.survey = contents(self.survey)
        finally:
            self.survey.close()

    def _record(self, frame: Frame, findings: list[Finding], crack_map: CrackMap) -> list[str]:
        """Measure, record and show a picture's findings; gives their widths in words."""
        at = self.setup.clock.instant_at(frame.monotonic_s, frame.wall_s)
        path = find_picture_path(frame)
        photo = read_photo(path) if path is not None else None
        geotag = self._geotag(frame, path, photo)
        sightings = []
        until_s = time.monotonic() + MEASURING_S
        for finding in findings:
            measured = Measured(Measures(why=GIVEN_UP))
            if time.monotonic() < until_s:
                work = Work(0, finding, frame, geotag)
                measured = measure(work, self.setup.rule.cell_px, self._scaling, photo)
            plain = first_sighting(finding, frame.width, frame.height, at, geotag)
            sightings.append(measured.added_to(plain))
        scale = self._scaling.estimate_scale(frame, geotag, photo=photo)
        scanned = ScannedPicture(
            frame.name,
            at,
            len(findings),
            width=frame.width,
            height=frame.height,
            taken_s=photo.taken_s if photo else None,
            taken_local=photo.taken_local if photo else None,
            geotag=geotag,
            scale=scale,
        )
        first = self.survey.next_finding
        self._add(scanned, sightings, frame)
        for number, (finding, sighting) in enumerate(zip(findings, sightings, strict=True), first):
            self.results.add_finding(line_of(number, finding, sighting))
        widths = [width_of(one.measures or Measures(), one.scale) for one in sightings]
        if self.setup.hub is not None:
            numbered = list(zip(range(first, first + len(findings)), findings, widths, strict=True))
            show(self.setup.hub, frame, crack_map, self.setup.rule, numbered, geotag)
        return widths

    def _geotag(self, frame: Frame, path: Path | None, photo: PhotoData | None) -> Geotag:
        if self.setup.position.name == "exif":
            return photo.geotag if photo is not None else NO_GEOTAG
        return self.setup.position.geotag_at(frame.monotonic_s, path)

    def _add(
        self, scanned: ScannedPicture, sightings: list[Sighting], frame: Frame | None = None
    ) -> None:
        """Record a picture; one of the same name that is recorded already is replaced."""
        jpeg = note = None
        if sightings and frame is not None:
            jpeg = encode_jpeg(frame.rgb)
            used = self.survey.picture_bytes
            refusal = self._quota.refuse_picture(self.survey.folder, used, len(jpeg))
            jpeg = jpeg if refusal is None else None
            told = self._quota.update_state(refusal)
            if told is not None:
                self.tally.warn(told)
                note = Note(scanned.at, NoteKind.WARNING, told)
        unneeded: list[str] = []
        try:
            with self.survey.together():
                if self.survey.is_scanned(scanned.name):
                    unneeded = self.survey.forget_scanned(scanned.name)
                    text = f"{scanned.name} was another file or could not be read: looked at again"
                    self.survey.add_note(Note(scanned.at, NoteKind.WARNING, text))
                self.survey.add_scanned(scanned, sightings, jpeg)
                if note is not None:
                    self.survey.add_note(note)
            for path in unneeded:
                (self.survey.folder / path).unlink(missing_ok=True)
        except sqlite3.Error as error:
            raise CrackscanError(f"{self.survey.folder}: not recorded: {error}") from None
