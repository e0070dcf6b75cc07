"""`crackscan-convert optimize`: an int8 file is rewritten so that it takes pixels directly."""

from pathlib import Path

import click


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="The .tflite to write.  [default: MODEL]"
)
def optimize(model: Path, out: Path | None) -> None:
    """Remove what MODEL, an int8 .tflite with a card, does to pixels before its first convolution.

    `crackscan-convert quantize` does the same; this is for files that were made before it did.
    Crack maps stay the same, bit for bit, and the card is kept.
    """
    from crackscan.convert.quantize import optimize_file

    target = out or model
    before, after = optimize_file(model, target)
    if before == after:
        click.echo(f"{target}: {after} operators, nothing to remove.")
    else:
        click.echo(f"{target}: {after} operators instead of {before}; the crack maps stay equal.")
