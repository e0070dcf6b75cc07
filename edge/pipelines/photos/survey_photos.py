"""The survey of a folder of photographs, from the list to the record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from crackscan.edge.pipelines.photos.listing import Listing, remaining
from crackscan.edge.pipelines.photos.record import Recorder, told_in_one_line
from crackscan.edge.pipelines.photos.values import Crew, Looked, Task


@dataclass
class Tally:
    """What a run has done so far."""

    total: int = 0
    """Photographs in the folder."""
    before: int = 0
    """Of those, in the record from earlier runs."""
    done: int = 0
    """Looked at in this run, or skipped."""
    replaced: int = 0
    missing: int = 0
    cracked: int = 0
    findings: int = 0
    placed: int = 0
    """Photographs whose position is known,"""
    scaled: int = 0
    """and those whose scale is."""
    skipped: list[tuple[str, str]] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether every photograph of the folder is in the record."""
        return self.before + self.done >= self.total

    def add(self, looked: Looked) -> None:
        """Count a photograph."""
        self.done += 1
        if looked.skipped:
            self.skipped.append((looked.name, looked.skipped))
            return
        self.cracked += bool(looked.cracks)
        self.findings += len(looked.cracks)
        self.placed += looked.geotag.position is not None
        self.scaled += looked.scale is not None


def survey_photos(
    listing: Listing,
    crew: Crew,
    recorder: Recorder,
    tally: Tally,
    stopped: Callable[[], bool] = lambda: False,
    watch: Callable[[Tally], None] = lambda _: None,
) -> None:
    """Look at every photograph that the record does not have yet, and record each as it is done.

    Args:
        listing: what the folder holds.
        crew: looks at them; this process alone writes the record.
        recorder: of an open survey.
        tally: counts along, for the caller to read during and after the run.
        stopped: ends the run within a second or two; everything recorded stays.
        watch: called after each photograph.

    Raises CrackscanError: the disk is full, or nobody is left to look. What was recorded before is
    in the record.
    """
    survey = recorder.survey
    left = remaining(listing, survey.file_marks(), stopped)
    tally.total, tally.before = len(listing.tasks), left.done
    tally.replaced, tally.missing = left.replaced, left.missing
    with told_in_one_line(survey.folder), survey.together():
        for name, mark in left.moved:
            survey.set_file_mark(name, mark)
    watch(tally)
    tasks: Sequence[Task] = left.tasks
    for looked in crew.look(tasks, stopped):
        recorder.record(looked)
        tally.add(looked)
        watch(tally)
