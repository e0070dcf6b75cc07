"""`crackscan scan`: a camera, a video, a folder or a picture, scanned into a folder."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from crackscan.errors import CrackscanError

if TYPE_CHECKING:
    from crackscan.edge.source import Source


@click.command()
@click.argument("source")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder for the results; made."
)
@click.option("--model", "model_name", help="A shipped model's name, or a .tflite file.")
@click.option(
    "--operating-point",
    "point",
    default="default",
    show_default=True,
    help="One of the thresholds in the model's card.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Threads of the model.")
@click.option(
    "--every", type=click.IntRange(min=1), default=1, help="Scan only every so manieth frame."
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier scan in the same folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def scan(
    source: str,
    out: Path,
    model_name: str | None,
    point: str,
    threads: int | None,
    every: int,
    overwrite: bool,
    as_json: bool,
) -> int:
    """Find cracks in SOURCE: a camera's number (0) or device (/dev/video0), a video, a picture, or
    a folder of pictures with its subfolders.

    The folder --out then holds the frames with the findings outlined (annotated/ or annotated.mp4),
    findings.jsonl (one line a finding, written as it is found) and scan.json (settings, summary).
    Pictures that cannot be read are skipped and named. Ctrl-C ends a scan cleanly.

    Exit code: 0 the scan is complete, cracks or none; 1 it failed; 2 bad usage; 130 ended by Ctrl-C
    (143 by SIGTERM) with everything found so far in place.
    """
    from crackscan.edge.cli.scan_report import print_report, progress_bar
    from crackscan.edge.finding import Rule
    from crackscan.edge.model import Model
    from crackscan.edge.results import Results
    from crackscan.edge.scan import Tally, settings_of
    from crackscan.edge.scan import scan as run_scan
    from crackscan.edge.source import open_source

    model = Model.load(model_name, threads)
    rule = Rule.of(model.card, point)
    tally = Tally()
    error: CrackscanError | None = None
    with open_source(source, every) as opened:
        results = Results(out, settings_of(model, opened, point), overwrite)
        with ended_by_signals(opened) as signals, progress_bar(opened) as watch:
            try:
                run_scan(opened, model, results, rule, tally, watch)
            except CrackscanError as caught:
                error = caught
    if as_json:
        click.echo(json.dumps({**results.settings, "out": str(out), **tally.summary(opened)}))
    elif tally.frames or opened.skipped:
        print_report(tally, opened, results, model.card.name)
    if error is not None:
        raise error
    return 128 + signals[0] if signals else 0


@contextmanager
def ended_by_signals(source: "Source") -> Iterator[list[int]]:
    """The first Ctrl-C or SIGTERM ends a scan after the present frame, a second one at once.

    Gives the list of the signals that came.
    """
    received: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        source.stop()
        signal.signal(number, signal.default_int_handler)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
