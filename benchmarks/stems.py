"""What crack-s would cost with another beginning: the stem goes over every pixel of a frame.

    python benchmarks/stems.py --out build/bench/results

Random weights, which cost the same: this measures what a stem would save, not what it would find.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from crackscan.benchmarks.peers.measure import Spread
from crackscan.benchmarks.roofline import HEIGHT, WIDTH, time_files
from crackscan.convert.cost import core_name
from crackscan.convert.input_rewrite import optimize_input
from crackscan.convert.macs import count_macs
from crackscan.edge.appliance.bench import describe_surroundings
from crackscan.edge.inference.runtime import open_interpreter

BACKBONE = "fused-96"
CELL_PX, SIDE_PX = 16, 192


@dataclass(frozen=True)
class Stem:
    """A beginning of the network, up to one of its layers."""

    name: str
    build: Callable[[Any], Any]
    """From pixels (N, H, W, channels) of -1..1."""
    until: str = "stem_relu"
    channels: int = 3


@dataclass(frozen=True)
class Cost:
    """A network with some stem on a 640x480 frame, one thread, as crackscan runs it."""

    stem: str
    macs: int
    ms: Spread
    of_shipped: Spread
    """Its time by that of the shipped stem in the same round."""


def list_stems() -> list[Stem]:
    """The shipped one first."""
    import keras
    import tensorflow as tf
    from keras import layers

    class SpaceToDepth(keras.layers.Layer):  # type: ignore[misc]
        """Squares of 4x4 pixels, each as one of 48 channels."""

        def call(self, pixels: Any) -> Any:
            return tf.nn.space_to_depth(pixels, 4)

        def compute_output_shape(self, shape: Any) -> Any:
            return (shape[0], None, None, 48)

    def conv(x: Any, filters: int, kernel: int, stride: int, padding: str = "same") -> Any:
        x = layers.Conv2D(filters, kernel, stride, padding, use_bias=False)(x)
        return layers.ReLU(6.0)(layers.BatchNormalization()(x))

    return [
        Stem("4x4 of stride 4, 16 channels: shipped", lambda x: conv(x, 16, 4, 4)),
        Stem("the same, padding `valid`", lambda x: conv(x, 16, 4, 4, "valid")),
        Stem("the same on grey pixels", lambda x: conv(x, 16, 4, 4), channels=1),
        Stem("space to depth, then 1x1", lambda x: conv(SpaceToDepth()(x), 16, 1, 1)),
        Stem("6x6 of stride 4", lambda x: conv(x, 16, 6, 4)),
        Stem("3x3 of stride 2, twice", lambda x: conv(conv(x, 8, 3, 2), 16, 3, 2)),
        Stem("8x8 of stride 8, 32 channels", lambda x: conv(x, 32, 8, 8), "eighth_relu"),
    ]


def make_network(stem: Stem) -> bytes:
    """The shipped architecture with this stem, int8, as a `.tflite`."""
    import keras

    from crackscan.convert.tflite import to_int8
    from crackscan.train.network.crack_network import crack_network

    keras.utils.set_random_seed(0)
    shipped = crack_network(BACKBONE)
    rest = keras.Model(shipped.get_layer(stem.until).output, shipped.output)
    picture = keras.Input((None, None, stem.channels))
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(picture)
    whole = keras.Model(picture, rest(stem.build(scaled)))
    sides = (8, SIDE_PX, SIDE_PX, stem.channels)
    return to_int8(whole, np.random.default_rng(0).integers(0, 256, sides, np.uint8))


def measure_costs(found: list[Stem], folder: Path, rounds: int) -> list[Cost]:
    """All of them in alternation."""
    files: list[tuple[Path, tuple[int, ...] | None]] = []
    macs = []
    for number, stem in enumerate(found):
        content = make_network(stem)
        file = folder / f"{number}.tflite"
        file.write_bytes(content)
        macs.append(count_macs(file, HEIGHT, WIDTH))
        file.write_bytes(optimize_input(content, CELL_PX))
        interpreter, _ = open_interpreter(file, 1)
        channels = int(interpreter.get_input_details()[0]["shape"][3])
        files.append((file, (1, HEIGHT, WIDTH * stem.channels // channels, channels)))
    taken_ms = time_files(files, rounds) * 1000
    return [
        Cost(stem.name, count, Spread.of(own.tolist()), Spread.of((own / taken_ms[:, 0]).tolist()))
        for stem, count, own in zip(found, macs, taken_ms.T, strict=True)
    ]


def format_table(found: list[Cost]) -> str:
    """In Markdown."""
    lines = [f"One thread of {core_name()}, 640x480, random weights.", ""]
    lines += ["| stem | MMAC | ms (quartiles) | of the shipped |", "|---|---|---|---|"]
    for one in found:
        ms = f"{one.ms.median:.3f} ({one.ms.low:.3f}–{one.ms.high:.3f})"
        lines.append(f"| {one.stem} | {one.macs / 1e6:.1f} | {ms} | {one.of_shipped.median:.2f} |")
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--rounds", type=click.IntRange(1), default=100, show_default=True)
def main(out: Path, rounds: int) -> None:
    """Write stems.json and stems.md into OUT."""
    around = describe_surroundings()
    for warning in around.warnings:
        click.echo(f"warning: {warning}", err=True)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        found = measure_costs(list_stems(), Path(scratch), rounds)
    document = {
        "machine": {**around.to_dict(), "core": core_name()},
        "stems": [asdict(one) for one in found],
    }
    (out / "stems.json").write_text(json.dumps(document, indent=2) + "\n")
    (out / "stems.md").write_text(format_table(found))
    click.echo(format_table(found))


if __name__ == "__main__":
    main()
