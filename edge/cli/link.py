"""`crackscan link`: shows the link of a live view that runs as a service without a terminal."""

import sys
from pathlib import Path

import click

from crackscan.core.errors import CrackscanError


@click.command()
@click.option("--settings", "file", type=click.Path(path_type=Path), help="A settings file (TOML).")
@click.option("--new", is_flag=True, help="Make new keys first; old links become invalid.")
def link(file: Path | None, new: bool) -> None:
    """Show the links of the live view that is set in the settings, with a QR code for a phone.

    Use it for a scan that runs as a service, because the journal does not contain the keys. The
    keys are kept in the file that the setting `live_keys` names. Restart the scan after --new.
    """
    from crackscan.edge.cli.live_links import print_links
    from crackscan.edge.settings import load_settings
    from crackscan.edge.web.live.address import parse_address
    from crackscan.edge.web.live.keys import Keys
    from crackscan.edge.web.live.serve import LiveServer

    settings = load_settings(file)
    if not settings.live:
        raise CrackscanError("the live view is not set: set `live`, for example to 0.0.0.0:8765")
    address = parse_address(settings.live)
    if address.local:
        print_links(LiveServer(address, None), sys.stdout)
        return
    if not settings.live_keys:
        raise CrackscanError("the keys of the live view are not kept: set `live_keys` to a file")
    path = Path(settings.live_keys)
    if new:
        path.unlink(missing_ok=True)
    print_links(LiveServer(address, Keys.load_or_create(path)), sys.stdout, path)
