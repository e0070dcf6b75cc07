"""`crackscan sources`: list the kinds of sources and the attached cameras."""

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from crackscan.edge.capture.camera_discovery import AttachedCamera


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def sources(as_json: bool) -> None:
    """List the kinds of sources, the options of each, and the cameras of this machine.

    Options follow a #, separated by commas: picamera:0#shutter=1/1000,focus=0.5
    """
    from crackscan.edge.capture.camera_discovery import list_picameras, list_v4l2_cameras

    picameras, picamera_error = list_picameras()
    cameras = [*picameras, *list_v4l2_cameras()]
    if as_json:
        _print_json(cameras, picamera_error)
    else:
        _print_table(cameras, picamera_error)


def _print_json(cameras: "list[AttachedCamera]", picamera_error: str) -> None:
    from crackscan.edge.capture.source_kinds import SOURCE_KINDS

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
        for kind in SOURCE_KINDS
    ]
    attached = [vars(camera) for camera in cameras]
    result = {"kinds": kinds, "cameras": attached, "picamera2": picamera_error or "ready"}
    click.echo(json.dumps(result, indent=2))


def _print_table(cameras: "list[AttachedCamera]", picamera_error: str) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from crackscan.edge.capture.source_kinds import SOURCE_KINDS

    console = Console(highlight=False)
    for kind in SOURCE_KINDS:
        console.print(Text.assemble((kind.name, "bold"), f"  {kind.help}"))
        console.print(Text(f"    for example  {kind.example}"), soft_wrap=True)
        if kind.options:
            table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
            for key, option in kind.options.items():
                table.add_row(Text(f"{key}={option.example}"), Text(option.help))
            console.print(Padding(table, (0, 0, 0, 4)))
    console.print(Text("\nCameras of this machine", "bold"))
    for camera in cameras:
        note = f"  ({camera.note})" if camera.note else ""
        console.print(Text(f"    {camera.source}  {camera.name}{note}"), soft_wrap=True)
    if not cameras:
        console.print("    none")
    if picamera_error:
        message = f"    Raspberry Pi cameras cannot be listed: {picamera_error}"
        console.print(Text(message), soft_wrap=True)
