"""`crackscan report`: the inspection report of a survey, a document to hand over."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from crackscan.edge.reporting.report.writer import WrittenReport


@click.command()
@click.argument("survey", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The HTML file to write; default: SURVEY/report.html.",
)
@click.option("--pdf", is_flag=True, help="Also write the report as PDF.")
@click.option(
    "--limit-mm",
    type=click.FloatRange(0.01, 10.0),
    default=0.3,
    show_default=True,
    help="Crack width to judge against.",
)
@click.option("--site", default="", help="Name of the structure, for the cover.")
@click.option("--inspector", default="", help="Name of the inspector, for the cover.")
@click.option(
    "--in-full",
    type=click.IntRange(1, 200),
    default=100,
    show_default=True,
    help="How many findings are shown with pictures, the worst first; the others are in a table.",
)
@click.option(
    "--pictures",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the scanned photographs, if it has moved.",
)
@click.option(
    "--since",
    type=click.Path(path_type=Path),
    help="An earlier survey of the same structure: the report then lists what changed.",
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier report.")
@click.option("--json", "as_json", is_flag=True, help="Print the names of the files as JSON.")
def report(
    survey: Path,
    out: Path | None,
    pdf: bool,
    limit_mm: float,
    site: str,
    inspector: str,
    in_full: int,
    pictures: Path | None,
    since: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write the inspection report of SURVEY, the folder of a survey.

    The report is one HTML file that needs no network and prints on A4. The findings are written
    next to it as CSV, GeoJSON and GeoPackage.

    The worst findings come first. They are ranked by the 95th percentile of their width, compared
    with --limit-mm.
    """
    from rich.console import Console
    from rich.progress import Progress

    from crackscan.edge.reporting.report.content import ReportOptions
    from crackscan.edge.reporting.report.writer import write_report
    from crackscan.edge.survey import SurveyReader

    with ExitStack() as stack:
        opened = stack.enter_context(SurveyReader(survey))
        earlier = None if since is None else stack.enter_context(SurveyReader(since))
        console = Console(stderr=True)
        bars = Progress(console=console, transient=True, disable=not console.is_terminal)
        stack.enter_context(bars)
        task = bars.add_task("Reading the survey", total=None)

        def show_progress(step: str, done: int, total: int) -> None:
            bars.update(task, description=step, completed=done, total=total or None)

        written = write_report(
            opened,
            out or survey / "report.html",
            ReportOptions(limit_mm, in_full, site, inspector),
            with_pdf=pdf,
            source_folder=pictures,
            overwrite=overwrite,
            earlier=earlier,
            on_progress=show_progress,
        )
    if as_json:
        click.echo(json.dumps(_describe_report(written)))
        return
    count = written.content.finding_count
    click.echo(f"{written.html}: {count} finding{'s' * (count != 1)}")
    for path in (*((written.pdf,) if written.pdf else ()), *written.exports):
        click.echo(str(path))


def _describe_report(written: "WrittenReport") -> dict[str, Any]:
    content = written.content
    return {
        "html": str(written.html),
        "pdf": None if written.pdf is None else str(written.pdf),
        "beside": [str(path) for path in written.exports],
        "findings": content.finding_count,
        "rejected": len(content.rejected),
        "judged": {str(kind): count for kind, count in content.widths.judged.items()},
        "limit_mm": content.limit_mm,
    }
