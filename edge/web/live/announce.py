"""Tells the user at the terminal where the live view is, with a code for the phone to scan."""

from io import StringIO
from pathlib import Path
from typing import TextIO

from crackscan.edge.web.live.keys import Role
from crackscan.edge.web.live.serve import Live

_WHITE_ON_BLACK, _AS_BEFORE = "\x1b[97;40m", "\x1b[0m"
"""A character stands for light modules."""


def announce(live: Live, out: TextIO, keys_file: Path | None = None) -> None:
    """Print the links of a live view.

    Keys and codes go to a terminal only: what is written to a file or a journal names the place
    without the key, and where the keys are kept.
    """
    if live.keys is None:
        print(f"Live view, on this machine only: {live.places[0]}", file=out)
    elif out.isatty():
        print(code(live.links()[0]), file=out)
        print("Live view; scan the code, or open on the phone:", file=out)
        for link in live.links():
            print(f"  {link}", file=out)
        print("For looking only:", file=out)
        print(f"  {live.links(Role.VIEW)[0]}", file=out)
    else:
        kept = f"; its keys are in {keys_file}" if keys_file is not None else ""
        print(f"Live view: {live.places[0]}{kept}", file=out)
    out.flush()


def code(link: str) -> str:
    """A link as a QR code of half-block characters, dark on light whatever the terminal's colours
    are, with the light border that the standard wants (ISO/IEC 18004)."""
    import segno

    drawn = StringIO()
    segno.make(link, error="l", micro=False).terminal(drawn, compact=True)
    lines = drawn.getvalue().splitlines()
    return "\n".join(f"{_WHITE_ON_BLACK}{line}{_AS_BEFORE}" for line in lines)
