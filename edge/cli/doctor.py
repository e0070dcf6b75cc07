"""`crackscan doctor`: whether everything that a scan needs is here."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from crackscan.edge.appliance.doctor import Check


@click.command()
@click.option(
    "--settings", "file", type=click.Path(path_type=Path), help="Instead of the usual file."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(file: Path | None, as_json: bool) -> int:
    """Check this machine: system, packages, model, cameras, disk, clock, heat and power.

    Each is ok, a warning (a scan works, but not as well as it could), or broken, with advice.
    Nothing is changed.

    Exit code: 0, or 1 if something that a scan needs is broken.
    """
    from crackscan.edge.appliance.doctor import State, examine_machine

    checks = examine_machine(file)
    healthy = all(check.state is not State.BROKEN for check in checks)
    if as_json:
        document = {"healthy": healthy, "checks": [check.to_dict() for check in checks]}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        _print(checks, healthy)
    return 0 if healthy else 1


def _print(checks: "list[Check]", healthy: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"ok": "green", "warning": "yellow", "broken": "bold red"}
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column()
    table.add_column(overflow="fold")
    for check in checks:
        words = Text(check.found)
        if check.advice:
            words.append(f"\n→ {check.advice}", style="italic")
        table.add_row(Text(check.state.value, colours[check.state.value]), check.name, words)
    console = Console()
    console.print(table)
    warnings = sum(check.state.value == "warning" for check in checks)
    if not healthy:
        console.print("Something that a scan needs is broken.", style="bold red")
    elif warnings:
        console.print(f"A scan works here; {warnings} warning{'s' * (warnings != 1)}.")
    else:
        console.print("A scan works here.", style="green")
