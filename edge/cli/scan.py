"""`crackscan scan`: a camera, a video, a folder or a picture, scanned into a survey."""

import json
import re
import time
from contextlib import ExitStack
from pathlib import Path
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
_PHOTO_POSITIONS = ("auto", "exif", "none")


def check_dask_address(address: str) -> str:
    """The address of a Dask scheduler, HOST:PORT with or without a scheme before it.

    Raises click.BadParameter for anything else: the client library would try it for minutes.
    """
    if not re.fullmatch(r"([a-z]+://)?(\[[0-9a-fA-F:.]+\]|[^\s/:@]+):\d{1,5}", address):
        raise click.BadParameter(
            f"{address} is not an address with a port, like tcp://host:8786", param_hint="--dask"
        )
    return address


@click.command()
@click.argument("source", required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the survey; it is made. Without it, one in the current folder.",
)
@click.option("--name", help="Name of the survey; else that of its folder.")
@click.option("--site", help="The site or structure that is surveyed.")
@click.option("--model", help="A shipped model's name, or a .tflite file.")
@click.option("--operating-point", help="One of the thresholds in the model's card.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads of the model.")
@click.option("--every", type=click.IntRange(min=1), help="Scan only every Nth frame or picture.")
@click.option(
    "--annotate/--no-annotate",
    default=None,
    help="Write annotated pictures or an annotated video; of a live source only if asked for.",
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
    help=f"Show the scan in a browser, at {_LIVE} unless another address is given.",
)
@click.option(
    "--size-budget",
    "size_budget_mb",
    type=int,
    metavar="MB",
    help="Space for the pictures of the record; findings are recorded in any case.",
)
@click.option(
    "--reserve",
    "reserve_mb",
    type=int,
    metavar="MB",
    help="Free space on the disk below which no picture is kept.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Photographs: processes, each with one model; else as many as cores and memory allow.",
)
@click.option(
    "--dask",
    callback=lambda _ctx, _option, value: None if value is None else check_dask_address(value),
    metavar="ADDRESS",
    help="Photographs: send them to a Dask cluster that sees the same folder, like tcp://host:8786.",
)
@click.option(
    "--close-ups/--no-close-ups",
    default=True,
    help="Photographs: keep a close-up of each crack with its widths drawn.",
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
    workers: int | None,
    dask: str | None,
    close_ups: bool,
    file: Path | None,
    resume: bool,
    overwrite: bool,
    as_json: bool,
    **flags: Any,
) -> int:
    """Find and measure cracks in SOURCE: a camera (picamera:0, /dev/video0, rtsp://...), a video, a
    picture, or a folder of pictures with its subfolders. `crackscan sources` lists what there is.

    The folder --out is then a survey: the record (survey.sqlite, frames/), which `crackscan
    surveys`, `export` and `report` read, with findings.jsonl (one line per finding),
    scan.json (settings, summary) and the annotated pictures (annotated/ or annotated.mp4).

    Photographs are processed on all cores with the most accurate shipped model, crack-m, at the
    sizes that their resolution on the wall asks for. Positions, heights and laser distances are
    read from EXIF and from the XMP of DJI and Autel drones. A scan of photographs that was ended by
    Ctrl-C, a kill or a power cut goes on when it is run again, and no photograph is recorded twice.
    One that was replaced by another file of the same name is scanned again, and so is one that
    could not be read. What cannot be judged is recorded as skipped, with the reason.

    In moving pictures the wall is followed, and each crack is one finding; the model is crack-s. To
    go on with such a survey after a break or a power cut, give --continue: all that is recorded
    stays, and the record knows each session with its source, model and settings. A crack that an
    earlier session has found counts again; to see what changed between visits, make a survey of
    each and run crackscan compare.

    Everything can be set in a file as well: crackscan settings --example.

    Exit code: 0 the scan is complete, cracks or not; 1 it failed; 2 bad usage; 130 ended by Ctrl-C
    (143 by SIGTERM) with everything found so far in place.
    """
    from crackscan.edge.capture import stored_pictures
    from crackscan.edge.inference.malloc_tuning import keep_small
    from crackscan.edge.settings import load_settings
    from crackscan.edge.web.live.hub import Hub

    if resume and overwrite:
        raise click.UsageError("--continue and --overwrite exclude each other.")
    if resume and out is None:
        raise click.UsageError("--continue needs the survey's folder: --out FOLDER.")
    wanted = None if annotate is None else ("yes" if annotate else "no")
    settings = load_settings(file, {**flags, "annotate": wanted, "source": source})
    if not settings.source:
        raise click.UsageError("Missing argument 'SOURCE', and no setting `source`.")
    photographs = stored_pictures(settings.source)
    if photographs is None and (workers or dask or not close_ups):
        raise click.UsageError(
            "--workers, --dask and --no-close-ups are for folders of pictures and for pictures."
        )
    if photographs is not None and (flags["position"] or "exif") not in _PHOTO_POSITIONS:
        raise click.UsageError(
            "Photographs carry their own positions: --position exif (the default) or none."
        )
    folder = out or _new_folder(settings, photographs)
    keep_small()
    with ExitStack() as stack:
        hub = Hub() if settings.live or settings.button_pin or settings.led_pin else None
        if photographs is None:
            return _scan_live(settings, folder, hub, stack, overwrite, resume, as_json, out is None)
        from crackscan.edge.cli.scan_photos import PhotoOptions, scan_photographs

        options = PhotoOptions(
            workers, dask, close_ups, overwrite, resume, as_json, announce=out is None
        )
        _serve(settings, hub, stack)
        return scan_photographs(photographs, folder, settings, options, hub, stack)


