"""`crackscan scan`: a camera, a video, a folder or a picture, scanned into a survey."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from crackscan.core.errors import CrackscanError
from crackscan.edge.cli.scale_options import scale_options

if TYPE_CHECKING:
    from crackscan.edge.capture import Source
    from crackscan.edge.pipelines.live import Setup
    from crackscan.edge.settings import Settings
    from crackscan.edge.web.live.hub import Hub

_LIVE = "127.0.0.1:8765"


@click.command()
@click.argument("source", required=False)
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the survey; made.")
@click.option("--name", help="What the survey is called; else as its folder.")
@click.option("--site", help="What is surveyed.")
@click.option("--model", help="A shipped model's name, or a .tflite file.")
@click.option("--operating-point", help="One of the thresholds in the model's card.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads of the model.")
@click.option("--every", type=click.IntRange(min=1), help="Scan only every so manieth frame.")
@click.option(
    "--annotate/--no-annotate",
    default=None,
    help="Write annotated pictures or an annotated video; a live source's only if asked for.",
)
@click.option(
    "--position",
    metavar="SOURCE",
    help="Where the camera is: none, gpsd[:HOST:PORT], mavlink:udp:HOST:PORT, exif.",
)
@click.option(
    "--live",
    is_flag=False,
    flag_value=_LIVE,
    metavar="[HOST:PORT]",
    help=f"Show the scan to a browser, at {_LIVE} if nothing else is said.",
)
@click.option("--size-budget", "size_budget_mb", type=int, metavar="MB", help="Quota for pictures.")
@click.option(
    "--reserve", "reserve_mb", type=int, metavar="MB", help="Free space that pictures leave."
)
@scale_options
@click.option("--settings", "file", type=click.Path(path_type=Path), help="A settings file (TOML).")
@click.option(
    "--continue",
    "resume",
    is_flag=True,
    help="Go on with the survey in --out, if there is one: a new session in the same record.",
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier scan in the same folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def scan(
    source: str | None,
    out: Path | None,
    annotate: bool | None,
    file: Path | None,
    resume: bool,
    overwrite: bool,
    as_json: bool,
    **flags: Any,
) -> int:
    """Find cracks in SOURCE: a camera (picamera:0, /dev/video0, rtsp://...), a video, a picture, or
    a folder of pictures with its subfolders. `crackscan sources` lists what there is.

    The folder --out is then a survey: the record (survey.sqlite, frames/), which `crackscan
    surveys`, `export` and `report` read, and beside it findings.jsonl (one line a finding),
    scan.json (settings, summary) and the annotated pictures (annotated/ or annotated.mp4). In
    moving pictures the wall is followed, and each crack is one finding.

    With --continue a scan goes on in a survey that was ended, or cut off by a power cut: all that
    is recorded stays, the record knows each session with its source, model and settings, and
    pictures that are in it are not scanned again. The survey keeps its name and site. A crack that
    an earlier session saw counts again; to see what changed between visits, make a survey of each
    and run crackscan compare.

    Everything can be set in a file as well: crackscan settings --example.

    Exit code: 0 the scan is complete, cracks or none; 1 it failed; 2 bad usage; 130 ended by Ctrl-C
    (143 by SIGTERM) with everything found so far in place.
    """
    from crackscan.edge.capture import open_source
    from crackscan.edge.cli.scan_report import print_report, progress_bar
    from crackscan.edge.inference.malloc_tuning import keep_small
    from crackscan.edge.pipelines.live import Tally
    from crackscan.edge.pipelines.live import scan as run_scan
    from crackscan.edge.settings import load
    from crackscan.edge.web.live.hub import Hub

    if resume and overwrite:
        raise click.UsageError("--continue and --overwrite exclude each other.")
    if resume and out is None:
        raise click.UsageError("--continue needs the survey's folder: --out FOLDER.")
    wanted = None if annotate is None else ("yes" if annotate else "no")
    settings = load(file, {**flags, "annotate": wanted, "source": source})
    if not settings.source:
        raise click.UsageError("Missing argument 'SOURCE', and no setting `source`.")
    folder = out or _new_folder(settings)
    keep_small()
    tally = Tally()
    error: CrackscanError | None = None
    with ExitStack() as stack:
        hub = Hub() if settings.live or settings.button_pin or settings.led_pin else None
        setup = _setup(settings, hub, stack)
        opened = stack.enter_context(open_source(settings.source, settings.every))
        _serve(settings, hub, stack)
        setup = _with_position(setup, opened, stack)
        with ended_by_signals(opened) as signals, progress_bar(opened) as watch:
            try:
                run_scan(opened, setup, folder, tally, watch, overwrite, resume)
            except CrackscanError as caught:
                error = caught
    if tally.frames or tally.known or opened.skipped:
        if as_json:
            told = {**setup.described(opened), "out": str(folder), **tally.summary(opened)}
            click.echo(json.dumps(told))
        else:
            print_report(tally, opened, folder, setup)
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


def _new_folder(settings: "Settings") -> Path:
    """A folder for a new survey among the others, named by date and time."""
    if not settings.surveys:
        raise click.UsageError("Missing option '--out', and no setting `surveys`.")
    name = time.strftime("%Y-%m-%d_%H-%M-%S")
    folder = Path(settings.surveys) / name
    again = 1
    while folder.exists():  # a clock that nobody has set may tell the same time twice
        again += 1
        folder = Path(settings.surveys) / f"{name}_{again}"
    return folder


def _setup(settings: "Settings", hub: "Hub | None", stack: ExitStack) -> "Setup":
    from crackscan.edge.detection.finding import Rule
    from crackscan.edge.device.sd_notify import Notify
    from crackscan.edge.inference.model import Model
    from crackscan.edge.measurement.scale import ScaleEstimator, ScaleSettings
    from crackscan.edge.pipelines.live import Setup

    scale = ScaleSettings.parse(
        settings.distance, settings.camera, settings.lens_mm, settings.target, settings.points
    )
    ScaleEstimator.from_settings(scale)
    model = Model.load(settings.model or None, settings.threads or None)
    rule = Rule.of(model.card, settings.operating_point)
    notify = Notify()
    stack.callback(notify.close)
    return Setup(model, rule, settings, scale=scale, hub=hub, notify=notify)


def _with_position(setup: "Setup", source: "Source", stack: ExitStack) -> "Setup":
    from dataclasses import replace

    from crackscan.edge.positioning import open_position
    from crackscan.edge.positioning.clock import Clock

    name = setup.settings.position
    if name == "auto":
        name = "exif" if source.kind == "pictures" else "none"
    stale_s = None if name == "exif" else setup.settings.stale_s
    position = stack.enter_context(open_position(name, stale_s))
    return replace(setup, position=position, clock=Clock(position.satellite_time))


def _serve(settings: "Settings", hub: "Hub | None", stack: ExitStack) -> None:
    if hub is None:
        return
    if settings.button_pin or settings.led_pin:
        from crackscan.edge.appliance.gpio import Panel

        stack.enter_context(Panel(hub, settings.button_pin, settings.led_pin))
    if not settings.live:
        return
    import sys

    from crackscan.edge.web.live.address import parse_address
    from crackscan.edge.web.live.announce import announce_links
    from crackscan.edge.web.live.serve import serve_hub

    keys_file = Path(settings.live_keys) if settings.live_keys else None
    live = stack.enter_context(serve_hub(hub, parse_address(settings.live), keys_file))
    announce_links(live, sys.stderr, keys_file)
