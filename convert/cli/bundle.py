"""`crackscan-convert bundle`: one file that installs crackscan on a Pi without a network."""

from pathlib import Path

import click

TARGETS = ("pi-bookworm", "pi-trixie")


@click.command()
@click.option(
    "--target", type=click.Choice(TARGETS), required=True, help="The Pi's system, 64-bit."
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="The .tar or .deb to write."
)
def bundle(target: str, out: Path) -> None:
    """Pack this checkout, its models and every wheel that the Pi lacks into one file.

    Needs a network here, and none on the Pi. There:

    \b
      tar xf crackscan-pi.tar
      sudo sh crackscan-pi/install.sh

    A .deb holds the same and runs the same installer: sudo dpkg -i crackscan-pi.deb
    """
    from crackscan.core.errors import CrackscanError

    if out.suffix not in (".tar", ".deb"):
        raise click.BadParameter(f"{out} must end in .tar or .deb", param_hint="--out")
    if not out.parent.is_dir():
        raise CrackscanError(f"cannot write {out}: no such folder")
    from crackscan.convert.bundle import write_bundle as make

    size = make(target, out, lambda step: click.echo(step, err=True))
    click.echo(f"{out}: {size / 1e6:.1f} MB")
