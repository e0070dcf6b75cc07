"""`crackscan scan` of a folder of photographs, or of one picture."""

import json
import logging
import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crackscan.core.errors import CrackscanError

if TYPE_CHECKING:
    from crackscan.core.model_card import Card
    from crackscan.edge.pipelines.photos.listing import Listing
    from crackscan.edge.pipelines.photos.record import PhotoRecorder
    from crackscan.edge.pipelines.photos.tally import PhotoTally
    from crackscan.edge.pipelines.photos.values import Method, PhotoPool, PhotoResult
    from crackscan.edge.reporting.result_files import Results
    from crackscan.edge.settings import Settings
    from crackscan.edge.web.live.hub import Hub

log = logging.getLogger(__name__)

_MB = 1_000_000
FEW = 4
"""As many photographs, or fewer, are processed here, with all cores for one: a worker process
takes longer to start than they take."""


@dataclass(frozen=True)
class PhotoOptions:
    """The options that count for photographs only, and those for the folder."""

    workers: int | None = None
    """None: as many as cores and free memory allow."""
    dask: str | None = None
    """Address of a Dask scheduler."""
    close_ups: bool = True
    overwrite: bool = False
    resume: bool = False
    as_json: bool = False
    announce: bool = False
    """Print the survey's folder when it is open: the user has not named it."""


def scan_photographs(
    source: Path,
    out: Path,
    settings: "Settings",
    options: PhotoOptions,
    hub: "Hub | None",
    stack: ExitStack,
) -> int:
    """Scan a folder of photographs, or one picture; returns the exit code.

    Args:
        source: the folder or the picture.
        out: folder of the survey.
        settings: those in effect.
        options: of the command.
        hub: the viewers; None: there are none.
        stack: closes what is opened.
    """
    from crackscan.edge.cli.photo_report import photo_progress, photo_summary, print_photos
    from crackscan.edge.cli.scan_signals import ended_by_signals
    from crackscan.edge.pipelines.photos.folder import method_settings, open_survey, survey_info
    from crackscan.edge.pipelines.photos.listing import list_photos
    from crackscan.edge.pipelines.photos.record import PhotoRecorder
    from crackscan.edge.pipelines.photos.tally import PhotoTally
    from crackscan.edge.reporting.result_files import Results
    from crackscan.edge.survey import PictureQuota

    listing = list_photos(source, settings.every)
    method, card, pool = _open_pool(listing, settings, options, hub)
    made_with = {
        **method_settings(method, card, source),
        "size_budget_mb": settings.size_budget_mb,
        "reserve_mb": settings.reserve_mb,
    }
    info = survey_info(out, made_with, settings.name, settings.site)
    survey = stack.enter_context(
        open_survey(out, info, made_with, card, listing, options.overwrite, options.resume)
    )
    if options.announce:
        click.echo(f"recording into {out}", err=True)
    reserve = settings.reserve_mb * _MB
    results = Results(out, made_with, method.annotate, reserve, survey.session)
    tally = PhotoTally(survey={"folder": str(out)})
    budget = PictureQuota(settings.size_budget_mb * _MB or None, reserve)
    show = _Viewers(hub, source, card, method, survey.info().name, tally)
    recorder = PhotoRecorder(survey, budget, results, tally.add_warning, show.show_photo)
    with ended_by_signals() as signals, photo_progress(source) as watch:

        def stopped() -> bool:
            show.show_status()
            return bool(signals)

        error = _run_scan(listing, pool, recorder, results, tally, stopped, watch, stack)
    if options.as_json:
        if error is None or tally.done:
            click.echo(json.dumps(photo_summary(tally, listing, made_with, out, recorder.left_out)))
    elif error is None or tally.judged or tally.before or not listing.is_single:
        print_photos(tally, listing, out, card, method.point)
    if error is not None:
        raise error
    if signals:
        click.echo("ended before all pictures were scanned: run it again to go on", err=True)
        return 128 + signals[0]
    return 0


