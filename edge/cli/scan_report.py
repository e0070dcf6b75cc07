"""How `crackscan scan` shows the progress and the result of a camera or a video."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from crackscan.edge.capture import Source
from crackscan.edge.pipelines.live import LiveTally, Setup
from crackscan.edge.reporting.caption import format_probability
from crackscan.edge.reporting.result_files import FINDINGS, PICTURES, video_name

if TYPE_CHECKING:
    from rich.table import Table

ROWS = 20
"""Rows in the table, and skipped pictures that are named on the screen."""


@contextmanager
def progress_bar(source: Source) -> Iterator[Callable[[LiveTally], None]]:
    """A bar on the terminal, if there is one; gives the function that moves it."""
    if not sys.stderr.isatty():  # a service's scan does without rich and its memory
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"scanning {source.name}", total=source.length, note="")

        def watch(tally: LiveTally) -> None:
            done = tally.frames + (len(source.skipped) if source.kind == "pictures" else 0)
            progress.update(task, completed=done, note=line_of(tally))

        yield watch


def line_of(tally: LiveTally) -> str:
    """How a scan goes, in one line: `12.3 frames/s, 2 findings, too fast`."""
    rate = f"{tally.recent_fps:.1f} frames/s, " if tally.recent_fps else ""
    message = f", {tally.message}" if tally.message else ""
    warned = f" ({tally.warnings[-1]})" if tally.warnings else ""
    return f"{rate}{plural(tally.findings, 'finding')}{message}{warned}"


def print_report(tally: LiveTally, source: Source, folder: Path, setup: Setup) -> None:
    """The surest findings as a table, the counts, and what was skipped or went wrong."""
    still = source.kind == "pictures"
    noun = "picture" if still else "frame"
    if still and tally.cracked_frames:
        if len(tally.cracked_frames) > ROWS:
            click.echo(f"The {ROWS} surest of {len(tally.cracked_frames)} pictures with cracks:")
        print_table(picture_table(tally.cracked_frames))
    elif tally.surest:
        if len(tally.surest) < tally.findings:
            click.echo(f"The {len(tally.surest)} surest of {tally.findings} findings:")
        print_table(_findings(tally))
    rate = f", {tally.rate_fps:.1f} {noun}s/s" if tally.rate_fps is not None else ""
    click.echo(
        f"{plural(tally.frames, noun)} scanned, {tally.frames_with_findings} with cracks, "
        f"{plural(tally.findings, 'finding')} ({setup.model.card.name}, threshold "
        f"{setup.rule.patch:.2f}){rate}"
    )
    if tally.unclear:
        click.echo(f"{plural(tally.unclear, noun)} not judged: blurred, dark, covered or still")
    if tally.known:
        click.echo(f"{plural(tally.known, noun)} left out: scanned in an earlier session")
    if source.stopped:
        click.echo("ended before the source did")
    if source.dropped:
        click.echo(f"{plural(source.dropped, 'older frame')} dropped to keep up with the camera")
    shown = f"{PICTURES}/" if still else video_name(tally.survey.get("sessions", 1))
    drawn = f", {shown}" if (folder / shown).exists() else ""
    click.echo(f"in {folder}: survey.sqlite, {FINDINGS}{drawn}")
    for warning in tally.warnings:
        click.echo(f"warning: {warning}", err=True)
    for skipped in source.skipped[:ROWS]:
        click.echo(f"skipped: {skipped.name} {skipped.reason}", err=True)
    if (more := len(source.skipped) - ROWS) > 0:
        click.echo(f"skipped: {more} more, named in scan.json", err=True)


def plural(count: int, noun: str) -> str:
    """`1 frame`, `2 frames`."""
    return f"{count} {noun}" + "s" * (count != 1)


def print_table(table: "Table") -> None:
    """On the terminal, without importing rich before."""
    from rich.console import Console

    Console().print(table)


class CrackedPicture(Protocol):
    """A picture with findings, as the table shows it."""

    @property
    def name(self) -> str: ...
    @property
    def findings(self) -> int: ...
    @property
    def probability(self) -> float: ...
    @property
    def area_share(self) -> float: ...


def picture_table(pictures: Iterable[CrackedPicture]) -> "Table":
    """The surest pictures with findings."""
    from rich.table import Table
    from rich.text import Text

    surest = sorted(pictures, key=lambda one: (-round(one.probability, 2), -one.area_share))
    table = Table(box=None, pad_edge=False)
    table.add_column("picture", overflow="fold")
    for heading in ("findings", "surest", "area"):
        table.add_column(heading, justify="right")
    for one in surest[:ROWS]:
        area = f"{one.area_share * 100:.1f} %"
        table.add_row(Text(one.name), str(one.findings), format_probability(one.probability), area)
    return table


def _findings(tally: LiveTally) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("finding", justify="right")
    table.add_column("best frame", overflow="fold")
    for heading in ("frames", "surest", "width"):
        table.add_column(heading, justify="right")
    for one in tally.surest:
        table.add_row(
            str(one["id"]),
            Text(one["frame"]),
            str(one["frames_seen"]),
            format_probability(one["probability"]),
            one["width"],
        )
    return table
