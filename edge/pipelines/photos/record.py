"""Into the survey's record: each photograph once, with its findings and pictures, or not at all."""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crackscan import __version__
from crackscan.core.errors import CrackscanError, SurveyError
from crackscan.core.model_card import Card
from crackscan.edge.pipelines.photos.listing import Listing
from crackscan.edge.pipelines.photos.values import Crack, Looked, Method
from crackscan.edge.positioning.clock import Instant
from crackscan.edge.survey import (
    Note,
    NoteKind,
    PictureQuota,
    ScannedPicture,
    SessionInfo,
    Sighting,
    Survey,
    SurveyInfo,
)
from crackscan.edge.survey.database import DATABASE
from crackscan.edge.survey.reading import PHOTOGRAPHS

_SAME = {
    "model_digest": "another model",
    "operating_point": "another --operating-point",
    "scale": "other options for the scale",
}
"""Settings that must not change within a survey, and how a change is told."""


def settings_of(method: Method, card: Card, folder: Path) -> dict[str, Any]:
    """What must be known to repeat a survey, and may not change while it is made."""
    point = card.operating_point(method.point)
    return {
        "kind": PHOTOGRAPHS,
        "crackscan": __version__,
        "folder": str(folder.resolve()),
        "model": card.name,
        "model_version": card.version,
        "model_digest": hashlib.blake2b(
            Path(method.model).read_bytes(), digest_size=16
        ).hexdigest(),
        "operating_point": method.point,
        "patch_threshold": point.patch,
        "cell_threshold": point.cell,
        "cell_px": card.cell_px,
        "scale": {name: value for name, value in asdict(method.scale).items() if value},
    }


def open_survey(
    out: Path, info: SurveyInfo, settings: Mapping[str, Any], card: Card, listing: Listing
) -> Survey:
    """Make a survey, or go on with the one that is there.

    Raises SurveyError where the folder holds anything else, a survey that is no survey of
    photographs, one of another folder, or one that was made with another model or other settings:
    its findings could not be compared.
    """
    if not (out / DATABASE).exists():
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            return Survey.create(out, info, settings, card.to_json())
        except OSError as error:
            raise SurveyError(f"{out} cannot be made: {error.strerror}") from None
    made_with = SessionInfo(info.source, info.model, info.model_version, settings)
    survey = Survey.resume(out, session=made_with)
    try:
        _demand_same(survey, settings, listing)
    except BaseException:
        survey.close()
        raise
    return survey


class Recorder:
    """Puts photographs into a survey, one transaction each, with as many pictures as fit."""

    def __init__(self, survey: Survey, budget: PictureQuota) -> None:
        self.survey = survey
        self.budget = budget
        self.left_out = 0
        """Pictures that found no room."""
        self.no_pictures: str | None = None
        """Why they did not."""

    def record(self, looked: Looked) -> bool:
        """Record what came of a photograph; False where the record has it already, unchanged.

        One that is recorded under another content, or as unreadable, is replaced. Raises
        SurveyError where the disk does not take it; the record is then as it was.
        """
        survey = self.survey
        unneeded: list[str] = []
        with told_in_one_line(survey.folder):
            at = survey.clock.now()
            with survey.together():
                if survey.is_scanned(looked.name):
                    before = survey.file_marks(looked.name)[looked.name]
                    if before == looked.file and before is not None:
                        return False
                    unneeded = survey.forget_scanned(looked.name)
                    if before is not None:
                        text = f"{looked.name} was replaced by another file: looked at again"
                        survey.add_note(Note(at, NoteKind.WARNING, text))
                first = survey.next_finding
                sightings = [_sighting(crack, looked, at) for crack in looked.cracks]
                survey.add_scanned(_scanned(looked, at), sightings, self._fitting(looked.copy, at))
                for number, crack in enumerate(looked.cracks, first):
                    jpeg = self._fitting(crack.close_up, at)
                    if jpeg is not None:
                        survey.add_picture(jpeg, looked.name, at, close_up_of=number)
            for path in unneeded:
                (survey.folder / path).unlink(missing_ok=True)
        return True

    def _fitting(self, jpeg: bytes | None, at: Instant) -> bytes | None:
        """A picture, if the budget and the disk have room for it."""
        if jpeg is None:
            return None
        refusal = self.budget.refuse_picture(
            self.survey.folder, self.survey.picture_bytes, len(jpeg)
        )
        if refusal is None:
            return jpeg
        self.left_out += 1
        if self.no_pictures is None:
            self.no_pictures = refusal
            text = f"pictures are no longer saved: {refusal}"
            self.survey.add_note(Note(at, NoteKind.WARNING, text))
        return None


@contextmanager
def told_in_one_line(folder: Path) -> Iterator[None]:
    """What the disk refuses inside becomes a SurveyError."""
    try:
        yield
    except (sqlite3.Error, OSError, CrackscanError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise SurveyError(
            f"{folder}: {why}; all that was recorded before is safe, run it again to go on"
        ) from None


def _demand_same(survey: Survey, settings: Mapping[str, Any], listing: Listing) -> None:
    out, made = survey.folder, survey.settings()
    if made.get("kind") != PHOTOGRAPHS:
        raise SurveyError(
            f"{out} holds a survey that was not made from photographs: name another folder"
        )
    for name, told in _SAME.items():
        if made.get(name) != settings[name]:
            was, now = (
                f"{one.get('model')} {one.get('model_version')}, {one.get('operating_point')}"
                for one in (made, settings)
            )
            raise SurveyError(
                f"{out} was made with {told} ({was}; now {now}): name another folder, or repeat "
                "what it was made with"
            )
    if made.get("folder") != settings["folder"]:
        known = survey.file_marks()
        if known and not any(task.name in known for task in listing.tasks):
            raise SurveyError(
                f"{out} is the survey of another folder ({made.get('folder')}): name another --out"
            )


def _scanned(looked: Looked, at: Instant) -> ScannedPicture:
    return ScannedPicture(
        looked.name,
        at,
        len(looked.cracks),
        looked.skipped,
        looked.width,
        looked.height,
        looked.taken_s,
        looked.taken_local,
        looked.geotag,
        looked.scale,
        looked.file,
    )


def _sighting(crack: Crack, looked: Looked, at: Instant) -> Sighting:
    return Sighting(
        first=at,
        last=at,
        frame=looked.name,
        frame_index=looked.index,
        frame_width=looked.width,
        frame_height=looked.height,
        box=crack.box,
        cells=crack.cells,
        area_px=crack.area_px,
        probability=crack.probability,
        peak=crack.peak,
        mean=crack.mean,
        geotag=looked.geotag,
        scale=crack.scale or looked.scale,
        measures=crack.measures,
        lines=crack.lines,
    )
