"""How `crackscan survey` shows its progress and tells its result."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

from crackscan.edge.pipelines.photos import Listing, Recorder, Tally

ROWS = 20
"""Skipped photographs that are named on the screen."""
LINE_S = 60.0
"""Without a terminal, in a log for one, progress is told so often."""
_SPEED_OVER_S = 300.0


@contextmanager
def progress_bar(folder: Path) -> Iterator[Callable[[Tally], None]]:
    """A bar with the time left on the terminal, else a line now and then; gives what moves it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(
        *columns,
        console=console,
        transient=True,
        speed_estimate_period=_SPEED_OVER_S,
    ) as progress:
        task = progress.add_task(f"surveying {folder}", total=None, note="")

        def watch(tally: Tally) -> None:
            # What earlier runs did is no work of this one: the time left would be too short.
            note = f"{_counted(tally.findings, 'finding')}, {len(tally.skipped)} skipped"
            total = tally.total - tally.before
            progress.update(task, total=total, completed=tally.done, note=note)

        yield watch


def _lines() -> Callable[[Tally], None]:
    began_s = told_s = time.monotonic()

    def watch(tally: Tally) -> None:
        nonlocal told_s
        now_s = time.monotonic()
        if now_s - told_s < LINE_S or not tally.done:
            return
        told_s = now_s
        left = tally.total - tally.before - tally.done
        left_s = timedelta(seconds=round(left * (now_s - began_s) / tally.done))
        click.echo(
            f"{tally.before + tally.done} of {_counted(tally.total, 'photograph')}, "
            f"{_counted(tally.findings, 'finding')}, {len(tally.skipped)} skipped; {left_s} left",
            err=True,
        )

    return watch


def summary(tally: Tally, listing: Listing, recorder: Recorder) -> dict[str, Any]:
    """For JSON: this run, and the record as it is now."""
    return {
        "out": str(recorder.survey.folder),
        "folder": str(listing.folder),
        "photographs": tally.total,
        "recorded_before": tally.before,
        "recorded": tally.done,
        "complete": tally.whole,
        "replaced": tally.replaced,
        "no_longer_there": tally.missing,
        "with_cracks": tally.cracked,
        "findings": tally.findings,
        "with_position": tally.placed,
        "with_scale": tally.scaled,
        "pictures_left_out": recorder.left_out,
        "skipped": [{"name": name, "reason": reason} for name, reason in tally.skipped],
        "unreadable_folders": [
            {"name": name, "reason": reason} for name, reason in listing.unreadable
        ],
    }


def print_summary(tally: Tally, listing: Listing, recorder: Recorder) -> None:
    """The counts, and what could not be judged."""
    judged = tally.done - len(tally.skipped)
    if tally.before:
        click.echo(f"{_counted(tally.before, 'photograph')} recorded by earlier runs")
    if tally.done or not tally.before:
        click.echo(
            f"{_counted(judged, 'photograph')} looked at, {tally.cracked} with cracks, "
            f"{_counted(tally.findings, 'finding')}; position known of {tally.placed}, "
            f"mm of {tally.scaled}"
        )
    if tally.replaced:
        click.echo(f"{tally.replaced} of them replaced since: looked at again")
    if tally.missing:
        click.echo(f"{tally.missing} in the record are no longer in {listing.folder}")
    if recorder.no_pictures is not None:
        click.echo(f"{recorder.left_out} pictures left out: {recorder.no_pictures}", err=True)
    click.echo(f"in {recorder.survey.folder}")
    for name, reason in (*listing.unreadable, *tally.skipped)[:ROWS]:
        click.echo(f"skipped: {name} {reason}", err=True)
    if (more := len(tally.skipped) + len(listing.unreadable) - ROWS) > 0:
        click.echo(f"skipped: {more} more, named in the record", err=True)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + "s" * (count != 1)
