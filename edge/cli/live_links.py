"""Prints the links of the live view, with a QR code for the phone."""

from io import StringIO
from pathlib import Path
from typing import TextIO

import click

from crackscan.edge.web.live.keys import Role
from crackscan.edge.web.live.serve import LiveServer

_WHITE_ON_BLACK, _AS_BEFORE = "\x1b[97;40m", "\x1b[0m"
"""A character stands for light modules."""


def print_links(live: LiveServer, out: TextIO, keys_file: Path | None = None) -> None:
    """Print the links of a live view.

    Keys and codes go to a terminal only: what is written to a file or a journal names the place
    without the key, and the file that holds the keys.
    """
    if live.keys is None:
        click.echo(f"Live view, on this machine only: {live.addresses[0]}", file=out)
    elif out.isatty():
        click.echo(draw_qr_code(live.links()[0]), file=out)
        click.echo("Live view; scan the code, or open on the phone:", file=out)
        for link in live.links():
            click.echo(f"  {link}", file=out)
        click.echo("For viewing only:", file=out)
        click.echo(f"  {live.links(Role.VIEW)[0]}", file=out)
    else:
        kept = f"; its keys are in {keys_file}" if keys_file is not None else ""
        click.echo(f"Live view: {live.addresses[0]}{kept}", file=out)


def draw_qr_code(link: str) -> str:
    """A link as a QR code of half-block characters, dark on light whatever the terminal's colours
    are, with the light border that the standard wants (ISO/IEC 18004)."""
    import segno

    drawn = StringIO()
    segno.make(link, error="l", micro=False).terminal(drawn, compact=True)
    lines = drawn.getvalue().splitlines()
    return "\n".join(f"{_WHITE_ON_BLACK}{line}{_AS_BEFORE}" for line in lines)
