"""`crackscan classify`: crack or no crack, one line for each picture."""

import json
from pathlib import Path

import click

from crackscan.edge.cli.scale_options import NAMES as SCALE
from crackscan.edge.cli.scale_options import scale_options

CRACKED = 3


@click.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model", metavar="NAME|FILE", help="Shipped model or .tflite file.  [default: crack-m]"
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
@scale_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list, with the findings.")
def classify(
    pictures: tuple[Path, ...],
    model: str | None,
    point: str,
    threads: int | None,
    exit_code: bool,
    as_json: bool,
    **scale: str | float | bool | None,
) -> None:
    """Print for each picture whether it shows a crack, and how probable that is.

    PICTURES are patches or whole photographs, or folders of them. The findings are those of
    `crackscan scan` and `crackscan measure`; the probability is that of the surest one, or of what
    came nearest to a finding. The sampling distance on the wall, if it is known, chooses the sizes
    at which a picture is searched, so the options of the scale count here, too.

    \b
    Exit code: 0 done, 1 a picture could not be read, 2 bad usage;
    with --exit-code: 3 if any picture shows a crack.
    """
    from rich.console import Console
    from rich.progress import track

    from crackscan.core.errors import PictureError
    from crackscan.edge.cli.photo_options import (
        detect_pictures,
        find_pictures,
        model_fields,
        model_label,
        open_detector,
    )
    from crackscan.edge.detection.finding_json import finding_dict
    from crackscan.edge.measurement.scale.settings import ScaleSettings

    settings = ScaleSettings.parse(**{name: scale[name] for name in SCALE})  # type: ignore[arg-type]
    tasks = find_pictures(pictures)
    detector = open_detector(model, point, threads, settings, measured=as_json)
    card = detector.model.card
    found, failed = [], 0
    bar = Console(stderr=True)
    # Without --json the verdicts themselves show how far it is.
    hidden = not (as_json and bar.is_terminal)
    results = detect_pictures(detector, tasks)
    for task, result in track(
        results, "Classifying", len(tasks), console=bar, transient=True, disable=hidden
    ):
        if isinstance(result, PictureError):
            click.echo(f"Error: {result}", err=True)
            failed += 1
            continue
        crack = bool(result.findings)
        found.append(
            {
                "picture": task.path,
                "crack": crack,
                "probability": round(result.probability, 4),
                **model_fields(card, point),
                "findings": [finding_dict(one) for one in result.findings],
            }
        )
        if not as_json:
            verdict = click.style("crack   ", fg="red", bold=True) if crack else "no crack"
            click.echo(f"{verdict}  {result.probability:6.1%}  {task.path}")
    cracked = sum(bool(one["crack"]) for one in found)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif found:
        plural = "" if len(found) == 1 else "s"
        click.echo(
            f"{len(found)} picture{plural}: {cracked} with cracks, {len(found) - cracked} without"
            f" ({model_label(card, point)})"
        )
    if failed:
        click.get_current_context().exit(1)
    if exit_code and cracked:
        click.get_current_context().exit(CRACKED)
