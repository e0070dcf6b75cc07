"""`crackscan report`: a survey as a document to hand over."""

import json
from contextlib import ExitStack
from pathlib import Path

import click


@click.command()
@click.argument("survey", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The HTML file to write; SURVEY/report.html if not given.",
)
@click.option("--pdf", is_flag=True, help="Print it to a PDF beside it, too.")
@click.option(
    "--limit-mm",
    type=click.FloatRange(0.01, 10.0),
    default=0.3,
    show_default=True,
    help="Crack width to judge against.",
)
@click.option("--site", default="", help="What was inspected, for the cover.")
@click.option("--inspector", default="", help="Who answers for it, for the cover.")
@click.option(
    "--in-full",
    type=click.IntRange(1, 200),
    default=100,
    show_default=True,
    help="So many findings, the worst, with pictures; the rest as a table.",
)
@click.option(
    "--pictures",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the scanned photographs, if it is not where it was.",
)
@click.option(
    "--since",
    type=click.Path(path_type=Path),
    help="An earlier survey of the same place: the report then says what changed.",
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier report.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
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
    """Write the inspection report of SURVEY, a survey's folder: one HTML file that needs no network
    and prints on A4, and beside it the findings as CSV, GeoJSON and GeoPackage.

    The worst findings come first, judged by the 95th percentile of their width against --limit-mm.
    """
    from rich.console import Console
    from rich.progress import Progress

    from crackscan.edge.reporting.report.content import Options
    from crackscan.edge.reporting.report.write import write_report
    from crackscan.edge.survey import SurveyReader

    options = Options(limit_mm, in_full, site, inspector)
    with ExitStack() as stack:
        opened = stack.enter_context(SurveyReader(survey))
        earlier = None if since is None else stack.enter_context(SurveyReader(since))
        target = out or survey / "report.html"
        console = Console(stderr=True)
        bars = Progress(console=console, transient=True, disable=not console.is_terminal)
        stack.enter_context(bars)
        task = bars.add_task("Reading the survey", total=None)

        def watch(what: str, count: int, of: int) -> None:
            bars.update(task, description=what, completed=count, total=of or None)

        done = write_report(opened, target, options, pdf, pictures, overwrite, earlier, watch)
    content = done.content
    if as_json:
        told = {
            "html": str(done.html),
            "pdf": None if done.pdf is None else str(done.pdf),
            "beside": [str(path) for path in done.beside],
            "findings": content.counted,
            "rejected": len(content.rejected),
            "judged": {str(kind): count for kind, count in content.judged.items()},
            "limit_mm": content.limit_mm,
        }
        click.echo(json.dumps(told))
        return
    count = content.counted
    click.echo(f"{done.html}: {count} finding{'s' * (count != 1)}")
    for path in (*((done.pdf,) if done.pdf else ()), *done.beside):
        click.echo(str(path))
