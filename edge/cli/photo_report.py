"""How `crackscan scan` shows the progress of photographs, and their result."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from crackscan.core.model_card import Card
from crackscan.edge.cli.photo_options import model_label
from crackscan.edge.cli.scan_report import ROWS, picture_table, plural, print_table
from crackscan.edge.pipelines.photos.listing import Listing
from crackscan.edge.pipelines.photos.tally import PhotoTally
from crackscan.edge.reporting.result_files import FINDINGS, PICTURES

LINE_S = 60.0
"""Interval of the progress lines without a terminal, in a log for example."""
_SPEED_OVER_S = 300.0
"""The time left is estimated from the speed over this time."""


@contextmanager
def photo_progress(source: Path) -> Iterator[Callable[[PhotoTally], None]]:
    """A bar with the time left on the terminal, else a line a minute; gives what moves it."""
    if not sys.stderr.isatty():  # a service's scan does without rich and its memory
        yield _print_lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )

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
        console=Console(stderr=True),
        transient=True,
        speed_estimate_period=_SPEED_OVER_S,
    ) as progress:
        task = progress.add_task(f"scanning {source}", total=None, note="")

        def watch(tally: PhotoTally) -> None:
            # What earlier runs did is not part of this one: the time left would be too short.
            note = f"{plural(tally.findings, 'finding')}, {len(tally.skipped)} skipped"
            total = tally.total - tally.before
            progress.update(task, total=total, completed=tally.done, note=note)

        yield watch


def _print_lines() -> Callable[[PhotoTally], None]:
    began_s = printed_s = time.monotonic()

    def watch(tally: PhotoTally) -> None:
        nonlocal printed_s
        now_s = time.monotonic()
        if now_s - printed_s < LINE_S or not tally.done:
            return
        printed_s = now_s
        left = tally.total - tally.before - tally.done
        left_s = timedelta(seconds=round(left * (now_s - began_s) / tally.done))
        click.echo(
            f"{tally.before + tally.done} of {plural(tally.total, 'picture')}, "
            f"{plural(tally.findings, 'finding')}, {len(tally.skipped)} skipped; {left_s} left",
            err=True,
        )

    return watch


def print_photos(tally: PhotoTally, listing: Listing, out: Path, card: Card, point: str) -> None:
    """The surest photographs as a table, the counts, and what was skipped or went wrong."""
    if tally.named:
        if len(tally.named) > ROWS:
            click.echo(f"The {ROWS} surest of {len(tally.named)} pictures with cracks:")
        print_table(picture_table(tally.named))
    rate = f", {tally.rate_per_s:.1f} pictures/s" if tally.rate_per_s is not None else ""
    click.echo(
        f"{plural(tally.judged, 'picture')} scanned, {tally.cracked} with cracks, "
        f"{plural(tally.findings, 'finding')} ({model_label(card, point)}){rate}"
    )
    if tally.judged:
        click.echo(
            f"with a position: {tally.with_position} of {tally.judged}, "
            f"with a scale: {tally.with_scale} of {tally.judged}"
        )
    if tally.before:
        click.echo(f"{plural(tally.before, 'picture')} left out: scanned in an earlier session")
    if tally.replaced:
        click.echo(f"{plural(tally.replaced, 'picture')} replaced since: scanned again")
    if tally.missing:
        click.echo(f"{plural(tally.missing, 'picture')} in the record, no longer in the folder")
    drawn = f", {PICTURES}/" if (out / PICTURES).exists() else ""
    click.echo(f"in {out}: survey.sqlite, {FINDINGS}{drawn}")
    for warning in tally.warnings:
        click.echo(f"warning: {warning}", err=True)
    skipped = [*listing.unreadable, *sorted(tally.skipped)]
    for name, reason in skipped[:ROWS]:
        click.echo(f"skipped: {name} {reason}", err=True)
    if (more := len(skipped) - ROWS) > 0:
        click.echo(f"skipped: {more} more, named in scan.json", err=True)
    for name, note in sorted(tally.notes)[:ROWS]:
        click.echo(f"note: {name}: {note}", err=True)
    if (more := len(tally.notes) - ROWS) > 0:
        click.echo(f"note: {more} more, in scan.json", err=True)


def photo_summary(
    tally: PhotoTally, listing: Listing, settings: dict[str, Any], out: Path, left_out: int
) -> dict[str, Any]:
    """For JSON: what the scan was made with, this run, and the record as it is now."""
    summary = tally.summary()
    summary["skipped"] = [
        {"name": name, "reason": reason} for name, reason in listing.unreadable
    ] + summary["skipped"]
    return {**settings, "out": str(out), "pictures_left_out": left_out, **summary}
