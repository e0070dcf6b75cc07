"""`crackscan-train negatives`: pictures without a crack and without concrete, to train on."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Where the pictures and CREDITS.tsv go.",
)
def negatives(out: Path) -> None:
    """Collect freely licensed pictures that show no crack, from Debian packages.

    About 120 MB are downloaded and nothing is installed; it needs apt (Debian, Ubuntu, Raspberry
    Pi OS), but not root.

    Try: crackscan-train negatives --out negatives
    """
    from crackscan.train.cli.progress import progress_bars
    from crackscan.train.data.negatives import CREDITS, collect_negatives

    with progress_bars() as report:
        collected = collect_negatives(out, report=report)
    click.echo(f"{len(collected.pictures)} pictures in {out}, credits in {out / CREDITS}")
    for negative in collected.missing:
        click.echo(f"not as it was in {negative.package}, left out: {negative.path}", err=True)
