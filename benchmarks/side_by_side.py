"""crackscan and what a user would pick instead, on the same pictures in one run.

    python benchmarks/side_by_side.py --out build/bench/results --data ../shared/data

Each contender is a process of its own, most in an environment of its own; they take turns, round
by round. One that cannot be installed is listed with the reason. `make bench` runs this; where a
machine is quiet for minutes only, --prepare and --resume make it in slices.
"""

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from crackscan.benchmarks.contenders import NAMES, OURS
from crackscan.benchmarks.contenders.worker import MOST_PATCHES, MOST_S
from crackscan.benchmarks.peers.accuracy import judge_contenders
from crackscan.benchmarks.peers.bench import Bench, console, describe_contender, prepare_bench
from crackscan.benchmarks.peers.measure import (
    WARM_UP,
    measure_contenders,
    one_thread_of_opencv,
    picture_file,
)
from crackscan.benchmarks.peers.networks import Lessons
from crackscan.benchmarks.peers.others import Others
from crackscan.benchmarks.peers.report import draw_rates, format_markdown, times_as_json
from crackscan.benchmarks.peers.slices import Accuracy, Slice, Slices
from crackscan.convert.cost import core_name
from crackscan.edge.appliance.bench import describe_surroundings
from crackscan.edge.inference.model import find_model

SIZES = ("640x480", "1280x720", "4000x3000")
LARGE_PX = 4_000_000
"""Pictures of more pixels get half the rounds."""


def describe_conditions(
    model: str, slices: Sequence[Slice], accuracy: Accuracy | None, around: dict[str, Any]
) -> str:
    """How it was measured, for the table."""
    rounds = sorted({one.rounds for one in slices})
    names = list(dict.fromkeys(each.contender for one in slices for each in one.times))
    scored = (
        f" AUROC: {accuracy.patches} patches of 128 px of DeepCrack's development photographs, "
        "labelled as for `crackscan-train evaluate`; none with random weights. The notebook's "
        f"network: {accuracy.lessons}."
        if accuracy
        else ""
    )
    runs_on = {each.contender: each.runs_on for one in slices for each in one.times}
    versions = ", ".join(sorted(set(runs_on.values())))
    notes = [
        f"- {describe_contender(one).label}: {describe_contender(one).note}."
        for one in names
        if describe_contender(one).note
    ]
    lines = [
        f"Ours is `{model}` on {core_name()}, {around['system']}, Python {around['python']}: "
        f"{versions}.",
        "",
        f"Contenders take turns, {' or '.join(map(str, rounds))} rounds after {WARM_UP} to warm "
        "up, each in a process of its own that keeps to as many cores as it has threads. Times are "
        "medians with quartiles over the rounds, from the picture in memory to the answer; `times "
        "ours` is the median of the ratios within a round. A contender by patches looks at no more "
        f"than {MOST_PATCHES} of a picture, and for no longer than {MOST_S:g} s, spread over it; "
        "its time is scaled to all. Peak MB: resident memory of the whole process."
        f"{scored}",
        "",
        *notes,
    ]
    for one in slices:
        for warning in one.warnings:
            where = f"{one.width}x{one.height}, threads: {one.threads}"
            lines += ["", f"**Not to be relied on ({where}): {warning}.**"]
    return "\n".join(lines)


def measure_slice(bench: Bench, width: int, height: int, threads: int, rounds: int) -> Slice:
    """All contenders on one size of picture with one number of threads."""
    console.print(f"{width}x{height}, threads: {threads}", highlight=False)
    picture = picture_file(bench.work / "pictures", width, height)
    if width * height > LARGE_PX:
        rounds = -(-rounds // 2)
    with Others() as others, bench.children(threads) as children:
        times = measure_contenders(
            children, (width, height), threads, picture, rounds, bench.leave_out
        )
    for warning in others.warnings:
        console.print(f"warning: {warning}")
    return Slice(
        width, height, threads, rounds, tuple(others.warnings), dict(bench.left_out), tuple(times)
    )


def write_results(out: Path, model: str, slices: Sequence[Slice], accuracy: Accuracy | None) -> str:
    """Table, figures and plot of all slices; gives the table."""
    around = describe_surroundings().to_dict()
    del around["others_share"], around["warnings"]  # each slice has its own
    times = [each for one in slices for each in one.times]
    left_out = {name: why for one in slices for name, why in one.left_out.items()}
    labels = {name: describe_contender(name).label for name in NAMES}
    auroc = accuracy.auroc if accuracy else {}
    document = {
        "command": shlex.join(["benchmarks/side_by_side.py", *sys.argv[1:]]),
        "machine": {**around, "core": core_name()},
        "model": model,
        "auroc": {"patches": accuracy.patches if accuracy else 0, **auroc},
        "contenders": labels,
        "left_out": left_out,
        "times": [times_as_json(one) for one in times],
    }
    (out / "comparison.json").write_text(json.dumps(document, indent=2) + "\n")
    table = format_markdown(
        times, labels, auroc, left_out, describe_conditions(model, slices, accuracy, around)
    )
    (out / "comparison.md").write_text(table)
    draw_rates(times, labels, out / "comparison.svg")
    return table


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
@click.option("--rounds", type=click.IntRange(1), default=8, show_default=True)
@click.option("--contender", "names", multiple=True, type=click.Choice(NAMES),
              help="Only these beside crackscan's; else all.")  # fmt: skip
@click.option("--patches", type=click.IntRange(2), default=600, show_default=True,
              help="Labelled ones that each contender judges.")  # fmt: skip
@click.option("--lessons", type=click.IntRange(0), default=3000, show_default=True,
              help="Pictures that the notebook's network learns from; 0: none.")  # fmt: skip
@click.option("--epochs", type=click.IntRange(1), default=3, show_default=True,
              help="So often it sees them.")  # fmt: skip
@click.option("--prepare", "only_prepare", is_flag=True,
              help="Only make environments and model files, and judge patches.")  # fmt: skip
@click.option("--resume", is_flag=True,
              help="Keep what OUT has of this model and machine; measure the rest.")  # fmt: skip
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
    lessons: int,
    epochs: int,
    only_prepare: bool,
    resume: bool,
) -> None:
    """Write comparison.json, comparison.md and comparison.svg into OUT, and into OUT/comparison
    a file for each size and number of threads."""
    one_thread_of_opencv()
    chosen = [name for name in NAMES if not names or name in names or name == OURS]
    bench = Bench(work.absolute(), chosen)
    bench.files.mkdir(parents=True, exist_ok=True)
    file = find_model(model)
    slices = Slices(out / "comparison", file)
    if not resume:
        slices.clear_results()
    metu = data / "metu" if data is not None and lessons and (data / "metu").is_dir() else None
    learned = Lessons(metu, lessons, epochs)
    prepare_bench(bench, file, learned)
    can_judge = data is not None and (data / "deepcrack_dev").is_dir()
    if data is not None and can_judge:
        earlier = slices.read_accuracy()
        auroc = dict(earlier.auroc) if earlier and earlier.patches == patches else {}
        for name, found in judge_contenders(bench, data, patches, metu is not None, auroc):
            auroc[name] = found
            slices.keep_accuracy(Accuracy(patches, str(learned), auroc))
    if only_prepare:
        return
    for size in sizes:
        width, height = (int(side) for side in size.split("x"))
        for count in threads:
            if not slices.has_result(width, height, count):
                slices.keep_result(measure_slice(bench, width, height, count, rounds))
    click.echo(write_results(out, model, slices.kept_results(), slices.read_accuracy()))


if __name__ == "__main__":
    main()
