"""`crackscan settings`: what is set, and a file to set it with."""

import json
from pathlib import Path

import click


@click.command()
@click.option(
    "--settings", "file", type=click.Path(path_type=Path), help="Instead of the usual file."
)
@click.option("--example", is_flag=True, help="Print a file with every setting, commented.")
@click.option("--json", "as_json", is_flag=True, help="Print the settings as JSON.")
def settings(file: Path | None, example: bool, as_json: bool) -> None:
    """Print the settings in effect, or an example of a settings file.

    They are read from ~/.config/crackscan/settings.toml, or else from /etc/crackscan/settings.toml;
    CRACKSCAN_KEY in the environment overrides the file, and the flags of a command override both.

    Exit code: 0, or 1 with one line for each mistake.
    """
    from dataclasses import asdict

    from crackscan.edge import settings as room

    if example:
        click.echo(room.format_example(), nl=False)
        return
    effective = asdict(room.load_settings(file))
    if as_json:
        click.echo(json.dumps(effective, indent=2))
    else:
        for key, value in effective.items():
            click.echo(f"{key} = {room.toml_of(value)}")
