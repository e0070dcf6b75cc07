"""`crackscan-convert scale`: how far the mm of a pixel are from true ones."""

import json
from dataclasses import asdict

import click


@click.command()
@click.option("--pictures", type=click.IntRange(1), default=64, show_default=True, help="Each way.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def scale(pictures: int, seed: int, as_json: bool) -> None:
    """Prove how well the scale is known, each way to it.

    A virtual camera looks at a rendered wall, tilted and through a lens that distorts; targets are
    found in its pictures, distances and clicks are as wrong as they may be. The mm of a pixel are
    compared with the true ones at places anywhere in the frame.
    """
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table

    from crackscan.convert.scale_accuracy import WAYS, measure_scales

    console = Console(stderr=True)
    steps = track(range(pictures * len(WAYS)), "Measuring", console=console, transient=True)
    numbers = iter(steps)
    results = measure_scales(pictures, seed, lambda: next(numbers, None))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in results], indent=2))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("scale by")
    for heading in ("pictures", "found", "median error", "95 %", "bias", "covered", "± (median)"):
        table.add_column(heading, justify="right")
    for one in results:
        shares = (one.median_error, one.p95_error, one.bias, one.coverage, one.uncertainty)
        table.add_row(
            one.way, str(one.pictures), str(one.found), *(f"{share:.1%}" for share in shares)
        )
    Console().print(table)
