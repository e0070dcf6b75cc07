"""Keeps the record of a moving camera's findings: each once, and better as it is seen better."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Finding
from crackscan.edge.measurement.scale import ScaleEstimator
from crackscan.edge.pipelines.live.formatting import line_of, place_of, width_of
from crackscan.edge.pipelines.live.measurer import Measured, Measurer, Work
from crackscan.edge.positioning import NO_GEOTAG, Geotag
from crackscan.edge.positioning.clock import Clock, Instant
from crackscan.edge.survey import Sighting, SurveyWriter
from crackscan.edge.tracking.track import Followed, Moment, Tracked
from crackscan.edge.web.live.hub import Hub
from crackscan.edge.web.live.values import Found

UPDATED_S = 2.0
"""How often a finding in view is brought up to date; one that leaves the view is at once."""
MOST_UPDATES = 4
"""Findings in view that are brought up to date with one frame."""
MOST_FRAMES = 2
"""Frames whose pixels are held back until their findings' turn comes;"""
MOST_FULL = 1
"""and of those with a full-resolution twin, which is large."""


@dataclass(eq=False)
class _Open:
    """A finding that may still be seen again."""

    record: int
    tracked: Tracked
    size: tuple[int, int]
    """Height and width of its best frame."""
    geotag: Geotag
    stored: Tracked
    """As it was last recorded."""
    stored_s: float
    in_view: bool = True
    measured: Measured | None = None
    measured_index: int = -1
    """Of the frame that was measured in."""


