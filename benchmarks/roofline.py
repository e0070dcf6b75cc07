"""How near the shipped models come to the fastest int8 convolution of the same runtime and core.

    python benchmarks/roofline.py --out build/bench/roofline

Layer by layer: each layer is also a network of its own, timed in alternation with all the others.
"""

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from crackscan.benchmarks.roof.cut import cut_out
from crackscan.benchmarks.roof.plot import draw_roofline
from crackscan.benchmarks.roof.rate import Rate, copy_rate
from crackscan.benchmarks.roof.square import square_convolution, square_macs
from crackscan.convert.cost import core_name
from crackscan.convert.macs import Layer, list_layers
from crackscan.core.network_input import input_shape
from crackscan.core.stderr_capture import drop_stderr
from crackscan.edge.appliance.bench import describe_surroundings
from crackscan.edge.inference.model import find_model
from crackscan.edge.inference.runtime import open_interpreter

HEIGHT, WIDTH = 480, 640
WARM_UP = 2
WHOLE = 1
"""Rows at the end of a model's rates that are of the whole network."""


def time_files(files: Sequence[tuple[Path, tuple[int, ...] | None]], rounds: int) -> Any:
    """Seconds (rounds, files), each file once a round, with one thread.

    What the thread computes counts, so that other work on the machine disturbs less.

    Args:
        files: each with the shape of what it takes, or None for its own.
    """
    opened = [_open_interpreter(*one) for one in files]
    taken = np.empty((WARM_UP + rounds, len(files)))
    for row in taken:
        for at, interpreter in enumerate(opened):
            began_s = time.thread_time()
            interpreter.invoke()
            row[at] = time.thread_time() - began_s
    return taken[WARM_UP:]


def frame_shape(model: Path) -> tuple[int, int, int, int]:
    """The shape in which a model takes a 640x480 frame."""
    interpreter, _ = open_interpreter(model, 1)
    return input_shape(interpreter.get_input_details()[0], HEIGHT, WIDTH)


def best_rate(folder: Path, rounds: int, side: int, channels: int) -> dict[str, float]:
    """Multiply-adds a second of large square convolutions, 1x1 and 3x3."""
    files = {kernel: folder / f"square-{kernel}.tflite" for kernel in (1, 3)}
    for kernel, file in files.items():
        file.write_bytes(square_convolution(kernel, side, channels))
    seconds = np.median(time_files([(file, None) for file in files.values()], rounds), axis=0)
    return {
        f"{kernel}x{kernel}": square_macs(kernel, side, channels) / float(one)
        for kernel, one in zip(files, seconds, strict=True)
    }


def measure_rates(model: Path, folder: Path, rounds: int, best: float) -> list[Rate]:
    """Each layer of a model on a 640x480 frame, and the whole network."""
    frame = frame_shape(model)
    fed: tuple[int, ...] = frame
    found = list_layers(model, HEIGHT, WIDTH)
    files: list[tuple[Path, tuple[int, ...] | None]] = []
    for at, layer in enumerate(found):
        file = folder / f"{model.stem}-{at}.tflite"
        file.write_bytes(cut_out(model, at))
        # An addition of two branches takes what it makes; all else what the layer before made.
        files.append((file, layer.made if layer.kind == "ADD" else fed))
        fed = layer.made
    files.append((model, frame))
    seconds = np.median(time_files(files, rounds), axis=0)
    rows = [*found, _sum_layers("whole network", found)]
    return [_layer_rate(one, float(s), best) for one, s in zip(rows, seconds, strict=True)]


def _sum_layers(name: str, found: Sequence[Layer]) -> Layer:
    return Layer(
        name, found[-1].made, sum(one.macs for one in found), sum(one.bytes for one in found)
    )


def _layer_rate(layer: Layer, seconds: float, best: float) -> Rate:
    of_best = layer.macs / max(seconds, 1e-9) / best
    return Rate(layer.kind, layer.made, layer.macs, layer.bytes, seconds * 1000, of_best)


