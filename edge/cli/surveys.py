"""`crackscan surveys`: which surveys a folder holds."""

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crackscan.core.errors import CrackscanError, SurveyError

if TYPE_CHECKING:
    from crackscan.edge.survey import SurveyReader

_MB = 1_000_000


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def surveys(folder: Path, as_json: bool) -> None:
    """List the surveys in FOLDER and its subfolders, the oldest first.

    A survey that cannot be read is named with the reason; it is left as it is.
    """
    from crackscan.edge.survey import SurveyReader
    from crackscan.edge.survey.database import DATABASE

    if not folder.is_dir():
        raise CrackscanError(f"{folder} is no folder")
    found = []
    for path in sorted(folder.rglob(DATABASE)):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        try:
            with SurveyReader(path.parent) as survey:
                found.append(_described(survey))
        except SurveyError as error:
            found.append({"folder": str(path.parent), "error": str(error)})
        except sqlite3.Error as error:
            found.append({"folder": str(path.parent), "error": f"{path} is damaged: {error}"})
    found.sort(key=lambda one: (one.get("began", ""), one["folder"]))
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        _print(found, folder)


def _described(survey: "SurveyReader") -> dict[str, Any]:
    from crackscan.edge.survey import best_time, iso_time

    info, counts, sessions = survey.info(), survey.counts(), survey.sessions()
    described: dict[str, Any] = {
        "folder": str(survey.folder),
        "name": info.name,
        "site": info.site,
        "model": f"{info.model} {info.model_version}".strip(),
        "sessions": len(sessions),
        "findings": counts.findings,
        "pictures": counts.pictures,
        "picture_bytes": counts.picture_bytes,
        "scanned": counts.scanned,
    }
    if sessions:
        began = best_time(sessions[0].began, sessions[0])
        ended = sessions[-1].ended
        described |= {
            "began": iso_time(began.wall_s),
            "clock": began.wall_from.word,
            "ended": iso_time(best_time(ended, sessions[-1]).wall_s) if ended else None,
        }
    return described


def _print(found: list[dict[str, Any]], folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    good = [one for one in found if "error" not in one]
    if good:
        table = Table(box=None, pad_edge=False)
        for heading in ("folder", "name", "began (UTC)", "ended (UTC)"):
            table.add_column(heading, overflow="fold")
        for heading in ("findings", "pictures", "MB"):
            table.add_column(heading, justify="right")
        for one in good:
            ended = one.get("ended")
            table.add_row(
                Text(one["folder"]),
                Text(one["name"]),
                _minute(one.get("began")) + ("" if one.get("clock") in ("ntp", "gps") else " ?"),
                "open or cut off" if ended is None else _minute(ended),
                str(one["findings"]),
                str(one["pictures"]),
                f"{one['picture_bytes'] / _MB:.0f}",
            )
        Console().print(table)
        if any(one.get("clock") not in ("ntp", "gps") for one in good):
            click.echo("? by a clock that neither NTP nor GPS had set")
    for one in found:
        if "error" in one:
            click.echo(f"Error: {one['error']}", err=True)
    if not found:
        click.echo(f"no surveys in {folder}")


def _minute(iso: str | None) -> str:
    return (iso or "")[:16].replace("T", " ")