def _run_scan(
    listing: "Listing",
    pool: "PhotoPool",
    recorder: "PhotoRecorder",
    results: "Results",
    tally: "PhotoTally",
    stopped: Callable[[], bool],
    watch: Callable[["PhotoTally"], None],
    stack: ExitStack,
) -> CrackscanError | None:
    """Scan, and write how it ended into scan.json; returns what went wrong."""
    from crackscan.edge.device.sd_notify import ServiceNotifier
    from crackscan.edge.pipelines.photos.scan_photos import demand_photos, scan_photos
    from crackscan.edge.survey.reading import survey_contents

    notify = ServiceNotifier()
    stack.callback(notify.close)
    notify.end_watchdog()
    notify.report_ready()

    def progress(now: "PhotoTally") -> None:
        notify.report_status(f"{now.judged} pictures, {now.findings} findings")
        watch(now)

    error: CrackscanError | None = None
    state = "failed"
    try:
        if recorder.survey.session > 1:
            recorder.rewrite_findings()
        scan_photos(listing, pool, recorder, tally, stopped, progress)
        demand_photos(listing, tally)
        state = "interrupted" if stopped() and not tally.complete else "done"
    except CrackscanError as caught:
        log.error("the scan failed", exc_info=True)
        error = caught
    finally:
        notify.report_stopping()
        tally.error = "" if error is None else str(error)
        with suppress(CrackscanError):
            tally.survey = survey_contents(recorder.survey)
        try:
            summary = tally.summary()
            summary["skipped"] = [
                *({"name": name, "reason": why} for name, why in listing.unreadable),
                *summary["skipped"],
            ]
            results.close(state, {**summary, "pictures_left_out": recorder.left_out})
        except CrackscanError as caught:
            error = error or caught
    if error is None and results.trouble is not None:
        return CrackscanError(results.trouble)
    return error


def _open_pool(
    listing: "Listing", settings: "Settings", options: PhotoOptions, hub: "Hub | None"
) -> "tuple[Method, Card, PhotoPool]":
    """How the photographs are processed, the card of the model, and what processes them."""
    from crackscan.edge.inference.model import Model
    from crackscan.edge.inference.model_store import ModelUse
    from crackscan.edge.measurement.scale import ScaleEstimator, ScaleSettings
    from crackscan.edge.pipelines.photos.detect_photo import PhotoDetector
    from crackscan.edge.pipelines.photos.process_pool import (
        ProcessPool,
        SerialPool,
        default_workers,
    )
    from crackscan.edge.pipelines.photos.values import Method

    if options.dask and options.workers:
        raise click.UsageError("--workers is for this machine: a Dask cluster has its own workers")
    alone = len(listing.tasks) <= FEW and not (options.dask or options.workers)
    threads = settings.threads or (None if alone else 1)
    model = Model.load(settings.model or None, threads, ModelUse.PHOTOGRAPHS)
    model.card.operating_point(settings.operating_point)
    scale = ScaleSettings.parse(
        settings.distance, settings.camera, settings.lens_mm, settings.target, settings.points
    )
    ScaleEstimator.from_settings(scale)
    method = Method(
        str(model.path.resolve()),
        settings.operating_point,
        scale,
        threads,
        most_close_ups=Method.most_close_ups if options.close_ups else 0,
        keep_position=settings.position != "none",
        annotate=settings.annotate != "no",
        preview=hub is not None,
    )
    if alone:
        return method, model.card, SerialPool(PhotoDetector(method, model))
    if options.dask:
        from crackscan.edge.pipelines.photos.dask_pool import DaskPool

        return method, model.card, DaskPool(method, options.dask, listing.folder)
    workers = options.workers or max(default_workers() // (threads or 1), 1)
    return method, model.card, ProcessPool(method, workers)


class _Viewers:
    """Shows the photographs to the viewers of the live page, if there are any."""

    def __init__(
        self,
        hub: "Hub | None",
        source: Path,
        card: "Card",
        method: "Method",
        survey: str,
        tally: "PhotoTally",
    ) -> None:
        self._hub = hub
        self._source = source
        self._card = card
        self._point = card.operating_point(method.point)
        self._survey = survey
        self._tally = tally

    def show_photo(self, result: "PhotoResult", first: int) -> None:
        """Show a recorded photograph, whose first finding has that number."""
        if self._hub is not None:
            import time

            from crackscan.edge.pipelines.photos.viewers import show_photo

            show_photo(self._hub, result, first, self._point.cell, time.time())

    def show_status(self) -> None:
        """Show how the scan goes, and refuse what viewers ask for."""
        if self._hub is None:
            return
        from crackscan.edge.pipelines.photos.viewers import refuse_commands
        from crackscan.edge.web.live.values import Status

        refuse_commands(self._hub)
        tally = self._tally
        self._hub.publish_status(
            Status(
                source=os.fspath(self._source),
                model=self._card.name,
                survey=self._survey,
                frames=tally.judged,
                frames_per_s=tally.rate_per_s,
                findings=tally.findings,
                recording=True,
                trouble=tally.warnings[-1] if tally.warnings else "",
                threshold=self._point.finding_threshold,
            )
        )
