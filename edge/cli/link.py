"""`crackscan link`: the code of a live view that runs as a service, whose terminal nobody sees."""

import sys
from pathlib import Path

import click

from crackscan.core.errors import CrackscanError


@click.command()
@click.option("--settings", "file", type=click.Path(path_type=Path), help="A settings file (TOML).")
@click.option("--new", is_flag=True, help="Make new keys first; the old links end.")
def link(file: Path | None, new: bool) -> None:
    """Show the links of the live view that the settings describe, with a code for a phone.

    For a scan that runs as a service: its journal does not show the keys. They are kept in the file
    that the setting `live_keys` names; after --new, restart the scan.
    """
    from crackscan.edge.settings import load
    from crackscan.edge.web.live.address import parse_address
    from crackscan.edge.web.live.announce import announce
    from crackscan.edge.web.live.keys import Keys
    from crackscan.edge.web.live.serve import Live

    settings = load(file)
    if not settings.live:
        raise CrackscanError("there is no live view: set `live`, to 0.0.0.0:8765 for one")
    address = parse_address(settings.live)
    if address.local:
        announce(Live(address, None), sys.stdout)
        return
    if not settings.live_keys:
        raise CrackscanError("the live view has new keys each time: set `live_keys` to a file")
    path = Path(settings.live_keys)
    if new:
        path.unlink(missing_ok=True)
    announce(Live(address, Keys.kept(path)), sys.stdout, path)
