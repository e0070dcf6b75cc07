"""Creates the folder of a survey completely, and locks it for one process."""

import fcntl
import json
import os
import shutil
import sqlite3
import uuid
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from crackscan import __version__
from crackscan.core.durable_files import sync_folder, write_durably
from crackscan.core.errors import SurveyError
from crackscan.edge.survey.database import DATABASE, create_database
from crackscan.edge.survey.pictures import FRAMES
from crackscan.edge.survey.reading import CARD, SETTINGS
from crackscan.edge.survey.rows import insert
from crackscan.edge.survey.values import SurveyInfo


def create_survey_folder(
    folder: Path, info: SurveyInfo, settings: Mapping[str, Any], card: str, beside: bool = False
) -> None:
    """Create a survey without a session; it appears completely or not at all.

    Args:
        settings: what the survey is made with; must be possible in JSON.
        card: the model card, JSON.
        beside: the folder may exist and contain other files; the record is then moved in last.

    Raises SurveyError if the survey exists, and CrackscanError or OSError if it cannot be created.
    """
    if (folder / DATABASE).exists() if beside else folder.exists():
        raise SurveyError(f"{folder} exists already: name another folder for a new survey")
    part = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(part, ignore_errors=True)
    (part / FRAMES).mkdir(parents=True)
    try:
        write_durably(part / SETTINGS, json.dumps(dict(settings), indent=2).encode() + b"\n")
        write_durably(part / CARD, card.encode())
        with closing(create_database(part)) as connection:
            row = {"id": 1, "uuid": str(uuid.uuid4()), "crackscan": __version__, **vars(info)}
            insert(connection, "survey", row)
        sync_folder(part)
        if folder.exists():
            for name in (FRAMES, SETTINGS, CARD, DATABASE):
                (part / name).rename(folder / name)
        else:
            part.rename(folder)
        sync_folder(folder.parent)
    except sqlite3.Error as error:
        raise SurveyError(f"{folder} cannot be created: {error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def lock_folder(folder: Path) -> int:
    """Lock the folder for this process until the file is closed or the process ends.

    Returns the descriptor of the open file. Raises SurveyError if another process has the lock.
    """
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise SurveyError(f"{folder} cannot be opened: {error.strerror}") from None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(opened)
        raise SurveyError(f"{folder} is being written by another crackscan process") from None
    except OSError as error:
        os.close(opened)
        raise SurveyError(f"{folder} cannot be locked: {error.strerror}") from None
    return opened
