"""`crackscan review`: accept or reject a survey's findings in a browser."""

import signal
import sys
import threading
from pathlib import Path

import click


@click.command()
@click.argument("survey", type=click.Path(path_type=Path))
@click.option(
    "--listen",
    default="127.0.0.1:8766",
    show_default=True,
    help="HOST:PORT; 0.0.0.0 lets in other machines that have the link with its key.",
)
@click.option(
    "--pictures",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the scanned photographs, if it is not where it was.",
)
@click.option(
    "--keys",
    type=click.Path(path_type=Path),
    help="File that keeps the keys of --listen, so that links stay good; made if missing.",
)
def review(survey: Path, listen: str, pictures: Path | None, keys: Path | None) -> None:
    """Serve a page on which the findings of SURVEY, a survey's folder, are accepted or rejected:
    A and R, the arrow keys, or by touch. Each verdict is recorded with name and time; the latest
    counts, and the report shows it.

    It serves this machine only unless --listen names a network; then the link holds a key. Ctrl-C
    ends it.
    """
    from crackscan.edge.reporting.survey_pictures import find_source_folder
    from crackscan.edge.survey.review import Reviewed
    from crackscan.edge.web.live.address import parse_address
    from crackscan.edge.web.live.serve import serving
    from crackscan.edge.web.review.routes import begin_review

    ended = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        with Reviewed(survey) as opened:
            begin = begin_review(opened, pictures or find_source_folder(opened))
            with serving(begin, parse_address(listen), keys, option="--listen") as served:
                links = served.links() if sys.stdout.isatty() or not served.keys else served.places
                click.echo(f"Review of {survey}: {links[0]}")
                if served.keys is not None and not sys.stdout.isatty():
                    kept = "use --keys FILE" if keys is None else f"it is in {keys}"
                    click.echo(f"the link needs a key, shown on a terminal only: {kept}", err=True)
                sys.stdout.flush()
                try:
                    ended.wait()
                except KeyboardInterrupt:
                    click.echo("")
    finally:
        signal.signal(signal.SIGTERM, before)
