"""`crackscan measure`: the length and the widths of the cracks in pictures, in px and in mm."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crackscan.core.errors import CrackscanError
from crackscan.edge.cli.scale_options import NAMES as SCALE
from crackscan.edge.cli.scale_options import scale_options

if TYPE_CHECKING:
    from crackscan.edge.capture.frame import Frame
    from crackscan.edge.detection.finding import Rule
    from crackscan.edge.inference.model import Model
    from crackscan.edge.measurement.scale import ScaleEstimator
    from crackscan.edge.measurement.values import Scale
    from crackscan.edge.measurement.width import CrackMeasure


@click.command()
@click.argument("pictures", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for a close-up of each crack, with its centre line and widths drawn; made.",
)
@click.option("--model", "model_name", help="A shipped model's name, or a .tflite file.")
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
    pictures: tuple[str, ...],
    out: Path | None,
    model_name: str | None,
    point: str,
    threads: int | None,
    as_json: bool,
    **told: Any,
) -> None:
    """Find the cracks in PICTURES and measure them: length, and width as median, 95th percentile
    and maximum, each with half of its 90 % interval.

    Millimetres need a scale: a distance with the lens (photographs mostly tell theirs), the printed
    target in the picture, or two points. Without one everything is in px.

    \b
    Try: crackscan measure wall.jpg --distance 1.2±0.05 --camera v3 --out widths/
         crackscan measure wall.jpg --target
         crackscan measure wall.jpg --points 120,340,820,352,500
    """
    from crackscan.edge.capture import open_source
    from crackscan.edge.detection.finding import Rule
    from crackscan.edge.inference.model import MIN_PX, Model
    from crackscan.edge.measurement.scale import ScaleEstimator, ScaleSettings

    scaling = ScaleEstimator.from_settings(
        ScaleSettings.parse(**{name: told[name] for name in SCALE})
    )
    model = Model.load(model_name, threads)
    rule = Rule.of(model.card, point)
    rows: list[dict[str, Any]] = []
    for name in pictures:
        with open_source(name) as source:
            if source.kind != "pictures":
                raise CrackscanError(
                    f"{name} is not a picture: crackscan scan takes cameras, videos"
                )
            for frame in source:
                if min(frame.width, frame.height) < MIN_PX:
                    source.record_skip(
                        frame.name, f"is too small: {frame.width}x{frame.height} pixels"
                    )
                    continue
                found = list(_measured(frame, model, rule, scaling))
                if not as_json:
                    _print(frame, found, scaling)
                for number, (probability, crack, scale) in enumerate(found, 1):
                    if out is not None:
                        _draw(out, frame, number, crack, scale)
                    rows.append(_row(frame, number, probability, crack, scale))
            for skipped in source.skipped:
                click.echo(f"skipped: {skipped.name} {skipped.reason}", err=True)
    if as_json:
        click.echo(json.dumps(rows, indent=2, allow_nan=False))
    elif out is not None and rows:
        click.echo(f"in {out}: a close-up of each crack")


def _measured(
    frame: "Frame", model: "Model", rule: "Rule", scaling: "ScaleEstimator"
) -> Iterator[tuple[float, "CrackMeasure", "Scale | None"]]:
    """Probability, measure and scale of each finding, the surest first."""
    import numpy as np

    from crackscan.edge.detection.finding import find
    from crackscan.edge.measurement.width import measure_crack

    crack_map = model.crack_map(frame.rgb)
    for finding in find(crack_map, frame, rule):
        cells = np.zeros(crack_map.shape, np.bool_)
        rows, columns = np.array(finding.cells).T
        cells[rows, columns] = True
        crack = measure_crack(frame.rgb, cells, rule.cell_px)
        yield finding.probability, crack, scaling.estimate_scale(frame, measure=crack)


def _print(
    frame: "Frame",
    found: list[tuple[float, "CrackMeasure", "Scale | None"]],
    scaling: "ScaleEstimator",
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from crackscan.edge.measurement.scale import figure_text, measures_of
    from crackscan.edge.reporting.caption import format_probability

    if not found:
        click.echo(f"{frame.name}: no crack")
        return
    table = Table(box=None, pad_edge=False, title=Text(frame.name), title_justify="left")
    for heading in ("crack", "sure", "length", "width: median", "95th percentile", "maximum"):
        table.add_column(heading, justify="right")
    for number, (probability, crack, scale) in enumerate(found, 1):
        measures = measures_of(crack)
        figures = (
            measures.length,
            measures.width_median,
            measures.width_p95,
            measures.width_max,
        )
        words = [
            "-"
            if figure is None
            else "\n".join(figure_text(figure, one) for one in ([scale, None] if scale else [None]))
            for figure in figures
        ]
        if measures.width_median is None:
            words[1] = f"not measurable ({measures.why})"
        table.add_row(str(number), format_probability(probability), *words)
    Console().print(table)
    scale = found[0][2]
    if scale is None:
        click.echo(f"no scale, so in px only: {scaling.why}")
    else:
        click.echo(
            f"scale at crack 1: {scale.mm_per_px:.4g} mm/px "
            f"± {scale.relative_uncertainty:.1%} ({scale.source})"
        )


def _draw(
    out: Path, frame: "Frame", number: int, crack: "CrackMeasure", scale: "Scale | None"
) -> None:
    from crackscan.core.picture_writing import write_picture
    from crackscan.edge.measurement.width import draw_width

    path = out / Path(frame.name).with_suffix("")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CrackscanError(f"cannot write {path.parent}: {error.strerror}") from None
    drawn = draw_width(frame.rgb, crack, scale)
    write_picture(path.with_name(f"{path.name}-{number}.jpg"), drawn)


def _row(
    frame: "Frame",
    number: int,
    probability: float,
    crack: "CrackMeasure",
    scale: "Scale | None",
) -> dict[str, Any]:
    from crackscan.edge.measurement.scale import measures_of, mm_dict

    told = {"picture": frame.name, "crack": number, "probability": round(probability, 4)}
    return {**told, **mm_dict(measures_of(crack), scale)}