class Recorder:
    """Joins the findings of the follower to the record; `take` what each frame brought."""

    def __init__(
        self,
        writer: SurveyWriter,
        clock: Clock,
        cell_px: int,
        scaling: ScaleEstimator,
        complete: Callable[[dict[str, object]], object],
        hub: Hub | None = None,
    ) -> None:
        """`complete` is given each finding once, when it will not change any more, for JSON."""
        self.findings = 0
        """In the record, those that were absorbed not counted."""
        self.measurer = Measurer(cell_px, scaling, self._measured)
        self._writer = writer
        self._clock = clock
        self._complete = complete
        self._hub = hub
        self._open: dict[int, _Open] = {}
        self._ending: dict[int, _Open] = {}
        """By number in the record: complete but for their measures."""
        self._lock = threading.RLock()

    def number_of(self, tracked: Tracked) -> int:
        """A finding's number in the record; 0: it has none yet."""
        with self._lock:
            opened = self._open.get(tracked.number)
            return 0 if opened is None else opened.record

    def take(
        self, frame: Frame, geotag: Geotag, followed: Followed, release: Callable[[int], object]
    ) -> None:
        """Record what a frame brought; does not wait for the disk.

        Args:
            release: is called with the number of each finding whose best frame's pixels are in
                the record's hands now.
        """
        here = {tracked.number: tracked for tracked, _ in followed.here}
        with self._lock:
            for gone, kept in followed.absorbed.items():
                self._absorb(gone, kept)
            for tracked in (*followed.confirmed, *here.values()):
                opened = self._open.get(tracked.number)
                if opened is None:
                    self._begin(tracked, frame, geotag, release)
                    continue
                opened.tracked = tracked
                if tracked.best.at.index == frame.index:
                    opened.geotag, opened.size = geotag, (frame.height, frame.width)
            crowded = self._is_crowded()
            left_to_update = MOST_UPDATES
            for number, opened in list(self._open.items()):
                left = opened.in_view and number not in here
                opened.in_view = number in here
                due = left_to_update > 0 and frame.captured_s - opened.stored_s >= UPDATED_S
                full = crowded and opened.tracked.best.frame is not None
                if left or full or (due and opened.tracked is not opened.stored):
                    left_to_update -= 1
                    self._store(opened, frame.captured_s, release)
            self._end(followed.ended, release)

    def end(self, left: Iterable[Tracked], release: Callable[[int], object]) -> None:
        """No frame of what was followed so far will come: all its findings are complete."""
        with self._lock:
            self._end(left, release)
            for number in list(self._open):
                self._end([self._open[number].tracked], release)

    def close(self, timeout_s: float) -> None:
        """Wait for the last measures, for so long."""
        self.measurer.close(timeout_s)

    def _begin(
        self, tracked: Tracked, frame: Frame, geotag: Geotag, release: Callable[[int], object]
    ) -> None:
        size = frame.height, frame.width
        opened = _Open(0, tracked, size, geotag, tracked, frame.captured_s)
        best = tracked.best.frame
        picture = None if best is None else self._writer.picture_of(best)
        opened.record = self._writer.add_finding(self._sighting(opened), picture)
        self.findings += 1
        self._open[tracked.number] = opened
        self._measure(opened)
        self._show(opened)
        self._let_go(opened, release)

    def _store(self, opened: _Open, now_s: float, release: Callable[[int], object]) -> None:
        tracked = opened.tracked
        best = tracked.best.frame
        if best is not None:
            picture = self._writer.picture_of(best)
            self._writer.update_finding(opened.record, self._sighting(opened), picture)
            self._measure(opened)
        elif tracked is not opened.stored:
            self._writer.update_finding(opened.record, self._sighting(opened))
        opened.stored, opened.stored_s = tracked, now_s
        self._show(opened)
        self._let_go(opened, release)

    def _let_go(self, opened: _Open, release: Callable[[int], object]) -> None:
        """The pixels are with the writer and the measurer now, for as long as those need them."""
        tracked = opened.tracked
        release(tracked.number)
        opened.tracked = opened.stored = tracked.released()

    def _is_crowded(self) -> bool:
        """Whether too many frames' pixels are held back."""
        frames = [opened.tracked.best.frame for opened in self._open.values()]
        held = {id(frame.rgb) for frame in frames if frame is not None}
        full = {id(frame.full) for frame in frames if frame is not None and frame.full is not None}
        return len(held) > MOST_FRAMES or len(full) > MOST_FULL

    def _measure(self, opened: _Open) -> None:
        best = opened.tracked.best
        if best.frame is not None:
            frame = replace(best.frame, full=None)  # its memory is not for those that wait
            self.measurer.add(Work(opened.record, best.finding, frame, opened.geotag))

    def _absorb(self, gone: int, kept: int) -> None:
        part = self._open.pop(gone, None)
        if part is None:
            return
        whole = self._open.get(kept)
        if whole is None:
            self._open[kept] = part
            return
        self._writer.absorb_finding(part.record, whole.record)
        self.findings -= 1
        if self._hub is not None:
            self._hub.gone(part.record)

    def _end(self, ended: Iterable[Tracked], release: Callable[[int], object]) -> None:
        for tracked in ended:
            opened = self._open.get(tracked.number)
            if opened is None:
                continue
            if tracked.best.frame is not None or tracked.last.index != opened.tracked.last.index:
                opened.tracked = tracked
            self._store(opened, opened.stored_s, release)
            del self._open[tracked.number]
            if opened.measured_index == opened.tracked.best.at.index:
                self._complete(self._line(opened))
            else:
                self._ending[opened.record] = opened

    def _measured(self, work: Work, measured: Measured) -> None:
        """Called from the measurer's thread."""
        with self._lock:
            opened = self._ending.get(work.number)
            if opened is None:
                opened = next((o for o in self._open.values() if o.record == work.number), None)
            if opened is None or opened.tracked.best.at.index != work.frame.index:
                return  # absorbed, or seen better meanwhile
            opened.measured, opened.measured_index = measured, work.frame.index
            self._writer.update_finding(opened.record, self._sighting(opened))
            self._show(opened)
            if self._ending.pop(work.number, None) is not None:
                self._complete(self._line(opened))

    def _sighting(self, opened: _Open) -> Sighting:
        tracked, best = opened.tracked, opened.tracked.best
        fits = opened.measured_index == best.at.index
        measured = opened.measured if fits else None
        return Sighting(
            first=self._at(tracked.first),
            last=self._at(tracked.last),
            frame=best.finding.frame,
            frame_index=best.finding.frame_index,
            frame_width=opened.size[1],
            frame_height=opened.size[0],
            box=best.finding.box,
            cells=best.finding.cells,
            area_px=best.finding.area_px,
            probability=tracked.probability,
            peak=tracked.peak,
            mean=best.finding.mean,
            frames_seen=tracked.frames_seen,
            clip_s=best.finding.clip_s,
            geotag=opened.geotag or NO_GEOTAG,
            scale=None if measured is None else measured.scale,
            measures=None if measured is None else measured.measures,
            lines=() if measured is None else measured.lines,
        )

    def _at(self, moment: Moment) -> Instant:
        return self._clock.instant_at(moment.monotonic_s, moment.wall_s)

    def _line(self, opened: _Open) -> dict[str, object]:
        finding = _as_seen(opened.tracked)
        return line_of(opened.record, finding, self._sighting(opened))

    def _show(self, opened: _Open) -> None:
        if self._hub is None:
            return
        best, sighting = opened.tracked.best, self._sighting(opened)
        # What an earlier frame told stays on the list until the best one is measured.
        known = opened.measured
        width = "" if known is None else width_of(known.measures, known.scale)
        found = Found(
            number=opened.record,
            probability=sighting.probability,
            box=sighting.box,
            wall_s=sighting.first.wall_s,
            frame=sighting.frame,
            width=width,
            place=place_of(sighting.geotag),
        )
        self._hub.found(found, None if best.frame is None else best.frame.rgb)


def _as_seen(tracked: Tracked) -> Finding:
    """The finding in its best frame, with the best that any frame says of it."""
    return replace(tracked.best.finding, probability=tracked.probability, peak=tracked.peak)
