"""`crackscan classify`: crack or no crack, one line a picture."""

import json
from pathlib import Path

import click

from crackscan.core.errors import CrackscanError

CRACKED = 3
_BLOCK_PX = 640 * 640
"""Small blocks of a photograph at a time: no slower here, and half the memory."""


@click.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model", metavar="NAME|FILE", help="Shipped model or .tflite file.  [default: crack-s]"
)
@click.option(
    "--operating-point",
    "point",
    default="default",
    show_default=True,
    metavar="NAME",
    help="Which of the model's thresholds decides: default, or high-recall to miss less.",
)
@click.option("--threads", type=click.IntRange(1), help="[default: one per core, at most 4]")
@click.option("--exit-code", is_flag=True, help="Exit with 3 if any picture shows a crack.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def classify(
    ctx: click.Context,
    pictures: tuple[Path, ...],
    model: str | None,
    point: str,
    threads: int | None,
    exit_code: bool,
    as_json: bool,
) -> None:
    """Say of each picture whether it shows a crack, and how probable that is.

    PICTURES are patches or whole photographs, or folders of them. A photograph is judged by its
    most suspicious patch; `crackscan scan` shows where that is.

    \b
    Exit code: 0 done, 1 a picture could not be read, 2 bad usage;
    with --exit-code: 3 where any picture shows a crack.
    """
    from rich.console import Console
    from rich.progress import track

    from crackscan.core.pictures import read_picture
    from crackscan.edge.inference.model import MIN_PX, Model

    judge = Model.load(model, threads)
    judge.block_budget_px = _BLOCK_PX
    threshold = judge.card.operating_point(point).patch
    found, failed = [], 0
    files = _files(pictures)
    bar = Console(stderr=True)
    # Without --json the verdicts themselves tell how far it is.
    hidden = not (as_json and bar.is_terminal)
    for path in track(files, "Classifying", console=bar, transient=True, disable=hidden):
        try:
            rgb = read_picture(path)
            if min(rgb.shape[:2]) < MIN_PX:
                raise CrackscanError(
                    f"{path} is too small: at least {MIN_PX} x {MIN_PX} px are needed"
                )
        except CrackscanError as error:
            click.echo(f"Error: {error}", err=True)
            failed += 1
            continue
        probability = judge.picture_probability(rgb)
        crack = probability >= threshold
        found.append({"picture": str(path), "crack": crack, "probability": round(probability, 4)})
        if not as_json:
            verdict = click.style("crack   ", fg="red", bold=True) if crack else "no crack"
            click.echo(f"{verdict}  {probability:6.1%}  {path}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    if failed:
        ctx.exit(1)
    if exit_code and any(one["crack"] for one in found):
        ctx.exit(CRACKED)


def _files(pictures: tuple[Path, ...]) -> list[Path]:
    from crackscan.core.pictures import is_picture

    files: list[Path] = []
    for path in pictures:
        if not path.is_dir():
            files.append(path)
            continue
        inside = sorted(one for one in path.rglob("*") if one.is_file() and is_picture(one))
        if not inside:
            raise CrackscanError(f"{path} holds no pictures")
        files += inside
    return files
