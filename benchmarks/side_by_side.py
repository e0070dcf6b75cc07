"""crackscan and what a user would pick instead, on the same pictures in one run.

    python benchmarks/side_by_side.py --out build/bench/results --data ../shared/data

Each contender is a process of its own, most in an environment of its own; they take turns, round
by round. One that cannot be installed is listed with the reason. `make bench` runs this.
"""

import json
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from rich.console import Console

from crackscan.benchmarks.contenders import NAMES, OURS
from crackscan.benchmarks.contenders.worker import MOST_PATCHES, Contender
from crackscan.benchmarks.peers import networks
from crackscan.benchmarks.peers.child import Child, GoneError
from crackscan.benchmarks.peers.environments import InstallError, environment, module_path
from crackscan.benchmarks.peers.measure import (
    Times,
    measure,
    one_thread_of_opencv,
    picture_file,
    scores,
)
from crackscan.benchmarks.peers.report import draw, markdown, told
from crackscan.convert.cost import core_name
from crackscan.edge.bench import surroundings
from crackscan.edge.model import find_model

SIZES = ("640x480", "1280x720", "4000x3000")
console = Console(stderr=True)


@dataclass
class Bench:
    """Where everything lies, and who takes part."""

    work: Path
    names: list[str]
    left_out: dict[str, str] = field(default_factory=dict)
    pythons: dict[str, Path] = field(default_factory=dict)

    @property
    def files(self) -> Path:
        return self.work / "models"

    def taking_part(self) -> list[str]:
        return [name for name in self.names if name not in self.left_out]

    def leave_out(self, name: str, reason: str) -> None:
        self.left_out.setdefault(name, reason)
        console.print(f"without {name}: {reason}", highlight=False)

    @contextmanager
    def children(self, threads: int) -> Iterator[list[Child]]:
        """Every contender that opens, as running processes."""
        with ExitStack() as stack:
            opened = []
            for name in self.taking_part():
                variables = module_path(self.work / "path")
                try:
                    child = Child(self.pythons[name], name, self.files, threads, variables)
                except GoneError as gone:
                    self.leave_out(name, f"does not run: {gone}")
                    continue
                opened.append(stack.enter_context(child))
            yield opened


def contender(name: str) -> Contender:
    """What a contender says of itself."""
    found = import_module(f"crackscan.benchmarks.contenders.{name}").CONTENDER
    assert isinstance(found, Contender)
    return found


def prepare(bench: Bench, model: Path, metu: Path | None, epochs: int) -> None:
    """Make the environments and the model files that the contenders need."""
    made: dict[tuple[tuple[str, ...], ...], Path] = {(): Path(sys.executable)}
    for name in bench.names:
        installs = contender(name).installs
        if installs not in made:
            console.print(f"environment of {name}", highlight=False)
            try:
                made[installs] = environment(bench.work / name, installs)
            except InstallError as error:
                bench.leave_out(name, f"cannot be installed: {error}")
                continue
        bench.pythons[name] = made[installs]
    needed = {file for name in bench.taking_part() for file in contender(name).files}
    networks.ours(bench.files, model)
    for group, make in networks.makers(bench.files, bench.work, metu, epochs).items():
        missing = [file for file in group if file in needed and not (bench.files / file).is_file()]
        if not missing:
            continue
        console.print(f"making {', '.join(missing)}", highlight=False)
        try:
            make()
        except (InstallError, networks.ConversionError) as error:
            for name in bench.taking_part():
                if set(contender(name).files) & set(missing):
                    bench.leave_out(name, f"cannot be converted: {error}")


def labelled(data: Path, count: int, folder: Path) -> tuple[Path, npt.NDArray[np.bool_]]:
    """Patches of DeepCrack's development photographs by the patch protocol, and their labels."""
    from crackscan.train.dataset.index import read_index
    from crackscan.train.dataset.patches import mask_patches

    root = data / "deepcrack_dev"
    patches = list(mask_patches(root, read_index(root).items))
    at = np.linspace(0, len(patches) - 1, min(count, len(patches))).round().astype(int)
    chosen = [patches[i] for i in at]
    file = folder / "labelled.npy"
    np.save(file, np.stack([one.rgb for one in chosen]))
    return file, np.array([one.label for one in chosen])


