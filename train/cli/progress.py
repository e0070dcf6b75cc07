"""Progress bars on standard error for stages that report how far they are."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TimeRemainingColumn

from crackscan.train.data.thumbnails import Report


@contextmanager
def progress_bars() -> Iterator[Report]:
    """Gives a function (stage, done, total) that shows a bar for each stage until the end."""
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    console = Console(stderr=True)
    hidden = not console.is_terminal  # where it would leave but an empty line
    progress = Progress(*columns, console=console, transient=True, disable=hidden)

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            progress.start()
            tasks[stage] = progress.add_task(stage, total=total)
        progress.update(tasks[stage], completed=done)

    try:
        yield report
    finally:
        if tasks:
            progress.stop()
