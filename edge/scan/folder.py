"""The folder of a scan: a survey's record, and what its user finds beside it."""

import platform
import sqlite3
from pathlib import Path
from typing import Any

from crackscan.edge.results import Results, make_ready
from crackscan.edge.scan.setup import Setup
from crackscan.edge.source import Source
from crackscan.edge.survey import Budget, Survey, SurveyInfo, SurveyReader
from crackscan.errors import CrackscanError

_MB = 1_000_000


def make(
    folder: Path, source: Source, setup: Setup, overwrite: bool = False, name: str = ""
) -> tuple[Survey, Results]:
    """Make a new survey in a folder, and begin the user's files beside it.

    Args:
        overwrite: replace an earlier scan in the same folder.
        name: what the survey is called; else as the settings say, or as its folder.

    Raises:
        CrackscanError: the folder holds something else, or cannot be written.
    """
    make_ready(folder, overwrite)
    settings, card = setup.settings, setup.model.card
    called = name or settings.name or folder.absolute().name
    info = SurveyInfo(called, settings.site, platform.node(), source.name, card.name, card.version)
    described = setup.described(source)
    try:
        survey = Survey.create(
            folder, info, described, card.to_json(), setup.clock, beside=folder.exists()
        )
    except OSError as error:
        raise CrackscanError(f"cannot write into {folder}: {error.strerror}") from None
    except sqlite3.Error as error:
        raise CrackscanError(f"cannot write into {folder}: {error}") from None
    try:
        reserve = settings.reserve_mb * _MB
        results = Results(folder, described, setup.annotates(source), reserve)
    except BaseException:
        survey.close()
        raise
    return survey, results


def contents(survey: SurveyReader) -> dict[str, Any]:
    """How much a survey holds, for the summary."""
    counts, info = survey.counts(), survey.info()
    return {
        "folder": str(survey.folder),
        "name": info.name,
        "findings": counts.findings,
        "pictures": counts.pictures,
        "notes": counts.notes,
        "track_points": counts.track_points,
        "scanned": counts.scanned,
    }


def budget_of(setup: Setup) -> Budget:
    """How much of the disk the pictures may take."""
    limit = setup.settings.size_budget_mb * _MB
    return Budget(limit or None, setup.settings.reserve_mb * _MB)
