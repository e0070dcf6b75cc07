"""Writes the report of a survey, with the findings as CSV, GeoJSON and GeoPackage next to it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crackscan.core.durable_files import write_atomically
from crackscan.core.errors import CrackscanError
from crackscan.edge.reporting.compare.comparison import compare_surveys
from crackscan.edge.reporting.report.content import ReportContent, ReportOptions
from crackscan.edge.reporting.report.content_reader import read_content
from crackscan.edge.reporting.report.page import render_page
from crackscan.edge.reporting.report.pdf import write_pdf
from crackscan.edge.reporting.survey_pictures import find_source_folder
from crackscan.edge.survey.export import FORMATS, export_findings
from crackscan.edge.survey.reading import SurveyReader

EXPORT_NAMES = {"csv": "findings.csv", "geojson": "findings.geojson", "gpkg": "findings.gpkg"}


@dataclass(frozen=True)
class WrittenReport:
    """The files of a report, and its content."""

    html: Path
    pdf: Path | None
    exports: tuple[Path, ...]
    content: ReportContent


def write_report(
    survey: SurveyReader,
    html: Path,
    options: ReportOptions,
    *,
    with_pdf: bool = False,
    source_folder: Path | None = None,
    overwrite: bool = False,
    earlier: SurveyReader | None = None,
    on_progress: Callable[[str, int, int], object] = lambda *_: None,
) -> WrittenReport:
    """Write the report `html`, and next to it the exports and, if asked for, the PDF.

    Args:
        source_folder: the scanned photographs; if None, the folder that the record names is used
            if it exists.
        earlier: an earlier survey of the same structure; the report then lists what changed.
        on_progress: called with the present step, the number of items done, and the number of all
            items, 0 if that is unknown.

    Raises CrackscanError if one of the files exists and `overwrite` is not set, if a file cannot be
    written, or if the PDF cannot be made.
    """
    exports = {kind: html.with_name(f"{html.stem}.{EXPORT_NAMES[kind]}") for kind in FORMATS}
    pdf = html.with_suffix(".pdf") if with_pdf else None
    planned = [html, *exports.values(), *([pdf] if pdf else [])]
    if not overwrite and (existing := next((path for path in planned if path.exists()), None)):
        raise CrackscanError(f"{existing} exists already: name another file, or add --overwrite")
    source_folder = source_folder or find_source_folder(survey)
    content = read_content(
        survey, options, source_folder, time.time(), partial(on_progress, "Drawing findings")
    )
    comparison = None
    if earlier is not None:
        comparison = compare_surveys(
            earlier,
            survey,
            (find_source_folder(earlier), source_folder),
            options.limit_mm,
            partial(on_progress, "Comparing pictures"),
        )
    page = render_page(content, comparison)
    try:
        html.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CrackscanError(f"cannot write {html}: {error.strerror}") from None
    write_atomically(html, page.encode())
    for kind, path in exports.items():
        export_findings(survey, kind, path, overwrite)
    if pdf is not None:
        on_progress("Printing the PDF", 0, 0)
        write_pdf(html, pdf)
    return WrittenReport(html, pdf, tuple(exports.values()), content)
