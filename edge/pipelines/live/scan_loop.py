"""The scan from its first frame to its last, whatever ends it."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from crackscan.core.errors import CrackscanError, SourceError
from crackscan.edge.capture import Source
from crackscan.edge.pipelines.live.folder import go_on, make
from crackscan.edge.pipelines.live.live_scan import LiveScan
from crackscan.edge.pipelines.live.onlookers import Onlookers
from crackscan.edge.pipelines.live.photo_scan import WatchedPhotos
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.pipelines.live.tally import Tally
from crackscan.edge.reporting.result_files import Results
from crackscan.edge.survey.database import DATABASE

log = logging.getLogger(__name__)

Watch = Callable[[Tally], None]


def scan(
    source: Source,
    setup: Setup,
    folder: Path,
    tally: Tally,
    watch: Watch = lambda _: None,
    overwrite: bool = False,
    resume: bool = False,
) -> None:
    """Scan every frame of a source into a survey, until it ends or is stopped.

    Pictures are scanned each by itself. In a video or a camera's frames the wall is followed, and
    each crack is recorded once.

    Args:
        source: open; `source.stop()` ends the scan after the present frame.
        folder: made, see `results.make_ready`.
        tally: counts along, for the caller to read during and after the scan.
        watch: called after each frame.
        overwrite: replace the survey that the folder holds.
        resume: go on with the survey that the folder holds, if there is one.

    Raises:
        CrackscanError: the folder cannot be used, the source broke, no frame could be scanned, or
            the disk did not take everything. What was found before is in the record.
    """
    if resume and (folder / DATABASE).exists():
        there = source.length or 0
        survey, results = go_on(folder, source, setup)
        tally.known = there - (source.length or 0)
    else:
        survey, results = make(folder, source, setup, overwrite)
    tally.survey = {"folder": str(folder)}
    if source.kind == "pictures":
        results = _scan_pictures(WatchedPhotos(source, setup, survey, results, tally), watch)
    else:
        results = _scan_moving(LiveScan(source, setup, survey, results, tally), watch)
    if results.trouble is not None:
        raise CrackscanError(results.trouble)


def _scan_pictures(pictures: WatchedPhotos, watch: Watch) -> Results:
    source, tally, results = pictures.source, pictures.tally, pictures.results
    notify = pictures.setup.notify
    notify.unwatched()
    notify.ready()
    try:
        with Onlookers(source, pictures.setup, tally, pictures.survey.info().name):
            for frame in source:
                tally.begin()
                pictures.process_frame(frame)
                notify.status(f"{tally.frames} pictures, {tally.findings} findings")
                watch(tally)
        notify.stopping()
        _demand_frames(source, tally)
        pictures.close()
    except BaseException as error:
        log.error("the scan failed", exc_info=True)
        tally.error = _words(error)
        with suppress(CrackscanError, sqlite3.Error):
            pictures.close()
        with suppress(CrackscanError):
            results.close("failed", tally.summary(source))
        raise
    results.close(_ending(source), tally.summary(source))
    return results


def _scan_moving(live: LiveScan, watch: Watch) -> Results:
    source, tally = live.source, live.tally
    try:
        live.scan_frames(watch)
        _demand_frames(source, tally)
    except BaseException as error:
        log.error("the scan failed", exc_info=True)
        tally.error = _words(error)
        with suppress(CrackscanError):
            live.end_scan("failed")
        raise
    live.end_scan(_ending(source))
    return live.record.results.results


def _demand_frames(source: Source, tally: Tally) -> None:
    if not (tally.frames or tally.known) and source.skipped and not source.stopped:
        first = source.skipped[0]
        raise SourceError(f"nothing could be scanned: {first.name} {first.reason}")


def _ending(source: Source) -> str:
    return "interrupted" if source.stopped else "done"


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
