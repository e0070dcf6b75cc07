"""How `crackscan scan` shows its progress and tells its result."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from crackscan.edge.overlay import percent
from crackscan.edge.results import FINDINGS, PICTURES, VIDEO, Results
from crackscan.edge.scan import Tally
from crackscan.edge.source import Source

ROWS = 20
"""Frames in the table, and skipped pictures that are named on the screen."""


@contextmanager
def progress_bar(source: Source) -> Iterator[Callable[[Tally], None]]:
    """A bar on the terminal, if there is one; gives the function that moves it."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(f"scanning {source.name}", total=source.length, note="")

        def watch(tally: Tally) -> None:
            rate = f"{tally.recent_fps:.1f} frames/s, " if tally.recent_fps else ""
            done = tally.frames + (len(source.skipped) if source.kind == "pictures" else 0)
            progress.update(task, completed=done, note=f"{rate}{tally.findings} findings")

        yield watch


def print_report(tally: Tally, source: Source, results: Results, model: str) -> None:
    """The frames with the surest findings as a table, the counts, and what was skipped."""
    noun = "picture" if source.kind == "pictures" else "frame"
    if tally.seen:
        if len(tally.seen) > ROWS:
            click.echo(f"The {ROWS} surest of {len(tally.seen)} {noun}s with cracks:")
        Console().print(_table(tally, noun))
    rate = f", {tally.rate_fps:.1f} {noun}s/s" if tally.rate_fps is not None else ""
    click.echo(
        f"{plural(tally.frames, noun)} scanned, {len(tally.seen)} with cracks, "
        f"{plural(tally.findings, 'finding')} ({model}, threshold "
        f"{results.settings['patch_threshold']:.2f}){rate}"
    )
    if source.stopped:
        click.echo("ended before the source did")
    if source.dropped:
        click.echo(f"{plural(source.dropped, 'older frame')} dropped to keep up with the camera")
    shown = PICTURES + "/" if source.kind == "pictures" else VIDEO
    click.echo(f"in {results.folder}: {FINDINGS}, {shown}")
    for skipped in source.skipped[:ROWS]:
        click.echo(f"skipped: {skipped.name} {skipped.reason}", err=True)
    if (more := len(source.skipped) - ROWS) > 0:
        click.echo(f"skipped: {more} more, named in scan.json", err=True)


def plural(count: int, noun: str) -> str:
    """`1 frame`, `2 frames`."""
    return f"{count} {noun}" + "s" * (count != 1)


def _table(tally: Tally, noun: str) -> Table:
    surest = sorted(tally.seen, key=lambda one: (-round(one.probability, 2), -one.area_share))[
        :ROWS
    ]
    table = Table(box=None, pad_edge=False)
    table.add_column(noun, overflow="fold")
    for heading in ("findings", "surest", "area"):
        table.add_column(heading, justify="right")
    for one in surest:
        area = f"{one.area_share * 100:.1f} %"
        table.add_row(Text(one.name), str(one.findings), percent(one.probability), area)
    return table