def judged(bench: Bench, data: Path, count: int, taught: bool) -> dict[str, float]:
    """AUROC of every contender with trained weights."""
    from crackscan.train.evaluate.metrics import auroc

    file, labels = labelled(data, count, bench.files)
    found = {}
    random = {"mobilenetv2-int8.tflite"}
    if not taught:
        random |= {"notebook-float.tflite", "notebook-int8.tflite"}
    for name in bench.taking_part():
        if set(contender(name).files) & random or "random weights" in contender(name).note:
            continue
        console.print(f"accuracy of {name}", highlight=False)
        variables = module_path(bench.work / "path")
        threads = len(os.sched_getaffinity(0))
        try:
            with Child(bench.pythons[name], name, bench.files, threads, variables) as child:
                found[name] = auroc(labels, scores(child, file))
        except GoneError as gone:
            bench.leave_out(name, f"does not judge patches: {gone}")
    return found


def about(bench: Bench, model: str, rounds: int, count: int, around: dict[str, Any]) -> str:
    """How it was measured, for the table."""
    scored = (
        f" AUROC: {count} patches of 128 px of DeepCrack's development photographs, labelled as "
        "for `crackscan-train evaluate`; none with random weights."
        if count
        else ""
    )
    notes = [
        f"- {contender(one).label}: {contender(one).note}."
        for one in bench.taking_part()
        if contender(one).note
    ]
    lines = [
        f"Ours is `{model}` on {core_name()}, {around['system']}, Python {around['python']}.",
        "",
        f"Contenders take turns, {rounds} rounds after 2 to warm up, each in a process of its own "
        "that keeps to as many cores as it has threads. Times are medians with quartiles over the "
        "rounds, from the picture in memory to the answer; `times ours` is the median of the "
        f"ratios within a round. Of a picture with more than {MOST_PATCHES} patches, a contender "
        f"by patches looks at {MOST_PATCHES} and its time is scaled. Peak MB: resident memory of "
        f"the whole process.{scored}",
        "",
        *notes,
    ]
    for one in around["warnings"]:
        lines += ["", f"**Not to be relied on: {one}.**"]
    return "\n".join(lines)


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="With deepcrack_dev/ for the accuracy and metu/ to teach; else only speed.",
)
@click.option("--model", default="crack-s", show_default=True)
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), default="build/bench",
              show_default=True, help="Keeps environments and model files.")  # fmt: skip
@click.option("--size", "sizes", multiple=True, default=SIZES, show_default=True)
@click.option("--threads", multiple=True, type=click.IntRange(1), default=(1, 2), show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=10, show_default=True)
@click.option("--contender", "names", multiple=True, type=click.Choice(NAMES),
              help="Only these beside crackscan's; else all.")  # fmt: skip
@click.option("--patches", type=click.IntRange(2), default=600, show_default=True,
              help="Labelled ones that each contender judges.")  # fmt: skip
@click.option("--epochs", type=click.IntRange(0), default=3, show_default=True,
              help="The notebook's network learns, once; 0: it stays random.")  # fmt: skip
def main(
    out: Path,
    data: Path | None,
    model: str,
    work: Path,
    sizes: tuple[str, ...],
    threads: tuple[int, ...],
    rounds: int,
    names: tuple[str, ...],
    patches: int,
    epochs: int,
) -> None:
    """Write comparison.json, comparison.md and comparison.svg into OUT."""
    one_thread_of_opencv()
    around = surroundings().to_dict()
    for warning in around["warnings"]:
        console.print(f"warning: {warning}")
    chosen = [name for name in NAMES if not names or name in names or name == OURS]
    bench = Bench(work.absolute(), chosen)
    bench.files.mkdir(parents=True, exist_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    metu = data / "metu" if data is not None and epochs and (data / "metu").is_dir() else None
    prepare(bench, find_model(model), metu, epochs)
    can_judge = data is not None and (data / "deepcrack_dev").is_dir()
    auroc = judged(bench, data, patches, metu is not None) if data and can_judge else {}
    times: list[Times] = []
    for size in sizes:
        width, height = (int(side) for side in size.split("x"))
        picture = picture_file(bench.work / "pictures", width, height)
        for count in threads:
            console.print(f"{size}, threads: {count}", highlight=False)
            with bench.children(count) as children:
                times += measure(children, (width, height), count, picture, rounds, bench.leave_out)
    labels = {name: contender(name).label for name in NAMES}
    document = {
        "command": shlex.join(["benchmarks/side_by_side.py", *sys.argv[1:]]),
        "machine": {**around, "core": core_name()},
        "model": model,
        "auroc": {"patches": patches if auroc else 0, **auroc},
        "contenders": labels,
        "left_out": bench.left_out,
        "times": [told(one) for one in times],
    }
    (out / "comparison.json").write_text(json.dumps(document, indent=2) + "\n")
    text = about(bench, model, rounds, patches if auroc else 0, around)
    table = markdown(times, labels, auroc, bench.left_out, text)
    (out / "comparison.md").write_text(table)
    draw(times, labels, out / "comparison.svg")
    click.echo(table)


if __name__ == "__main__":
    main()
