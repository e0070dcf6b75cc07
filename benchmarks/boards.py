"""What Raspberry Pis would reach: a prediction from published figures and ratios measured here.

    python benchmarks/boards.py --out build/bench/results [--submitted figures.json ...]

Nobody has measured crackscan on a board yet. `crackscan bench --submit-file figures.json` on one
writes what this reads with --submitted, and what was measured stands beside the prediction then.
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from crackscan.benchmarks.roofline import HEIGHT, WIDTH, frame_shape, time_files
from crackscan.convert.cost import core_name
from crackscan.convert.macs import count_macs
from crackscan.convert.reference import reference_model
from crackscan.edge.appliance.bench import describe_surroundings, measure_stages
from crackscan.edge.appliance.bench.stages import IN_LINE
from crackscan.edge.inference.model import Model

THREADS_GAIN = 168 / 57
"""Of four threads over one on a Pi 4: SSDLite MobileNetV2 int8 with TFLite, published by
NobuoTsukamoto/benchmarks (TFLite 2.5, 64 bit)."""


@dataclass(frozen=True)
class Board:
    """A board, and MobileNetV2-224 int8 in XNNPACK on it with four threads."""

    name: str
    least_ms: float
    most_ms: float
    why: str


BOARDS = (
    Board("Raspberry Pi 4, 64 bit", 17, 17, "published: XNNPACK's README, February 2022"),
    Board("Raspberry Pi 5", 17 / 3, 17 / 2, "a Cortex-A76 is 2 to 3 times an A72 (vendor)"),
    Board(
        "Raspberry Pi Zero 2 W",
        30 * 1.4,
        30 * 1.4,
        "a Pi 3+ at 1.0 instead of 1.4 GHz; that one is published, 30 ms (XNNPACK's README)",
    ),
)


@dataclass(frozen=True)
class Here:
    """What was measured on this machine with one thread, 640x480."""

    patch_ms: float
    """MobileNetV2-224 int8."""
    map_ms: float
    map_by_patch: float
    """Median of the rounds' ratios."""
    macs_by_patch: float
    rest_ms: float
    """All stages of a live frame but the model, in the mean."""


@dataclass(frozen=True)
class Prediction:
    """Rates of a board at 640x480: from, to."""

    board: str
    maps_per_s: tuple[float, float]
    """Of the network with four threads."""
    frames_per_s: tuple[float, float]
    """Of a live frame with everything, the network in four threads, the rest in one."""
    why: str


def measure_here(name: str, rounds: int, seconds: float) -> Here:
    """The network against one MobileNetV2 patch in alternation, and then the whole frame path."""
    model = Model.load(name, 1)
    reference = reference_model()
    files = [(reference, None), (model.path, frame_shape(model.path))]
    taken_ms = time_files(files, rounds) * 1000
    with tempfile.TemporaryDirectory() as scratch:
        run = measure_stages(model, WIDTH, HEIGHT, seconds, Path(scratch), lambda _: None)
    means_ms = {one.name: one.mean_ms for one in run.stages}
    return Here(
        patch_ms=float(np.median(taken_ms[:, 0])),
        map_ms=float(np.median(taken_ms[:, 1])),
        map_by_patch=float(np.median(taken_ms[:, 1] / taken_ms[:, 0])),
        macs_by_patch=count_macs(model.path, HEIGHT, WIDTH) / count_macs(reference),
        rest_ms=sum(means_ms[stage] for stage in IN_LINE if stage != "model"),
    )


def predict_boards(here: Here) -> list[Prediction]:
    """A map costs a board between its measured ratio to a patch and its ratio in multiply-adds.

    The first holds where few multiply-adds are waited for, the second where all cost the same.
    The rest of a frame is taken to be slower on one core there by as much as one thread of
    MobileNetV2 is, which is too much where this machine has int8 instructions and the board
    has none: the lower rate is a cautious one, the upper one halves that.
    """
    found = []
    for board in BOARDS:
        shares = sorted((here.map_by_patch, here.macs_by_patch))
        maps_ms = board.least_ms * shares[0], board.most_ms * shares[1]
        slower = [ms * THREADS_GAIN / here.patch_ms for ms in (board.least_ms, board.most_ms)]
        frames_ms = maps_ms[0] + here.rest_ms * slower[0] / 2, maps_ms[1] + here.rest_ms * slower[1]
        found.append(
            Prediction(
                board.name,
                (1000 / maps_ms[1], 1000 / maps_ms[0]),
                (1000 / frames_ms[1], 1000 / frames_ms[0]),
                board.why,
            )
        )
    return found


def read_submitted(files: Sequence[Path]) -> list[tuple[str, float]]:
    """Boards that people measured on, and their frames/s at 640x480 with the most threads.

    Raises:
        click.ClickException: a file was not written by `crackscan bench --submit-file`.
    """
    found = []
    for file in files:
        try:
            submitted = json.loads(file.read_text())
            runs = [
                one for one in submitted["runs"] if (one["width"], one["height"]) == (WIDTH, HEIGHT)
            ]
            best = max(runs, key=lambda one: one["threads"])
            found.append((str(submitted["machine"]["board"]), float(best["frames_per_s"])))
        except (ValueError, KeyError, TypeError) as error:
            raise click.ClickException(
                f"{file} is not what crackscan bench --submit-file writes for {WIDTH}x{HEIGHT}"
            ) from error
    return found


def format_table(here: Here, found: list[Prediction], submitted: list[tuple[str, float]]) -> str:
    """In Markdown."""
    lines = [
        f"Measured on one thread of {core_name()}: a map of 640x480 {here.map_ms:.2f} ms, one "
        f"patch of MobileNetV2-224 int8 {here.patch_ms:.2f} ms, ratio {here.map_by_patch:.2f}, "
        f"{here.macs_by_patch:.2f} in multiply-adds; the rest of a live frame "
        f"{here.rest_ms:.2f} ms.",
        "",
        "| predicted, not measured | maps/s | live frames/s | from |",
        "|---|---|---|---|",
    ]
    for one in found:
        rates = [f"{low:.0f}–{high:.0f}" for low, high in (one.maps_per_s, one.frames_per_s)]
        lines.append(f"| {one.board} | {rates[0]} | {rates[1]} | {one.why} |")
    if submitted:
        lines += ["", "| measured on | live frames/s |", "|---|---|"]
        lines += [f"| {board} | {rate:.1f} |" for board, rate in submitted]
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--model", default="crack-s", show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=100, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.1), default=5.0, show_default=True)
@click.option("--submitted", "files", multiple=True,
              type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="What `crackscan bench --submit-file` wrote on a board.")  # fmt: skip
def main(out: Path, model: str, rounds: int, seconds: float, files: tuple[Path, ...]) -> None:
    """Write boards.json and boards.md into OUT."""
    submitted = read_submitted(files)
    around = describe_surroundings()
    for warning in around.warnings:
        click.echo(f"warning: {warning}", err=True)
    out.mkdir(parents=True, exist_ok=True)
    here = measure_here(model, rounds, seconds)
    found = predict_boards(here)
    document: dict[str, Any] = {
        "machine": {**around.to_dict(), "core": core_name()},
        "here": asdict(here),
        "predicted": [asdict(one) for one in found],
        "measured": dict(submitted),
    }
    (out / "boards.json").write_text(json.dumps(document, indent=2) + "\n")
    (out / "boards.md").write_text(format_table(here, found, submitted))
    click.echo(format_table(here, found, submitted))


if __name__ == "__main__":
    main()
