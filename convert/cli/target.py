"""`crackscan-convert target`: generate the printable calibration target."""

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def target(folder: Path) -> None:
    """Generate the printable calibration target into FOLDER, one PDF for each paper size.

    `crackscan calibrate --print` copies these files; they are kept in the source code.

    \b
    Try: crackscan-convert target edge/measurement/scale
    """
    from crackscan.convert.calibration_target import write_targets

    for path in write_targets(folder):
        click.echo(path)
