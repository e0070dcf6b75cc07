"""The scan of photographs, from the list to the record."""

from collections.abc import Callable

from crackscan.core.errors import SourceError
from crackscan.edge.pipelines.photos.listing import Listing, list_remaining
from crackscan.edge.pipelines.photos.record import PhotoRecorder, one_line_errors
from crackscan.edge.pipelines.photos.tally import PhotoTally
from crackscan.edge.pipelines.photos.values import PhotoPool


def scan_photos(
    listing: Listing,
    pool: PhotoPool,
    recorder: PhotoRecorder,
    tally: PhotoTally,
    stopped: Callable[[], bool] = lambda: False,
    watch: Callable[[PhotoTally], None] = lambda _: None,
) -> None:
    """Process every photograph that the record does not have yet, and record each when it is done.

    Args:
        listing: the photographs.
        pool: processes them; this process alone writes the record.
        recorder: of an open survey.
        tally: counts along, for the caller to read during and after the run.
        stopped: ends the run within a second or two; everything recorded stays.
        watch: called after each photograph.

    Raises CrackscanError if the disk is full or no worker is left. What was recorded before is in
    the record.
    """
    survey = recorder.survey
    left = list_remaining(listing, survey.file_marks(), stopped)
    tally.total, tally.before = len(listing.tasks), left.done
    tally.replaced, tally.missing = left.replaced, left.missing
    with one_line_errors(survey.folder), survey.transaction():
        for name, mark in left.moved:
            survey.set_file_mark(name, mark)
    tally.begin_run()
    watch(tally)
    for result in pool.process_photos(left.tasks, stopped):
        recorder.record_photo(result)
        tally.add_result(result)
        watch(tally)
    recorder.finish_files()


def demand_photos(listing: Listing, tally: PhotoTally) -> None:
    """Raise SourceError if not one photograph of a complete run could be judged."""
    if tally.skipped and tally.complete and not (tally.judged or tally.before):
        name, reason = min(tally.skipped)
        if listing.is_single:
            raise SourceError(f"{listing.source} {reason}")
        raise SourceError(
            f"none of the {len(tally.skipped)} pictures in {listing.folder} can be read; "
            f"the first: {name} {reason}"
        )
