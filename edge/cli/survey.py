"""`crackscan survey`: a folder of photographs into one record, resumable, on all cores."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from crackscan.core.errors import CrackscanError
from crackscan.edge.cli.scale_options import scale_options

if TYPE_CHECKING:
    from crackscan.edge.pipelines.photos import Crew, Method


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder of the survey; made."
)
@click.option("--model", "model_name", help="A shipped model's name, or a .tflite file.")
@click.option(
    "--operating-point",
    "point",
    default="default",
    show_default=True,
    help="One of the thresholds in the model's card.",
)
@click.option("--name", help="What the survey is called; else as its folder.")
@click.option("--site", default="", help="What was surveyed.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Processes, each with one model; else as many as cores and free memory allow.",
)
@click.option(
    "--dask",
    "scheduler",
    metavar="ADDRESS",
    help="Send the photographs to a Dask cluster that sees the same folder, like tcp://host:8786.",
)
@click.option(
    "--pictures-mb",
    type=click.IntRange(min=0),
    help="Quota for pictures; default: all but 500 MB of the disk. Findings are always recorded.",
)
@scale_options
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def survey(
    folder: Path,
    out: Path,
    model_name: str | None,
    point: str,
    name: str | None,
    site: str,
    jobs: int | None,
    scheduler: str | None,
    pictures_mb: int | None,
    distance: str | None,
    camera: str | None,
    lens_mm: float | None,
    target: bool | None,
    points: str | None,
    as_json: bool,
) -> int:
    """Find and measure cracks on all photographs in FOLDER and below it, and record them in a
    survey.

    Positions, heights and laser distances are read from EXIF and from the XMP of DJI and Autel
    drones. The mm of a pixel follow from the lens and the distance; they also choose at which sizes
    a photograph is looked at. Photographs that cannot be judged are recorded as skipped, with
    the reason.

    Ended by Ctrl-C, a kill or a power cut, run it again with the same --out: it goes on, and no
    photograph is recorded twice. One that was replaced by another of the same name is looked at
    again; so is one that could not be read. Photographs that are added later come in the same way.

    Exit code: 0 all photographs are in the record; 1 it failed; 2 bad usage; 130 ended by Ctrl-C
    (143 by SIGTERM).
    """
    from crackscan.edge.cli.survey_report import print_summary, progress_bar, summary
    from crackscan.edge.inference.model import Model
    from crackscan.edge.measurement.scale import ScaleEstimator, ScaleSettings
    from crackscan.edge.pipelines.photos import (
        Method,
        Recorder,
        Tally,
        list_photos,
        open_survey,
        settings_of,
        survey_photos,
    )
    from crackscan.edge.survey import PictureQuota, SurveyInfo

    scale = ScaleSettings.parse(distance, camera, lens_mm, target, points)
    ScaleEstimator.from_settings(scale)
    model = Model.load(model_name, threads=1)
    method = Method(str(model.path.resolve()), point, scale, close_ups=pictures_mb != 0)
    settings = settings_of(method, model.card, folder)
    card = model.card
    del model
    listing = list_photos(folder)
    crew = _crew(method, scheduler, jobs, folder)
    info = SurveyInfo(name or out.name, site, "", str(folder), card.name, card.version)
    budget = PictureQuota() if pictures_mb is None else PictureQuota(pictures_mb * 1_000_000)
    tally = Tally()
    error: CrackscanError | None = None
    with open_survey(out, info, settings, card, listing) as record:
        recorder = Recorder(record, budget)
        with ended_by_signals() as signals, progress_bar(folder) as watch:
            try:
                survey_photos(listing, crew, recorder, tally, lambda: bool(signals), watch)
            except CrackscanError as caught:
                error = caught
    if as_json:
        click.echo(json.dumps(summary(tally, listing, recorder)))
    elif tally.done or error is None:
        print_summary(tally, listing, recorder)
    if error is not None:
        raise error
    if signals:
        click.echo("ended before all were looked at: run it again to go on", err=True)
        return 128 + signals[0]
    return 0


def _crew(method: "Method", scheduler: str | None, jobs: int | None, folder: Path) -> "Crew":
    from crackscan.edge.pipelines.photos import LocalCrew, default_jobs

    if scheduler is None:
        return LocalCrew(method, jobs or default_jobs())
    if jobs is not None:
        raise click.UsageError("--jobs is for this machine: a Dask cluster has its own workers")
    from crackscan.edge.pipelines.photos.dask_pool import DaskCrew

    return DaskCrew(method, scheduler, folder)


@contextmanager
def ended_by_signals() -> Iterator[list[int]]:
    """The first Ctrl-C or SIGTERM ends a run in good order, a second one at once.

    Gives the list of the signals that came.
    """
    received: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        signal.signal(number, signal.default_int_handler)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
