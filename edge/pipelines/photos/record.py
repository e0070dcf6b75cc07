"""Into the survey's record: each photograph once, with its findings and pictures, or not at all."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from crackscan.core.errors import CrackscanError, SurveyError
from crackscan.edge.pipelines.photos.values import PhotoResult
from crackscan.edge.positioning.clock import Instant
from crackscan.edge.reporting.result_files import Results, finding_line
from crackscan.edge.survey import (
    Note,
    NoteKind,
    PictureQuota,
    ScannedPicture,
    Sighting,
    Survey,
    sighting_of,
)
from crackscan.edge.survey.pictures import QuotaMonitor

Show = Callable[[PhotoResult, int], object]


class PhotoRecorder:
    """Puts photographs into a survey, one transaction each, with as many pictures as fit."""

    def __init__(
        self,
        survey: Survey,
        quota: PictureQuota,
        results: Results | None = None,
        warn: Callable[[str], object] = lambda _: None,
        show: Show = lambda _, __: None,
    ) -> None:
        """Record into an open survey.

        Args:
            survey: the record.
            quota: how much space pictures may take.
            results: the other files of the scan.
            warn: called with each new warning.
            show: called with each recorded photograph and the number of its first finding.
        """
        self.survey = survey
        self.results = results
        self.left_out = 0
        """Pictures that there was no space for."""
        self._quota = QuotaMonitor(quota)
        self._warn = warn
        self._show = show
        self._replaced = False

    @property
    def no_pictures(self) -> str | None:
        """Why pictures are no longer kept."""
        return self._quota.stopped

    def record_photo(self, result: PhotoResult) -> bool:
        """Record what came of a photograph; False if the record has it already, unchanged.

        One that is recorded under another content, or as unreadable, is replaced. Raises
        SurveyError if the disk does not take it; the record is then as it was.
        """
        survey = self.survey
        unneeded: list[str] = []
        with one_line_errors(survey.folder):
            at = survey.clock.now()
            with survey.transaction():
                if survey.is_scanned(result.name):
                    before = survey.file_marks(result.name)[result.name]
                    if before == result.file and before is not None:
                        return False
                    unneeded = survey.forget_scanned(result.name)
                    self._replaced = True
                    if before is not None:
                        text = f"{result.name} was replaced by another file: processed again"
                        survey.add_note(Note(at, NoteKind.WARNING, text))
                for note in result.notes:
                    text = f"{result.name}: {note}"
                    survey.add_note(Note(at, NoteKind.WARNING, text))
                first = survey.next_finding
                sightings = photo_sightings(result, at)
                copy = self._fitting(result.copy, at)
                survey.add_scanned(_scanned_row(result, at), sightings, copy)
                for number, close_up in enumerate(result.close_ups, first):
                    jpeg = self._fitting(close_up, at)
                    if jpeg is not None:
                        survey.add_picture(jpeg, result.name, at, close_up_of=number)
            for path in unneeded:
                (survey.folder / path).unlink(missing_ok=True)
        self._write_files(result, sightings, first)
        self._show(result, first)
        return True

    def finish_files(self) -> None:
        """Take lines of photographs that were replaced out of findings.jsonl."""
        if self._replaced:
            self.rewrite_findings()

    def rewrite_findings(self) -> None:
        """Write findings.jsonl again from the record; a kill may have come between the two."""
        if self.results is None:
            return
        taken = {one.name: (one.taken_s, one.taken_local) for one in self.survey.scanned()}
        self.results.replace_findings(
            finding_line(
                one.id, one.sighting, one.sighting.last.wall_s, taken.get(one.sighting.frame)
            )
            for one in self.survey.findings()
        )

    def _write_files(self, result: PhotoResult, sightings: list[Sighting], first: int) -> None:
        if self.results is None:
            return
        taken = result.taken_s, result.taken_local
        for number, sighting in enumerate(sightings, first):
            self.results.add_finding(finding_line(number, sighting, sighting.last.wall_s, taken))
        if result.annotated is not None and self.results.annotate:
            self.results.add_picture(result.name, result.annotated)

    def _fitting(self, jpeg: bytes | None, at: Instant) -> bytes | None:
        """A picture, if the quota and the disk have space for it."""
        if jpeg is None:
            return None
        used = self.survey.picture_bytes
        refusal = self._quota.refuse_picture(self.survey.folder, used, len(jpeg))
        message = self._quota.update_state(refusal)
        if message is not None:
            self._warn(message)
            self.survey.add_note(Note(at, NoteKind.WARNING, message))
        if refusal is None:
            return jpeg
        self.left_out += 1
        return None


def photo_sightings(result: PhotoResult, at: Instant) -> list[Sighting]:
    """The findings of a photograph as the record keeps them."""
    size = result.width, result.height
    return [
        sighting_of(one, result.name, result.index, size, at, result.geotag, result.scale)
        for one in result.findings
    ]


@contextmanager
def one_line_errors(folder: Path) -> Iterator[None]:
    """What the disk refuses inside becomes a SurveyError."""
    try:
        yield
    except (sqlite3.Error, OSError, CrackscanError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise SurveyError(
            f"{folder}: {why}; all that was recorded before is safe, run it again to go on"
        ) from None


def _scanned_row(result: PhotoResult, at: Instant) -> ScannedPicture:
    return ScannedPicture(
        result.name,
        at,
        len(result.findings),
        result.skipped,
        result.width,
        result.height,
        result.taken_s,
        result.taken_local,
        result.geotag,
        result.scale,
        result.file,
    )
