"""`crackscan bench`: how fast this machine scans."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from crackscan.edge.appliance.bench import BenchRun, Surroundings

_SIZES = ("640x480", "1280x720")


def _size(_ctx: click.Context, _one: click.Parameter, texts: tuple[str, ...]) -> list[list[int]]:
    sizes = []
    for text in texts:
        match = re.fullmatch(r"(\d{2,5})x(\d{2,5})", text)
        size = [int(side) for side in match.groups()] if match else [0]
        if not 128 <= min(size) <= max(size) <= 8192:
            raise click.BadParameter(
                f"{text}: a size is WIDTHxHEIGHT in px, each side 128 to 8192, like 640x480"
            )
        sizes.append(size)
    return sizes


@click.command()
@click.option("--model", metavar="NAME|FILE", help="A shipped model's name, or a .tflite file.")
@click.option(
    "--size",
    "sizes",
    multiple=True,
    default=_SIZES,
    callback=_size,
    metavar="WxH",
    help=f"Size of the frames; may be repeated.  [default: {', '.join(_SIZES)}]",
)
@click.option(
    "--threads",
    multiple=True,
    type=click.IntRange(1, 64),
    help="Threads of the model; may be repeated.  [default: 1, and one per core, at most 4]",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 3600),
    default=5.0,
    show_default=True,
    help="Time for each size and number of threads.",
)
@click.option(
    "--disk",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="A folder on the disk that surveys are recorded on.  [default: this one]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--submit-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the figures to this file, to send them to the developers.",
)
def bench(
    model: str | None,
    sizes: list[list[int]],
    threads: tuple[int, ...],
    seconds: float,
    disk: Path,
    as_json: bool,
    submit_file: Path | None,
) -> None:
    """Time each stage of a scan on this machine: median (p50) and 99th percentile (p99) in ms per
    frame, frames/s, patches/s, memory and temperature.

    A slow pan over real concrete is scanned from memory, one stage after the other. A live frame
    does not wait for the stages marked as background: decoding (the thread of the camera or stream
    does it), findings of a single map (photographs), overlay (annotated pictures), encoding (the
    live view) and recording. The share of the time that is not the model's is printed without and
    with decoding.
    The submit file contains what is printed: board, versions and figures, no name or address.
    """
    from crackscan.core.durable_files import write_atomically
    from crackscan.edge.appliance.bench import describe_surroundings

    around = describe_surroundings()
    if not as_json:
        _print_machine(around)
    runs = _runs(model, sizes, threads, seconds, disk)
    document = _describe_runs(around, model, runs)
    if as_json:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        for run in runs:
            _print_run(run)
    if submit_file is not None:
        text = json.dumps({"crackscan_bench": 1, **document}, indent=2, ensure_ascii=False)
        write_atomically(submit_file, text.encode() + b"\n")
        click.echo(f"{submit_file} can be sent to the developers; read it first", err=True)


def _runs(
    model: str | None, sizes: list[list[int]], threads: tuple[int, ...], seconds: float, disk: Path
) -> "list[BenchRun]":
    from rich.console import Console
    from rich.progress import Progress

    from crackscan.edge.appliance.bench import measure_stages
    from crackscan.edge.inference.model import Model
    from crackscan.edge.inference.runtime import default_threads

    counts = threads or tuple(sorted({1, default_threads()}))
    runs = []
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Measuring", total=len(counts) * len(sizes))
        for count in counts:
            judge = Model.load(model, count)
            for number, (width, height) in enumerate(sizes):
                done = counts.index(count) * len(sizes) + number
                runs.append(
                    measure_stages(
                        judge,
                        width,
                        height,
                        seconds,
                        disk,
                        lambda share, done=done: bar.update(task, completed=done + share),  # type: ignore[misc]
                    )
                )
    return runs


def _describe_runs(
    around: "Surroundings", model: str | None, runs: "list[BenchRun]"
) -> dict[str, Any]:
    import cv2
    import numpy

    from crackscan.edge.inference.model import Model

    judge = Model.load(model, 1)
    return {
        "machine": around.to_dict(),
        "versions": {
            "runtime": judge.runtime,
            "numpy": numpy.__version__,
            "opencv": cv2.__version__,
        },
        "model": {"name": judge.card.name, "version": judge.card.version},
        "runs": [run.to_dict() for run in runs],
    }


def _print_machine(around: "Surroundings") -> None:
    cores = ", ".join(str(one) for one in around.cores)
    degrees = "" if around.temperature_c is None else f", {around.temperature_c:.0f} °C"
    clock = "" if around.most_mhz is None else f", up to {around.most_mhz:.0f} MHz"
    click.echo(f"{around.board}, {around.system}, cores {cores}{clock}{degrees}")
    for warning in around.warnings:
        click.echo(click.style(f"Warning: {warning}", fg="yellow"), err=True)


def _print_run(run: "BenchRun") -> None:
    from rich.console import Console
    from rich.table import Table

    from crackscan.edge.appliance.bench.stages import BACKGROUND

    table = Table(
        title=f"{run.width}x{run.height}, threads: {run.threads}, frames: {run.frames}",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("stage")
    for heading in ("p50 ms", "p99 ms", "mean ms"):
        table.add_column(heading, justify="right")
    for one in run.stages:
        where = " (background)" if one.name in BACKGROUND else ""
        times = (f"{ms:.2f}" for ms in (one.p50_ms, one.p99_ms, one.mean_ms))
        table.add_row(one.name + where, *times)
    console = Console()
    console.print()
    console.print(table)
    memory = "" if run.resident_mb is None else f", {run.resident_mb:.0f} MB resident"
    degrees = "" if run.temperature_c is None else f", {run.temperature_c:.0f} °C"
    console.print(
        f"{run.frames_per_s:.1f} frames/s, {run.patches_per_s:.0f} patches/s"
        f" ({run.patches} a frame){memory}{degrees}\n"
        f"share besides the model: {run.besides_model:.0%},"
        f" with decoding {run.besides_model_decoding:.0%}",
        highlight=False,
    )
