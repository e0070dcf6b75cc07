"""The folder of a survey: made whole, and held by one process at a time."""

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
from crackscan.edge.survey.database import DATABASE, make_database
from crackscan.edge.survey.pictures import FRAMES
from crackscan.edge.survey.reading import CARD, SETTINGS
from crackscan.edge.survey.rows import insert
from crackscan.edge.survey.values import SurveyInfo


def make_folder(
    folder: Path, info: SurveyInfo, settings: Mapping[str, Any], card: str, beside: bool = False
) -> None:
    """Make a survey without a session; it appears whole or not at all.

    Args:
        beside: the folder may be there, with other files in it; the record then comes last.

    Raises SurveyError where the folder exists, CrackscanError or OSError where it cannot be made.
    """
    taken = (folder / DATABASE).exists() if beside else folder.exists()
    if taken:
        raise SurveyError(f"{folder} exists already: name another folder for a new survey")
    part = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(part, ignore_errors=True)
    (part / FRAMES).mkdir(parents=True)
    try:
        write_durably(part / SETTINGS, json.dumps(dict(settings), indent=2).encode() + b"\n")
        write_durably(part / CARD, card.encode())
        with closing(make_database(part)) as connection:
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
        raise SurveyError(f"{folder} cannot be made: {error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def lock_folder(folder: Path) -> int:
    """Hold the folder, for this process alone, until the file is closed or the process ends.

    Gives the open file. Raises SurveyError where another process holds it.
    """
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise SurveyError(f"{folder} cannot be opened: {error.strerror}") from None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(opened)
        raise SurveyError(f"{folder} is being written by another crackscan") from None
    except OSError as error:
        os.close(opened)
        raise SurveyError(f"{folder} cannot be locked: {error.strerror}") from None
    return opened
