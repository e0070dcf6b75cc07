"""`crackscan-convert cost`: what a model costs on a frame, against the usual patch classifier."""

import json
from dataclasses import asdict

import click


@click.command()
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option(
    "--rounds",
    type=click.IntRange(5),
    default=40,
    show_default=True,
    help="Invocations of each model that are timed, after 3 to warm up.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def cost(models: tuple[str, ...], rounds: int, as_json: bool) -> None:
    """Time each MODEL on a whole 640x480 frame against one 224 px patch of MobileNetV2.

    MODEL is an int8 .tflite or the name of a shipped model. Both sides are int8, run on one thread
    and take turns, so that their ratio holds on a busy machine too; the figures are medians with
    quartiles. Multiply-adds are counted from the file's operators.

    The yardstick is keras.applications.MobileNetV2 with random weights; it is made on the first
    run (half a minute) and kept in the user's cache. The ratio depends on the processor: measure
    on the one that will run the model.
    """
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from crackscan.core.tensorflow_import import import_tensorflow
    from crackscan.edge.inference.model import find_model

    files = [find_model(one) for one in models]
    import_tensorflow()
    from crackscan.convert.cost import Spread, measure_costs
    from crackscan.convert.reference import reference_model

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Measuring", total=rounds)
        found = measure_costs(
            files, reference_model(), rounds, lambda done: bar.update(task, completed=done)
        )
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
        return

    def format_spread(spread: Spread) -> str:
        return f"{spread.median:.2f} ({spread.low:.2f}-{spread.high:.2f})"

    table = Table(title=f"One thread of {found.core}, {found.runtime}")
    table.add_column("model", no_wrap=True)
    for heading in ("kB", "MMAC a frame", "ms a frame", "in MobileNetV2 patches"):
        table.add_column(heading, justify="right")
    for one in found.models:
        size, macs = f"{one.bytes / 1000:,.0f}", f"{one.macs / 1e6:,.0f}"
        table.add_row(
            one.name, size, macs, format_spread(one.frame_ms), format_spread(one.invocations)
        )
    macs = f"{found.reference_macs / 1e6:,.0f}"
    table.add_row("MobileNetV2, 224 px", "", macs, format_spread(found.reference_ms), "1")
    Console(width=120).print(table)
