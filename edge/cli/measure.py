"""`crackscan measure`: the length and the widths of the cracks in pictures, in px and in mm."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crackscan.core.errors import CrackscanError
from crackscan.edge.cli.scale_options import NAMES as SCALE
from crackscan.edge.cli.scale_options import scale_options

if TYPE_CHECKING:
    from crackscan.edge.pipelines.photos.values import PhotoResult

_MOST_CLOSE_UPS = 60
"""As many findings of a picture are measured."""


@click.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for a close-up of each crack, with its centre line and widths drawn; it is made.",
)
@click.option(
    "--model", metavar="NAME|FILE", help="Shipped model or .tflite file.  [default: crack-m]"
)
@click.option(
    "--operating-point",
    "point",
    default="default",
    show_default=True,
    help="One of the thresholds in the model's card.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Threads of the model.")
@scale_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def measure(
    pictures: tuple[Path, ...],
    out: Path | None,
    model: str | None,
    point: str,
    threads: int | None,
    as_json: bool,
    **scale: str | float | bool | None,
) -> None:
    """Find the cracks in PICTURES and measure them: length, and width as median, 95th percentile
    and maximum, each with half of its 90 % interval.

    PICTURES are pictures or folders of them. The findings and widths are those of `crackscan scan`.
    Millimetres need a scale: a distance with the lens (most photographs state theirs), the printed
    target in the picture, or two points. Without one everything is in px.

    \b
    Try: crackscan measure wall.jpg --distance 1.2±0.05 --camera v3 --out widths/
         crackscan measure wall.jpg --target
         crackscan measure wall.jpg --points 120,340,820,352,500
    """
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
    close_ups = 0 if out is None else _MOST_CLOSE_UPS
    detector = open_detector(model, point, threads, settings, close_ups)
    card = detector.model.card
    rows: list[dict[str, Any]] = []
    skipped = []
    for task, result in detect_pictures(detector, tasks):
        if isinstance(result, PictureError):
            if len(tasks) == 1:
                raise result
            skipped.append(str(result))
            continue
        if not as_json:
            _print_widths(task.name, result)
        if out is not None:
            _write_close_ups(out / Path(task.name).with_suffix(""), result)
        rows += (
            {
                "picture": task.name,
                "crack": number,
                **model_fields(card, point),
                **finding_dict(one),
            }
            for number, one in enumerate(result.findings, 1)
        )
    for line in skipped:
        click.echo(f"skipped: {line}", err=True)
    if as_json:
        click.echo(json.dumps(rows, indent=2, allow_nan=False))
        return
    click.echo(f"found with {model_label(card, point)}")
    if out is not None and rows:
        click.echo(f"in {out}: a close-up of each crack")


def _print_widths(name: str, result: "PhotoResult") -> None:
    if not result.findings:
        click.echo(f"{name}: no crack")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from crackscan.edge.measurement.scale.measures import figure_text
    from crackscan.edge.measurement.values import Measurements
    from crackscan.edge.reporting.caption import format_probability

    table = Table(box=None, pad_edge=False, title=Text(name), title_justify="left")
    for heading in ("crack", "sure", "length", "width: median", "95th percentile", "maximum"):
        table.add_column(heading, justify="right")
    for number, finding in enumerate(result.findings, 1):
        measures = finding.measures or Measurements(why="not measured")
        figures = (
            measures.length,
            measures.width_median,
            measures.width_p95,
            measures.width_max,
        )
        scales = [finding.scale, None] if finding.scale else [None]
        words = [
            "-" if figure is None else "\n".join(figure_text(figure, one) for one in scales)
            for figure in figures
        ]
        if measures.width_median is None:
            words[1] = f"not measurable ({measures.why})"
        table.add_row(str(number), format_probability(finding.probability), *words)
    Console().print(table)
    scale = result.findings[0].scale
    if scale is None:
        click.echo(f"no scale, so in px only: {result.why_no_scale}")
    else:
        click.echo(
            f"scale at crack 1: {scale.mm_per_px:.4g} mm/px "
            f"± {scale.relative_uncertainty:.1%} ({scale.source})"
        )


def _write_close_ups(stem: Path, result: "PhotoResult") -> None:
    """Write the close-ups as STEM-1.jpg and so on."""
    from crackscan.core.durable_files import write_atomically

    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CrackscanError(f"cannot write {stem.parent}: {error.strerror}") from None
    for number, jpeg in enumerate(result.close_ups, 1):
        write_atomically(stem.with_name(f"{stem.name}-{number}.jpg"), jpeg)
