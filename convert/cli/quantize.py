"""`crackscan-convert quantize`: a training run becomes the int8 file that the Pi runs."""

import json
import os
from pathlib import Path

import click

from crackscan.core.errors import CrackscanError


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The .tflite to write.")
@click.option("--name", help="Name in the card.  [default: the file's]")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Data to measure on.  [default: the run's]"
)
@click.option("--json", "as_json", is_flag=True, help="Print the card's figures as JSON.")
def quantize(run: Path, out: Path, name: str | None, data: Path | None, as_json: bool) -> None:
    """Convert RUN, a folder that `crackscan-train fit` left, to full int8.

    The file takes uint8 RGB pictures of any size and carries a card with its name,
    thresholds, training data, and how float and int8 compare on the validation patches.
    """
    if out.suffix != ".tflite":
        raise click.BadParameter(f"{out} must end in .tflite", param_hint="--out")
    if out.is_dir() or not out.parent.is_dir():
        raise CrackscanError(f"cannot write {out}: no such folder")
    if not os.access(out.parent, os.W_OK):
        raise CrackscanError(f"cannot write {out}: its folder takes no files")

    from crackscan.core.tensorflow_import import import_tensorflow

    import_tensorflow()
    from crackscan.convert.quantize import quantize_run
    from crackscan.convert.run_folder import data_of, read_run

    finished = read_run(run)
    figures = quantize_run(finished, data_of(run, data), out, name or out.stem)
    if as_json:
        click.echo(json.dumps(figures, indent=2))
        return
    click.echo(
        f"{out}: {out.stat().st_size / 1000:,.0f} kB, int8."
        f" {figures['patches']} validation patches: AUROC {figures['int8_auroc']:.4f}"
        f" (float {figures['float_auroc']:.4f}), F1 {figures['int8_f1']:.4f}"
        f" (float {figures['float_f1']:.4f})."
    )
    click.echo(f"Try: crackscan classify --model {out} PICTURE")
