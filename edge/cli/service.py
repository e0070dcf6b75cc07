"""`crackscan service`: a scan that starts with the machine."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from crackscan.edge.appliance.service import Place

_user = click.option("--user", is_flag=True, help="A service of this user, not of the machine.")


@click.group()
def service() -> None:
    """Let a scan start with the machine, and again when it fails (systemd).

    The service runs `crackscan scan` as the user crackscan, with the settings in
    /etc/crackscan/settings.toml, and keeps its surveys under /var/lib/crackscan. It is restarted
    when no frame is inferred for a minute, and tried for ever when it fails. Each start makes a new
    survey; one that a power cut ended holds all that was recorded.
    """


@service.command()
@click.option(
    "--source",
    help="What is scanned: /dev/video0, picamera:0, rtsp://...; needed unless it is set.",
)
@_user
@click.option("--no-start", is_flag=True, help="From the next start of the machine on only.")
@click.option("--print", "printed", is_flag=True, help="Print the unit, and change nothing.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Install into the root folder of an image or another disk.",
)
def install(
    source: str | None, user: bool, no_start: bool, printed: bool, root: Path | None
) -> None:
    """Install the service, or renew it after an upgrade; settings that exist are left alone."""
    from crackscan.edge.appliance.service import find_program, format_unit, install_service

    place = _place(user, root)
    if printed:
        click.echo(format_unit(place, find_program()), nl=False)
        return
    started = install_service(place, find_program(), source, not no_start)
    click.echo(f"installed {place.inside(place.unit)}; settings: {place.inside(place.settings)}")
    if started:
        click.echo(f"started; see: crackscan service status{' --user' * user}")
    if user:
        click.echo("to run it without being logged in: sudo loginctl enable-linger $USER")


@service.command()
@_user
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(user: bool, as_json: bool) -> int:
    """Print the state of the service.

    Exit code: 0 it runs, 1 it does not.
    """
    from crackscan.edge.appliance.service import read_status

    found = read_status(_place(user))
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2))
    elif not found.installed:
        click.echo("not installed; see: crackscan service install --help")
    else:
        since = f" since {found.since}" if found.running and found.since else ""
        why = "" if found.result in ("success", "") else f", the last run ended by: {found.result}"
        click.echo(f"{found.active} ({found.sub}){since}, {found.enabled}{why}")
        if found.restarts:
            click.echo(f"restarted {found.restarts} time{'s' * (found.restarts != 1)}")
        if found.text:
            click.echo(found.text)
        if not found.running:
            click.echo(f"see: journalctl {'--user ' * user}-u crackscan")
    return 0 if found.running else 1


@service.command()
@_user
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Remove it from the root folder of an image or another disk.",
)
def uninstall(user: bool, root: Path | None) -> None:
    """Stop the service and remove it; surveys, models and settings stay."""
    from crackscan.edge.appliance.service import uninstall_service

    place = _place(user, root)
    if uninstall_service(place):
        kept = f"{place.inside(place.state)} and {place.inside(place.settings)}"
        click.echo(f"removed; kept: {kept}")
    else:
        click.echo("there was none")


def _place(user: bool, root: Path | None = None) -> "Place":
    from crackscan.edge.appliance.service import Place

    if user and root is not None:
        raise click.UsageError("--root is for a service of the machine, not of a user")
    if user:
        return Place.of_this_user()
    return Place.of_machine((root or Path("/")).resolve())
