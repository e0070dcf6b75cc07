"""`crackscan-train fit`: from a folder of pictures to a trained network."""

from pathlib import Path
from typing import Any

import click

from crackscan.core.errors import CrackscanError


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out", "run", type=click.Path(path_type=Path), required=True, help="Run folder to make."
)
@click.option(
    "--backbone",
    default="mobilenet-0.25",
    show_default=True,
    help="mobilenet-0.25, efficientnet-lite0 (larger, better), strided-96 (smallest).",
)
@click.option(
    "--weights",
    default="imagenet",
    show_default=True,
    help="imagenet (from the net or a package), a weights FILE or a .tflite model to go on from, or"
    " none.",
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    help="Largest number of epochs.",
)
@click.option(
    "--patience",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Stop after N epochs without a better validation loss.",
)
@click.option("--batch", type=click.IntRange(1), default=32, show_default=True)
@click.option(
    "--size",
    "size_px",
    type=click.IntRange(64, 1024),
    default=224,
    show_default=True,
    help="Patch side, px.",
)
@click.option(
    "--rate",
    type=click.FloatRange(1e-7, 1.0),
    default=1e-3,
    show_default=True,
    help="Learning rate.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--resume", is_flag=True, help="Go on with an interrupted run, as it was started.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.pass_context
def fit(
    ctx: click.Context, /, data: Path, run: Path, resume: bool, as_json: bool, **chosen: Any
) -> None:
    """Train a crack-map network on DATA and leave it in a run folder.

    DATA holds class folders (positive/ and negative/, or the like) or images/ and masks/. Copies
    are found first and kept on one side of the split (70 % train, 20 % validation, 10 % test).
    Watch with: tensorboard --logdir RUN
    """
    if chosen["size_px"] % 16:
        raise click.BadParameter(f"{chosen['size_px']} is not divisible by 16", param_hint="--size")
    if run.exists() and not run.is_dir():
        raise CrackscanError(f"{run} is a file; --out names a folder")

    import json
    from dataclasses import asdict, replace

    from crackscan.core.tensorflow_import import import_tensorflow

    import_tensorflow()
    from crackscan.train.cli.progress import progress_bars
    from crackscan.train.cli.split import print_split
    from crackscan.train.fitting.callbacks import Watch
    from crackscan.train.fitting.settings import FitSettings, read_settings
    from crackscan.train.fitting.train_folder import train_on_folder

    if resume:
        given = {name: value for name, value in chosen.items() if _on_command_line(ctx, name)}
        settings = replace(read_settings(run), **given)
    else:
        settings = FitSettings(**chosen)
    with progress_bars() as report:
        outcome = train_on_folder(
            data,
            run,
            settings,
            resume,
            report,
            print_split,
            Watch(lambda done, total: report("Training", done, total), tell_epoch),
        )
    if as_json:
        click.echo(
            json.dumps(
                {"run": str(run), "settings": asdict(settings), **asdict(outcome)}, default=str
            )
        )
        return
    click.echo(
        f"Best epoch {outcome.best['epoch']:.0f} of {outcome.epochs}:"
        f" validation accuracy {outcome.best['val_patch_accuracy']:.4f}."
    )
    click.echo(f"Model, curves, split and card are in {run}. Next:")
    click.echo(f"  crackscan-train evaluate {run} {data}")
    click.echo(f"  crackscan-convert quantize {run} --out {run.name}.tflite")


def _on_command_line(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def tell_epoch(row: dict[str, float]) -> None:
    """One line an epoch, on standard error."""
    click.echo(
        f"epoch {row['epoch']:.0f}: loss {row['loss']:.4f}, validation loss {row['val_loss']:.4f},"
        f" validation accuracy {row['val_patch_accuracy']:.4f}",
        err=True,
    )
