"""Exports a survey's findings as CSV, GeoJSON or GeoPackage."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from crackscan.core.durable_files import sync_folder
from crackscan.core.errors import CrackscanError
from crackscan.edge.survey.export.geopackage import write_geopackage
from crackscan.edge.survey.export.tables import write_csv, write_geojson
from crackscan.edge.survey.reading import SurveyReader

FORMATS: dict[str, Callable[[SurveyReader, Path], int]] = {
    "csv": write_csv,
    "geojson": write_geojson,
    "gpkg": write_geopackage,
}


def export_findings(survey: SurveyReader, kind: str, path: Path, overwrite: bool = False) -> int:
    """Write a survey's findings to a file, in one of FORMATS; returns their number.

    The file appears complete or not at all. Raises CrackscanError if it exists and `overwrite` is
    not set, if it cannot be written, or if the record is damaged.
    """
    if path.exists() and not overwrite:
        raise CrackscanError(f"{path} exists already: name another file, or add --overwrite")
    part = path.with_name(f".{path.name}.part")
    try:
        try:
            part.unlink(missing_ok=True)
            count = FORMATS[kind](survey, part)
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(path)
            sync_folder(path.parent)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise CrackscanError(f"cannot write {path}: {error.strerror}") from None
    except sqlite3.Error as error:
        raise CrackscanError(f"cannot export {survey.folder} to {path}: {error}") from None
    return count
