"""The folder of a scan of photographs: a new survey, or one that is gone on with."""

import hashlib
import json
import platform
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crackscan import __version__
from crackscan.core.errors import CrackscanError, SurveyError
from crackscan.core.model_card import Card
from crackscan.edge.pipelines.photos.listing import Listing
from crackscan.edge.pipelines.photos.values import Method
from crackscan.edge.reporting.result_files import prepare_folder
from crackscan.edge.survey import SessionInfo, Survey, SurveyInfo, SurveyReader
from crackscan.edge.survey.database import DATABASE
from crackscan.edge.survey.reading import PHOTOGRAPHS, SETTINGS

_SAME = {
    "model_digest": "another model",
    "operating_point": "another --operating-point",
    "scale": "other options for the scale",
}
"""Settings that must not change within a survey, and the words for a change."""


def method_settings(method: Method, card: Card, source: Path) -> dict[str, Any]:
    """What must be known to repeat a scan of photographs, for the record and `scan.json`."""
    point = card.operating_point(method.point)
    folder = source if source.is_dir() else source.parent
    return {
        "kind": PHOTOGRAPHS,
        "crackscan": __version__,
        "source": str(source),
        "photographs": str(source.resolve()),
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
        "position": "exif" if method.keep_position else "none",
        "scale": {name: value for name, value in asdict(method.scale).items() if value},
        "started_wall_s": round(time.time(), 3),
    }


def open_survey(
    out: Path,
    info: SurveyInfo,
    settings: Mapping[str, Any],
    card: Card,
    listing: Listing,
    overwrite: bool = False,
    resume: bool = False,
) -> Survey:
    """Make a survey, or go on with the one that is there.

    A survey of the same folder or picture is gone on with; of another part of the same folder,
    only with `resume`. With `overwrite` it is replaced.

    Raises CrackscanError if the folder holds anything else, the photographs of another folder, or
    what was made with another model or other settings: its findings could not be compared.
    """
    if overwrite or not (out / DATABASE).exists():
        return _make_survey(out, info, settings, card, overwrite)
    _demand_same(out, settings, listing, resume)
    session = SessionInfo(info.source, info.model, info.model_version, settings)
    return Survey.resume(out, session=session)


def _make_survey(
    out: Path, info: SurveyInfo, settings: Mapping[str, Any], card: Card, overwrite: bool
) -> Survey:
    prepare_folder(out, overwrite)
    try:
        return Survey.create(out, info, settings, card.to_json(), beside=out.exists())
    except OSError as error:
        raise CrackscanError(f"cannot write into {out}: {error.strerror}") from None
    except sqlite3.Error as error:
        raise CrackscanError(f"cannot write into {out}: {error}") from None


def survey_info(out: Path, settings: Mapping[str, Any], name: str, site: str) -> SurveyInfo:
    """What a new survey is called and made with; without a name it is called as its folder."""
    return SurveyInfo(
        name or out.absolute().name,
        site,
        platform.node(),
        settings["source"],
        settings["model"],
        settings["model_version"],
    )


def is_same_scan(out: Path, source: Path) -> bool:
    """Whether a folder holds a scan of this folder of photographs, or picture."""
    return _photographs_of(_read_settings(out)) == str(source.resolve())


def _demand_same(out: Path, settings: Mapping[str, Any], listing: Listing, resume: bool) -> None:
    """See that a survey can be gone on with, without a change of any of its files."""
    made = _read_settings(out)
    if made.get("kind") != PHOTOGRAPHS:
        raise SurveyError(
            f"{out} holds a survey that was not made from photographs: name another folder, or "
            "replace it with --overwrite"
        )
    if made.get("folder") not in (None, settings["folder"]):
        with SurveyReader(out) as survey:
            known = survey.file_marks()
        if known and not any(task.name in known for task in listing.tasks):
            raise SurveyError(
                f"{out} holds the pictures of {made.get('folder')}: name another folder with --out"
            )
    before = _photographs_of(made)
    if not resume and before != settings["photographs"] and before and Path(before).exists():
        raise SurveyError(
            f"{out} holds an earlier scan, of {before}: name another folder, go on with it with"
            " --continue, or replace it with --overwrite"
        )
    for name, change in _SAME.items():
        if made.get(name) != settings[name]:
            was, now = (
                f"{one.get('model')} {one.get('model_version')}, {one.get('operating_point')}"
                for one in (made, settings)
            )
            raise SurveyError(
                f"{out} was made with {change} ({was}; now {now}): name another folder, repeat "
                "what it was made with, or replace it with --overwrite"
            )


def _read_settings(out: Path) -> dict[str, Any]:
    """What a survey was made with; empty if it does not say."""
    try:
        settings = json.loads((out / SETTINGS).read_bytes())
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def _photographs_of(settings: Mapping[str, Any]) -> str | None:
    """What a record was made from; records of earlier versions name only the folder."""
    named = settings.get("photographs", settings.get("folder"))
    return None if named is None else str(named)
