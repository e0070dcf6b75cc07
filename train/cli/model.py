"""`crackscan-train model`: make a shipped model again, or a better one."""

import os
from pathlib import Path

import click

TEACHERS = {"crack-s": "crack-m", "crack-m": "teacher"}
"""The teacher of each model, unless --teacher names another."""
NAMES = (*TEACHERS, "teacher")


@click.command()
@click.argument("name", type=click.Choice(NAMES))
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out", "run", type=click.Path(path_type=Path), required=True, help="Run folder to make."
)
@click.option(
    "--weights", help="Start of the backbone: imagenet, FILE or none.  [default: imagenet]"
)
@click.option(
    "--negatives",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Pictures without a crack.  [default: collected from Debian packages]",
)
@click.option(
    "--teacher",
    type=click.Path(path_type=Path),
    help="Run folder or .tflite of the model to learn from.  [default: crack-m for crack-s, teacher"
    " for crack-m, beside --out]",
)
@click.option(
    "--from",
    "finished",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Go on from a finished .tflite of this name: only the last stages, from its weights.",
)
@click.option("--quick", is_flag=True, help="Very little data: try the whole path in minutes.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted run.")
def model(
    name: str,
    data: Path,
    run: Path,
    weights: str | None,
    negatives: Path | None,
    teacher: Path | None,
    finished: Path | None,
    quick: bool,
    resume: bool,
) -> None:
    """Train NAME as the shipped model was trained, from DATA to a run folder.

    Train them in this order: teacher, crack-m, crack-s. The teacher, a slower network, learns from
    DATA, then from its own predictions for each example, averaged over rotations and mirror
    images. crack-m starts as a faster network that does the same as the teacher, and learns from
    the teacher's predictions; crack-s learns from those of crack-m.

    DATA holds metu/ (close-ups by class), field_photos/ (annotated photographs) and deepcrack_dev/
    (images and masks, which choose epoch and thresholds and are never trained on). crack-m and
    crack-s end with a mixture of photographs of walls, which needs wall_cracks/ (images/, masks/,
    unlabelled/) and scenes/ (pictures without a crack). Every fifth photograph with masks of the
    first and every fourth picture of the second are held out.
    """
    from crackscan.core.tensorflow_import import import_tensorflow

    import_tensorflow()
    from dataclasses import replace

    from crackscan.train.cli.fit import tell_epoch
    from crackscan.train.cli.progress import progress_bars
    from crackscan.train.fitting.callbacks import Watch
    from crackscan.train.fitting.recipe import RECIPES, renew_recipe
    from crackscan.train.fitting.recipe import shorten_recipe as shortened
    from crackscan.train.fitting.train_model import ModelRequest, train_model

    recipe = shortened(RECIPES[name]) if quick else RECIPES[name]
    if finished and weights:
        raise click.UsageError("--from brings weights of its own: leave out --weights")
    if finished:
        recipe = renew_recipe(recipe, str(finished))
    if finished and name != "crack-s":
        teacher = teacher or finished
    elif name in TEACHERS:
        teacher = teacher or run.parent / TEACHERS[name]
    if weights:
        recipe = replace(recipe, settings=replace(recipe.settings, weights=weights))
    workers = len(os.sched_getaffinity(0))
    with progress_bars() as report:
        outcome = train_model(
            ModelRequest(name, recipe, data, run, negatives, teacher, workers, resume),
            report,
            Watch(lambda done, total: report("Training", done, total), tell_epoch),
        )
    click.echo(
        f"Best epoch {outcome.best['epoch']:.0f} of {outcome.epochs}: development AUROC"
        f" {outcome.best['dev_auroc']:.4f}, on renderings {outcome.best['rendered_auroc']:.4f}."
    )
    click.echo(f"Next: crackscan-convert quantize {run} --out models/{name}.tflite")
