"""Writes the report and the files beside it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crackscan.core.durable_files import write_file
from crackscan.core.errors import CrackscanError
from crackscan.edge.reporting.compare.compare import compare
from crackscan.edge.reporting.report.content import Content, Options, gather
from crackscan.edge.reporting.report.page import render
from crackscan.edge.reporting.report.pdf import write_pdf
from crackscan.edge.survey.export import FORMATS, export
from crackscan.edge.survey.reading import SurveyReader

NAMES = {"csv": "findings.csv", "geojson": "findings.geojson", "gpkg": "findings.gpkg"}


@dataclass(frozen=True)
class Written:
    """What was written."""

    html: Path
    pdf: Path | None
    beside: tuple[Path, ...]
    content: Content


def write_report(
    survey: SurveyReader,
    out: Path,
    options: Options,
    pdf: bool = False,
    pictures: Path | None = None,
    overwrite: bool = False,
    since: SurveyReader | None = None,
    watch: Callable[[str, int, int], object] = lambda *_: None,
) -> Written:
    """Write `out`, and beside it the findings as CSV, GeoJSON and GeoPackage, and the PDF.

    `pictures` is the folder that was scanned; without it, the one that the record names is used if
    it is there. With `since`, an earlier survey of the same place, the report says what
    changed. `watch` is called with what is being done, how many of it are done and of how many,
    none where that is not known. Raises CrackscanError where one of the files exists and
    `overwrite` is not set, where the disk does not take it, and where the PDF cannot be made.
    """
    beside = {kind: out.with_name(f"{out.stem}.{NAMES[kind]}") for kind in FORMATS}
    printed = out.with_suffix(".pdf") if pdf else None
    wanted = [out, *beside.values(), *([printed] if printed else [])]
    if not overwrite and (there := next((path for path in wanted if path.exists()), None)):
        raise CrackscanError(f"{there} exists already: name another file, or add --overwrite")
    source = pictures or scanned_folder(survey)
    content = gather(survey, options, source, time.time(), partial(watch, "Drawing findings"))
    changed = None
    if since is not None:
        sources = scanned_folder(since), source
        watch_pictures = partial(watch, "Comparing pictures")
        changed = compare(since, survey, sources, options.limit_mm, watch_pictures)
    page = render(content, changed)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CrackscanError(f"cannot write {out}: {error.strerror}") from None
    write_file(out, page.encode())
    for kind, path in beside.items():
        export(survey, kind, path, overwrite)
    if printed is not None:
        watch("Printing the PDF", 0, 0)
        write_pdf(out, printed)
    return Written(out, printed, tuple(beside.values()), content)


def scanned_folder(survey: SurveyReader) -> Path | None:
    """The folder that the record names as its source, if it is one on this machine."""
    named = Path(survey.info().source)
    return named if survey.info().source and named.is_dir() else None
