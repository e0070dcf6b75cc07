"""`crackscan-train ablation`: kinds of training data against what they bring."""

from pathlib import Path

import click


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder of the runs and the page."
)
@click.option(
    "--pool",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Run folder of `model` whose split and renderings are taken.  [default: made in --out]",
)
@click.option(
    "--negatives",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Pictures without a crack.  [default: collected from Debian packages]",
)
@click.option(
    "--teacher",
    type=click.Path(exists=True, path_type=Path),
    help="Run folder or .tflite of the network to learn from.  [default: no such line]",
)
@click.option("--backbone", default="strided-96", show_default=True)
@click.option(
    "--weights",
    default="imagenet",
    show_default=True,
    help="Where pretrained: imagenet, none, or a FILE for the MobileNets.",
)
@click.option("--examples", type=click.IntRange(64), default=36_000, show_default=True)
@click.option("--seeds", type=click.IntRange(1), default=2, show_default=True, help="How many.")
@click.option("--quick", is_flag=True, help="Very little data: try the whole path in minutes.")
def ablation(
    data: Path,
    out: Path,
    pool: Path | None,
    negatives: Path | None,
    teacher: Path | None,
    backbone: str,
    weights: str,
    examples: int,
    seeds: int,
    quick: bool,
) -> None:
    """Train one network on more and more kinds of examples from DATA, and judge it each time.

    Equal for all: --examples in one pass, 192 px, batches of 32, AdamW at 2e-3 with cosine decay,
    weights averaged (0.995). DATA is as for `model`. Leaves ablation.md and ablation.svg in --out,
    and what each run came to; run again, it goes on after the last finished one.
    """
    from crackscan.core.tensorflow_import import import_tensorflow

    import_tensorflow()
    import os
    from dataclasses import asdict, replace

    from crackscan.core.durable_files import write_atomically
    from crackscan.train.cli.progress import progress_bars
    from crackscan.train.fitting.callbacks import Watch
    from crackscan.train.study.ablation import run_ablation as measured
    from crackscan.train.study.ablation_plot import draw_ablation
    from crackscan.train.study.materials import QUICK, Size, gather_materials
    from crackscan.train.study.runs import claim_study
    from crackscan.train.study.table import ablation_page

    size = QUICK if quick else replace(Size(), examples=examples)
    claim_study(out, {**asdict(size), "backbone": backbone, "weights": weights})
    with progress_bars() as report:
        materials = gather_materials(
            data, out, size, pool, negatives, len(os.sched_getaffinity(0)), report, bare=True
        )
        rows = measured(
            out,
            materials,
            backbone,
            weights,
            seeds,
            teacher,
            lambda stage: Watch(lambda done, total: report(f"Training {stage}", done, total)),
            lambda done: report("Asking the teacher", done, size.examples),
        )
    command = (
        f"crackscan-train ablation DATA --out FOLDER --backbone {backbone}"
        f" --examples {size.examples} --seeds {seeds}" + (" --teacher MODEL" if teacher else "")
    )
    page = ablation_page(rows, size, backbone, command)
    write_atomically(out / "ablation.md", page.encode())
    draw_ablation(rows, out / "ablation.svg")
    click.echo(f"{out / 'ablation.md'}: {len(rows)} lines, {seeds} runs each; ablation.svg beside")