def _open_interpreter(file: Path, shape: tuple[int, ...] | None) -> Any:
    interpreter, _ = open_interpreter(file, 1)
    sources = interpreter.get_input_details()
    with drop_stderr():
        for source in sources if shape else ():
            interpreter.resize_tensor_input(source["index"], shape)
        interpreter.allocate_tensors()
    for source in interpreter.get_input_details():
        low = np.iinfo(source["dtype"]).min
        sides = tuple(source["shape"])
        noise = np.random.default_rng(0).integers(low, low + 256, sides, source["dtype"])
        interpreter.set_tensor(source["index"], noise)
    return interpreter


def group_layers(rows: Sequence[Rate]) -> dict[str, list[Rate]]:
    """The layers of a model by their kind, convolutions also by the height of what they make."""
    found: dict[str, list[Rate]] = {}
    for number, one in enumerate(rows):
        kind = one.name.lower()
        if one.name == "CONV_2D":
            kind = f"conv_2d, {one.made[1]} rows" if number else "first conv_2d"
        found.setdefault(kind, []).append(one)
    return found


def format_table(best: dict[str, float], found: dict[str, list[Rate]]) -> str:
    """In Markdown."""
    lines = [f"One thread of {core_name()}.", "", "Best of the runtime, large square convolutions:"]
    lines += [", ".join(f"{name} {one / 1e9:.1f} GMAC/s" for name, one in best.items()) + ".", ""]
    for model, rows in found.items():
        lines += [f"| {model} | makes | MMAC | kB moved | ms | GMAC/s | of the best |"]
        lines += ["|---" * 7 + "|"]
        for one in rows:
            made = "x".join(str(side) for side in one.made[1:])
            lines.append(
                f"| {one.name} | {made} | {one.macs / 1e6:.2f} | {one.bytes / 1000:.0f} "
                f"| {one.ms:.3f} | {one.gmacs:.1f} | {one.of_best:.0%} |"
            )
        lines += ["", *_describe_shares(model, rows[:-WHOLE], max(best.values())), ""]
    return "\n".join(lines)


def _describe_shares(model: str, rows: Sequence[Rate], best: float) -> list[str]:
    all_ms, all_macs = sum(one.ms for one in rows), sum(one.macs for one in rows)
    head = f"{model}, layers alone | layers | ms | of all | MMAC | of all | GMAC/s | of the best"
    lines = [f"| {head} |", "|---" * 8 + "|"]
    for kind, own in group_layers(rows).items():
        ms, macs = sum(one.ms for one in own), sum(one.macs for one in own)
        rate = macs / max(ms, 1e-9) * 1000
        lines.append(
            f"| {kind} | {len(own)} | {ms:.2f} | {ms / all_ms:.0%} | {macs / 1e6:.1f} "
            f"| {macs / all_macs:.0%} | {rate / 1e9:.1f} | {rate / best:.0%} |"
        )
    return lines


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--model", "names", multiple=True, default=("crack-s", "crack-m"), show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=60, show_default=True)
@click.option("--quick", is_flag=True, help="Small convolutions, to see whether it works.")
def main(out: Path, names: tuple[str, ...], rounds: int, quick: bool) -> None:
    """Write roofline.json, roofline.md and roofline.svg into OUT."""
    around = describe_surroundings()
    for warning in around.warnings:
        click.echo(f"warning: {warning}", err=True)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        size = (16, 32) if quick else (64, 512)
        best = best_rate(folder, max(rounds // 3, 1), *size)
        peak, copied = max(best.values()), copy_rate(rounds)
        found = {name: measure_rates(find_model(name), folder, rounds, peak) for name in names}
    document = {
        "machine": {**around.to_dict(), "core": core_name()},
        "best_macs_per_s": best,
        "copied_bytes_per_s": copied,
        "models": {name: [asdict(one) for one in rows] for name, rows in found.items()},
    }
    (out / "roofline.json").write_text(json.dumps(document, indent=2) + "\n")
    (out / "roofline.md").write_text(format_table(best, found))
    draw_roofline(found, peak, copied, out / "roofline.svg")
    click.echo(format_table(best, found))


if __name__ == "__main__":
    main()
