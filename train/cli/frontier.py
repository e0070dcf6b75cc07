"""`crackscan-train frontier`: networks against their cost."""

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
    "--weights",
    default="imagenet",
    show_default=True,
    help="Where pretrained: imagenet, none, or a FILE for the MobileNets.",
)
@click.option(
    "--variant", "variants", multiple=True, help="A backbone; may be given again.  [default: nine]"
)
@click.option(
    "--teacher",
    type=click.Path(exists=True, path_type=Path),
    help="Run folder or .tflite that the networks without ImageNet's weights learn from.  [default:"
    " they learn from the same examples as the others]",
)
@click.option("--examples", type=click.IntRange(64), default=36_000, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--quick", is_flag=True, help="Very little data: try the whole path in minutes.")
def frontier(
    data: Path,
    out: Path,
    pool: Path | None,
    negatives: Path | None,
    weights: str,
    variants: tuple[str, ...],
    teacher: Path | None,
    examples: int,
    seed: int,
    quick: bool,
) -> None:
    """Train each backbone alike on DATA, quantize it, judge it and measure its cost.

    Equal for all: --examples in one pass, 192 px, batches of 32, AdamW at 2e-3 with cosine decay,
    weights averaged (0.995), the mix of examples of crack-s, one seed; ImageNet's weights where
    there are some. What starts from nothing hardly learns from one pass: with a --teacher, it has
    two passes over its word on 30,000 examples. DATA is as for `model`. Leaves frontier.md and
    frontier.svg in --out, and what each variant came to; run again, it goes on after the last
    finished one.
    """
    from crackscan.core.tensorflow_import import import_tensorflow

    import_tensorflow()
    import os
    from dataclasses import asdict, replace

    from crackscan.core.durable_files import write_atomically
    from crackscan.train.cli.progress import progress_bars
    from crackscan.train.fitting.callbacks import Watch
    from crackscan.train.study.frontier import USUAL, VARIANTS
    from crackscan.train.study.frontier import run_frontier as measured
    from crackscan.train.study.materials import QUICK, Size, gather_materials
    from crackscan.train.study.plot import draw_frontier
    from crackscan.train.study.runs import claim_study
    from crackscan.train.study.table import frontier_page

    if unknown := [one for one in variants if one not in VARIANTS]:
        raise click.BadParameter(f"{unknown[0]}; there are: {', '.join(VARIANTS)}")
    size = QUICK if quick else replace(Size(), examples=examples)
    claim_study(out, {**asdict(size), "weights": weights, "seed": seed, "taught": bool(teacher)})
    with progress_bars() as report:
        materials = gather_materials(
            data, out, size, pool, negatives, len(os.sched_getaffinity(0)), report
        )
        rows = measured(
            out,
            materials,
            variants or USUAL,
            weights,
            seed,
            lambda name: Watch(lambda done, total: report(f"Training {name}", done, total)),
            rounds=5 if quick else 40,
            teacher=teacher,
            on_taught=lambda done: report("Asking the teacher", done, size.taught),
        )
    command = f"crackscan-train frontier DATA --out FOLDER --examples {size.examples} --seed {seed}"
    command += " --teacher MODEL" if teacher else ""
    page = frontier_page(rows, size, seed, command)
    write_atomically(out / "frontier.md", page.encode())
    draw_frontier(rows, out / "frontier.svg")
    click.echo(f"{out / 'frontier.md'}: {len(rows)} networks, cheapest first; frontier.svg beside")