def _scan_live(
    settings: "Settings",
    folder: Path,
    hub: "Hub | None",
    stack: ExitStack,
    overwrite: bool,
    resume: bool,
    as_json: bool,
    announce: bool,
) -> int:
    """Scan a camera, a stream, a video or a watched folder; returns the exit code.

    `announce` prints the folder once the source is open: the user has not named it.
    """
    from crackscan.edge.capture import open_source
    from crackscan.edge.cli.scan_report import print_report, progress_bar
    from crackscan.edge.cli.scan_signals import ended_by_signals
    from crackscan.edge.pipelines.live import LiveTally, scan_source

    tally = LiveTally()
    error: CrackscanError | None = None
    with ExitStack() as opened_after:
        setup = _setup(settings, hub, stack)
        opened = opened_after.enter_context(open_source(settings.source, settings.every))
        _serve(settings, hub, opened_after)
        setup = _with_position(setup, opened, opened_after)
        if announce:
            click.echo(f"recording into {folder}", err=True)
        with ended_by_signals(opened.stop) as signals, progress_bar(opened) as watch:
            try:
                scan_source(opened, setup, folder, tally, watch, overwrite, resume)
            except CrackscanError as caught:
                error = caught
    if tally.frames or tally.known or opened.skipped:
        if as_json:
            summary = {
                **setup.describe_scan(opened),
                "out": str(folder),
                **tally.summarize_scan(opened),
            }
            click.echo(json.dumps(summary))
        else:
            print_report(tally, opened, folder, setup)
    if error is not None:
        raise error
    return 128 + signals[0] if signals else 0


def _new_folder(settings: "Settings", photographs: Path | None) -> Path:
    """The folder of a scan without --out.

    With the setting `surveys` it lies there, named by date and time. Otherwise it lies in the
    current folder: a scan of photographs is named after them, so that running it again goes on,
    any other by date and time.
    """
    stamp = time.strftime("%Y-%m-%d_%H-%M-%S")
    if settings.surveys:
        return _unused_folder(Path(settings.surveys) / stamp)
    if photographs is None:
        return _unused_folder(Path(f"scan-{stamp}"))
    from crackscan.edge.pipelines.photos.folder import is_same_scan

    whole = photographs.resolve()
    name = (whole.name if photographs.is_dir() else whole.stem) or "root"
    folder = Path(f"{name}-scan")
    return folder if is_same_scan(folder, photographs) else _unused_folder(folder)


def _unused_folder(wanted: Path) -> Path:
    """The folder, or if it exists, one with a number after its name."""
    folder, again = wanted, 1
    while folder.exists():  # a clock that nobody has set may show the same time twice
        again += 1
        folder = wanted.with_name(f"{wanted.name}_{again}")
    return folder


def _setup(settings: "Settings", hub: "Hub | None", stack: ExitStack) -> "Setup":
    from crackscan.edge.detection.finding import Rule
    from crackscan.edge.device.sd_notify import ServiceNotifier
    from crackscan.edge.inference.model import Model
    from crackscan.edge.inference.model_store import ModelUse
    from crackscan.edge.measurement.scale import ScaleEstimator, ScaleSettings
    from crackscan.edge.pipelines.live import Setup

    scale = ScaleSettings.parse(
        settings.distance, settings.camera, settings.lens_mm, settings.target, settings.points
    )
    ScaleEstimator.from_settings(scale)
    use = ModelUse.PHOTOGRAPHS if settings.source.startswith("watch:") else ModelUse.MOVING_PICTURES
    model = Model.load(settings.model or None, settings.threads or None, use)
    rule = Rule.of(model.card, settings.operating_point)
    notify = ServiceNotifier()
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

    from crackscan.edge.cli.live_links import print_links
    from crackscan.edge.web.live.address import parse_address
    from crackscan.edge.web.live.serve import serve_hub

    keys_file = Path(settings.live_keys) if settings.live_keys else None
    live = stack.enter_context(serve_hub(hub, parse_address(settings.live), keys_file))
    print_links(live, sys.stderr, keys_file)
