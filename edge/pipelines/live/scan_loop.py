"""Scans a source from its first frame to its last, whatever ends the scan."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from crackscan.core.errors import CrackscanError, SourceError
from crackscan.edge.capture import Source
from crackscan.edge.pipelines.live.folder import create_survey, resume_survey
from crackscan.edge.pipelines.live.live_scan import LiveScan
from crackscan.edge.pipelines.live.photo_scan import WatchedPhotos
from crackscan.edge.pipelines.live.photo_status import PhotoStatus
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.pipelines.live.tally import LiveTally
from crackscan.edge.reporting.result_files import Results
from crackscan.edge.survey.database import DATABASE

log = logging.getLogger(__name__)

Watch = Callable[[LiveTally], None]


def scan_source(
    source: Source,
    setup: Setup,
    folder: Path,
    tally: LiveTally,
    watch: Watch = lambda _: None,
    overwrite: bool = False,
    resume: bool = False,
) -> None:
    """Scan every frame of a source into a survey, until it ends or is stopped.

    Photographs of a watched folder are scanned one by one. In the frames of a video or a camera
    cracks are tracked, and each crack is recorded once.

    Args:
        source: open; `source.stop()` ends the scan after the present frame.
        folder: made, see `results.prepare_folder`.
        tally: is updated, for the caller to read during and after the scan.
        watch: called after each frame.
        overwrite: replace the survey that the folder holds.
        resume: continue the survey that the folder holds, if there is one.

    Raises:
        CrackscanError: the folder cannot be used, the source broke, no frame could be scanned, or
            the disk did not take everything. What was found before is in the record.
    """
    if resume and (folder / DATABASE).exists():
        there = source.length or 0
        survey, results = resume_survey(folder, source, setup)
        tally.known = there - (source.length or 0)
    else:
        survey, results = create_survey(folder, source, setup, overwrite)
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
    notify.end_watchdog()
    notify.report_ready()
    try:
        with PhotoStatus(source, pictures.setup, tally, pictures.survey.info().name):
            for frame in source:
                tally.note_start()
                pictures.process_frame(frame)
                notify.report_status(f"{tally.frames} pictures, {tally.findings} findings")
                watch(tally)
        notify.report_stopping()
        _require_frames(source, tally)
        pictures.close()
    except BaseException as error:
        log.error("the scan failed", exc_info=True)
        tally.error = _describe_error(error)
        with suppress(CrackscanError, sqlite3.Error):
            pictures.close()
        with suppress(CrackscanError):
            results.close("failed", tally.summarize_scan(source))
        raise
    results.close(_final_state(source), tally.summarize_scan(source))
    return results


def _scan_moving(live: LiveScan, watch: Watch) -> Results:
    source, tally = live.state.source, live.state.tally
    try:
        live.scan_frames(watch)
        _require_frames(source, tally)
    except BaseException as error:
        log.error("the scan failed", exc_info=True)
        tally.error = _describe_error(error)
        with suppress(CrackscanError):
            live.end_scan("failed")
        raise
    live.end_scan(_final_state(source))
    return live.state.record.results.results


def _require_frames(source: Source, tally: LiveTally) -> None:
    if not (tally.frames or tally.known) and source.skipped and not source.stopped:
        first = source.skipped[0]
        raise SourceError(f"nothing could be scanned: {first.name} {first.reason}")


def _final_state(source: Source) -> str:
    return "interrupted" if source.stopped else "done"


def _describe_error(error: BaseException) -> str:
    return str(error) or type(error).__name__
