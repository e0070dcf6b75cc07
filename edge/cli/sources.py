"""`crackscan sources`: what can be scanned, and which cameras are here."""

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from crackscan.edge.capture.present import Camera


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def sources(as_json: bool) -> None:
    """List the kinds of sources, what can be chosen for each, and the cameras that are here now.

    Options follow a #, with commas between them: picamera:0#shutter=1/1000,focus=0.5
    """
    from crackscan.edge.capture.kinds import KINDS
    from crackscan.edge.capture.present import picameras, v4l2_cameras

    ribbon, why = picameras()
    cameras = [*ribbon, *v4l2_cameras()]
    if as_json:
        kinds = [
            {
                "name": kind.name,
                "example": kind.example,
                "help": kind.help,
                "options": {
                    key: {"example": option.example, "help": option.help}
                    for key, option in kind.options.items()
                },
            }
            for kind in KINDS
        ]
        present = [vars(camera) for camera in cameras]
        told = {"kinds": kinds, "cameras": present, "picamera2": why or "ready"}
        click.echo(json.dumps(told, indent=2))
        return
    _print(cameras, why)


def _print(cameras: "list[Camera]", why: str) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from crackscan.edge.capture.kinds import KINDS

    console = Console(highlight=False)
    for kind in KINDS:
        console.print(Text.assemble((kind.name, "bold"), f"  {kind.help}"))
        console.print(Text(f"    for example  {kind.example}"), soft_wrap=True)
        if kind.options:
            table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
            for key, option in kind.options.items():
                table.add_row(Text(f"{key}={option.example}"), Text(option.help))
            console.print(Padding(table, (0, 0, 0, 4)))
    console.print(Text("\nCameras here now", "bold"))
    for camera in cameras:
        note = f"  ({camera.note})" if camera.note else ""
        console.print(Text(f"    {camera.source}  {camera.name}{note}"), soft_wrap=True)
    if not cameras:
        console.print("    none")
    if why:
        console.print(Text(f"    Raspberry Pi cameras were not looked for: {why}"), soft_wrap=True)
