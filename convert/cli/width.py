"""`crackscan-convert width`: how far measured crack widths are from true ones."""

import json
from dataclasses import asdict
from pathlib import Path

import click


@click.command()
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option(
    "--rendered",
    type=click.IntRange(1),
    help="Render N cracks of known width and measure those.  [default without DATA: 256]",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--background",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="A folder of crack-free pictures to render on; without one, walls are procedural.",
)
@click.option(
    "--tone",
    type=click.Choice(["picture", "light"]),
    default="picture",
    show_default=True,
    help="Whether edges are blurred in the picture's grey values or in the light.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the errors by width, blur and angle (PNG, SVG or PDF).",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def width(
    data: Path | None,
    rendered: int | None,
    seed: int,
    background: tuple[Path, ...],
    tone: str,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Measure cracks of known width and report the errors.

    DATA holds images/ and masks/; masks that people drew are themselves good to a pixel or so.
    Where `crackscan-train render --out DATA` made it, its exact lines are used.

    \b
    Try: crackscan-convert width --rendered 256 --plot errors.png
         crackscan-convert width DATA --json
    """
    from rich.console import Console
    from rich.progress import track

    from crackscan.convert.width_accuracy import on_folder, on_renderings
    from crackscan.convert.width_figures import summarize_widths
    from crackscan.convert.width_report import by_class, draw_errors, table_of_widths
    from crackscan.core.rendering.photographed_walls import read_backgrounds
    from crackscan.edge.measurement.width import ENCODED, LINEAR

    if data is not None and rendered is not None:
        raise click.UsageError("give DATA or --rendered, not both")
    console = Console(stderr=True)
    blurred_in = LINEAR if tone == "light" else ENCODED
    if data is not None:
        cracks = on_folder(
            data,
            blurred_in,
            lambda items: track(items, "Measuring", console=console, transient=True),
        )
    else:
        walls = read_backgrounds(background)
        numbers = iter(track(range(rendered or 256), "Measuring", console=console, transient=True))
        cracks = on_renderings(
            rendered or 256, seed, walls, blurred_in, lambda: next(numbers, None)
        )
    total, groups = summarize_widths(cracks), by_class(cracks)
    if plot is not None:
        draw_errors(cracks, plot)
    if as_json:
        document = {
            "data": str(data) if data else f"{len(cracks)} renderings",
            "tone": tone,
            "all": asdict(total),
            "classes": {
                name: {label: asdict(found) for label, found in rows.items()}
                for name, rows in groups.items()
            },
        }
        click.echo(json.dumps(document, indent=2))
    else:
        from rich.console import Console

        Console(width=160).print(table_of_widths(total, groups))
