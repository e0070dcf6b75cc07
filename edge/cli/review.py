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
    help="HOST:PORT; with 0.0.0.0, other machines can use the link, which then contains a key.",
)
@click.option(
    "--pictures",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the scanned photographs, if it has moved.",
)
@click.option(
    "--keys",
    type=click.Path(path_type=Path),
    help="File with the keys of --listen, so that links stay valid; created if it is missing.",
)
def review(survey: Path, listen: str, pictures: Path | None, keys: Path | None) -> None:
    """Serve a page on which the findings of SURVEY, the folder of a survey, are reviewed.

    Accept a finding with A and reject it with R, or by touch; the arrow keys go to the next and the
    previous one. Each verdict is recorded with name and time. The latest one counts and is shown in
    the report.

    Only this machine can open the page, unless --listen names a network; the link then contains a
    key. Ctrl-C ends the command.
    """
    from crackscan.edge.reporting.survey_pictures import find_source_folder
    from crackscan.edge.survey.review import ReviewWriter
    from crackscan.edge.web.live.address import parse_address
    from crackscan.edge.web.live.serve import serve_handler
    from crackscan.edge.web.review.routes import begin_review

    ended = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        with ReviewWriter(survey) as opened:
            begin = begin_review(opened, pictures or find_source_folder(opened))
            with serve_handler(begin, parse_address(listen), keys, option="--listen") as served:
                links = (
                    served.links() if sys.stdout.isatty() or not served.keys else served.addresses
                )
                click.echo(f"Review of {survey}: {links[0]}")
                if served.keys is not None and not sys.stdout.isatty():
                    hint = "use --keys FILE" if keys is None else f"it is in {keys}"
                    click.echo(
                        f"the link needs a key, which is shown on a terminal only: {hint}", err=True
                    )
                sys.stdout.flush()
                try:
                    ended.wait()
                except KeyboardInterrupt:
                    click.echo("")
    finally:
        signal.signal(signal.SIGTERM, before)
