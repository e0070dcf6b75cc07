"""`crackscan surveys`: lists the surveys in a folder."""

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
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def surveys(folder: Path, as_json: bool) -> None:
    """List the surveys in FOLDER and its subfolders, the oldest first.

    For a survey that cannot be read, the reason is printed; the survey is not changed.
    """
    from crackscan.edge.survey import SurveyReader
    from crackscan.edge.survey.database import DATABASE

    if not folder.is_dir():
        raise CrackscanError(f"{folder} is not a folder")
    listed: list[dict[str, Any]] = []
    for path in sorted(folder.rglob(DATABASE)):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        try:
            with SurveyReader(path.parent) as survey:
                listed.append(_describe_survey(survey))
        except SurveyError as error:
            listed.append({"folder": str(path.parent), "error": str(error)})
        except sqlite3.Error as error:
            listed.append({"folder": str(path.parent), "error": f"{path} is damaged: {error}"})
    listed.sort(key=lambda survey: (survey.get("began", ""), survey["folder"]))
    if as_json:
        click.echo(json.dumps(listed, indent=2))
    else:
        _print_surveys(listed, folder)


def _describe_survey(survey: "SurveyReader") -> dict[str, Any]:
    from crackscan.edge.survey import best_time, iso_time

    info, counts, sessions = survey.info(), survey.counts(), survey.sessions()
    description: dict[str, Any] = {
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
        description |= {
            "began": iso_time(began.wall_s),
            "clock": began.wall_from.word,
            "ended": iso_time(best_time(ended, sessions[-1]).wall_s) if ended else None,
        }
    return description


def _print_surveys(listed: list[dict[str, Any]], folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    readable = [survey for survey in listed if "error" not in survey]
    if readable:
        table = Table(box=None, pad_edge=False)
        for heading in ("folder", "name", "began (UTC)", "ended (UTC)"):
            table.add_column(heading, overflow="fold")
        for heading in ("findings", "pictures", "MB"):
            table.add_column(heading, justify="right")
        for survey in readable:
            ended = survey.get("ended")
            table.add_row(
                Text(survey["folder"]),
                Text(survey["name"]),
                _format_minute(survey.get("began")) + ("" if _has_trusted_clock(survey) else " ?"),
                "running or interrupted" if ended is None else _format_minute(ended),
                str(survey["findings"]),
                str(survey["pictures"]),
                f"{survey['picture_bytes'] / _MB:.0f}",
            )
        Console().print(table)
        if not all(_has_trusted_clock(survey) for survey in readable):
            click.echo("? the clock was not set by NTP or GPS")
    for survey in listed:
        if "error" in survey:
            click.echo(f"Error: {survey['error']}", err=True)
    if not listed:
        click.echo(f"no surveys in {folder}")


def _has_trusted_clock(survey: dict[str, Any]) -> bool:
    return survey.get("clock") in ("ntp", "gps")


def _format_minute(iso: str | None) -> str:
    return (iso or "")[:16].replace("T", " ")
