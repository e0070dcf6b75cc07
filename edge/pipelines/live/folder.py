"""Creates or resumes the folder of a live scan: the record of a survey and the user's files."""

import platform
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crackscan.core.durable_files import write_durably
from crackscan.core.errors import CrackscanError, SurveyError
from crackscan.edge.capture import Source
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.reporting.result_files import Results, prepare_folder, session_file
from crackscan.edge.survey import PictureQuota, SessionInfo, Survey, SurveyInfo, SurveyReader
from crackscan.edge.survey.reading import CARD, PHOTOGRAPHS

_MB = 1_000_000


def create_survey(
    folder: Path, source: Source, setup: Setup, overwrite: bool = False, name: str = ""
) -> tuple[Survey, Results]:
    """Create a survey in a folder, with the user's files next to its record.

    Args:
        overwrite: replace an earlier scan in the same folder.
        name: of the survey; without it, the name in the settings, or that of the folder.

    Raises:
        CrackscanError: the folder holds something else, or cannot be written.
    """
    prepare_folder(folder, overwrite)
    settings, card = setup.settings, setup.model.card
    called = name or settings.name or folder.absolute().name
    info = SurveyInfo(called, settings.site, platform.node(), source.name, card.name, card.version)
    described = setup.describe_scan(source)
    try:
        survey = Survey.create(
            folder, info, described, card.to_json(), setup.clock, beside=folder.exists()
        )
    except OSError as error:
        raise CrackscanError(f"cannot write into {folder}: {error.strerror}") from None
    except sqlite3.Error as error:
        raise CrackscanError(f"cannot write into {folder}: {error}") from None
    return survey, _begin_results(survey, source, setup, described)


def resume_survey(folder: Path, source: Source, setup: Setup) -> tuple[Survey, Results]:
    """Begin a session in the survey that a folder holds; what is recorded there stays.

    Pictures that are in the record already are left out of the source.

    Raises:
        CrackscanError: the record cannot be read or written, is one of photographs, or holds
            pictures of another folder.
    """
    described, card = setup.describe_scan(source), setup.model.card
    with SurveyReader(folder) as before:
        _require_same_source(before, source, described)
        source.exclude_names({one.name for one in before.scanned() if not one.skipped})
    session = SessionInfo(source.name, card.name, card.version, described)
    survey = Survey.resume(folder, setup.clock, session)
    try:
        if survey.card() != card.to_json():
            write_durably(folder / session_file(CARD, survey.session), card.to_json().encode())
    except BaseException:
        survey.close()
        raise
    return survey, _begin_results(survey, source, setup, described)


def _begin_results(
    survey: Survey, source: Source, setup: Setup, described: Mapping[str, Any]
) -> Results:
    reserve = setup.settings.reserve_mb * _MB
    try:
        return Results(
            survey.folder, described, setup.wants_annotation(source), reserve, survey.session
        )
    except BaseException:
        survey.close()
        raise


def _require_same_source(
    survey: SurveyReader, source: Source, described: Mapping[str, Any]
) -> None:
    """Pictures are known by their names below a folder, so all must come from the same one."""
    if survey.settings().get("kind") == PHOTOGRAPHS:
        raise SurveyError(
            f"{survey.folder} holds a scan of photographs: name another folder with --out"
        )
    if source.kind != "pictures":
        return
    for session in survey.sessions():
        folder = session.info.settings.get("folder")
        if folder not in (None, described["folder"]):
            raise SurveyError(
                f"{survey.folder} holds the pictures of {folder}: name another folder with --out"
            )


def picture_quota_of(setup: Setup) -> PictureQuota:
    """How much of the disk the pictures may take."""
    limit = setup.settings.size_budget_mb * _MB
    return PictureQuota(limit or None, setup.settings.reserve_mb * _MB)
