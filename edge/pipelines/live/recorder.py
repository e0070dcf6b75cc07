"""Keeps the record of a moving camera's findings: each once, and better as it is seen better."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from crackscan.edge.capture.frame import Frame
from crackscan.edge.measurement.scale import ScaleEstimator
from crackscan.edge.pipelines.live.formatting import line_of, place_of, width_of
from crackscan.edge.pipelines.live.measurer import Measured, Measurer, Work
from crackscan.edge.positioning import NO_GEOTAG, Geotag
from crackscan.edge.positioning.clock import Clock, Instant
from crackscan.edge.survey import Sighting, SurveyWriter
from crackscan.edge.tracking.track import BestView, FrameStamp, Track, TrackUpdate
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
    track: Track
    view: BestView
    """The best view whose pixels the record has, or gets."""
    size: tuple[int, int]
    """Height and width of the frame of that view."""
    geotag: Geotag
    stored: Track
    """As it was last recorded."""
    stored_s: float
    pixels: Frame | None = None
    """The frame of the view, until it is handed to the writer and the measurer."""
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

    def number_of(self, track: Track) -> int:
        """A finding's number in the record; 0: it has none yet."""
        with self._lock:
            opened = self._open.get(track.number)
            return 0 if opened is None else opened.record

    def record_frame(self, frame: Frame, geotag: Geotag, update: TrackUpdate) -> None:
        """Record what a frame brought; does not wait for the disk."""
        visible = {track.number: track for track, _ in update.visible}
        with self._lock:
            for gone, kept in update.merged.items():
                self._absorb(gone, kept)
            improved = {track.number for track in update.improved}
            for track in (*update.confirmed, *update.improved, *visible.values()):
                opened = self._open.get(track.number)
                if opened is None:
                    self._begin(track, frame, geotag)
                    continue
                opened.track = track
                if track.number in improved:
                    opened.view, opened.pixels = track.best, frame
                    opened.geotag, opened.size = geotag, (frame.height, frame.width)
            crowded = self._is_crowded()
            left_to_update = MOST_UPDATES
            for number, opened in list(self._open.items()):
                left = opened.in_view and number not in visible
                opened.in_view = number in visible
                due = left_to_update > 0 and frame.captured_s - opened.stored_s >= UPDATED_S
                full = crowded and opened.pixels is not None
                if left or full or (due and opened.track is not opened.stored):
                    left_to_update -= 1
                    self._store(opened, frame.captured_s)
            self._end(update.completed)

    def end_tracks(self, left: Iterable[Track]) -> None:
        """No frame of what was tracked so far will come: all its findings are complete."""
        with self._lock:
            self._end(left)
            for number in list(self._open):
                self._end([self._open[number].track])

    def close(self, timeout_s: float) -> None:
        """Wait for the last measures, for so long."""
        self.measurer.close(timeout_s)

    def _begin(self, track: Track, frame: Frame, geotag: Geotag) -> None:
        size = frame.height, frame.width
        opened = _Open(0, track, track.best, size, geotag, track, frame.captured_s)
        if track.best.stamp.index == frame.index:
            opened.pixels = frame
        best = opened.pixels
        picture = None if best is None else self._writer.picture_of(best)
        opened.record = self._writer.add_finding(self._sighting(opened), picture)
        self.findings += 1
        self._open[track.number] = opened
        self._measure(opened)
        self._show(opened)
        opened.pixels = None

    def _store(self, opened: _Open, now_s: float) -> None:
        if opened.pixels is not None:
            picture = self._writer.picture_of(opened.pixels)
            self._writer.update_finding(opened.record, self._sighting(opened), picture)
            self._measure(opened)
        elif opened.track is not opened.stored:
            self._writer.update_finding(opened.record, self._sighting(opened))
        opened.stored, opened.stored_s = opened.track, now_s
        self._show(opened)
        opened.pixels = None

    def _is_crowded(self) -> bool:
        """Whether too many frames' pixels are held back."""
        frames = [opened.pixels for opened in self._open.values()]
        held = {id(frame.rgb) for frame in frames if frame is not None}
        full = {id(frame.full) for frame in frames if frame is not None and frame.full is not None}
        return len(held) > MOST_FRAMES or len(full) > MOST_FULL

    def _measure(self, opened: _Open) -> None:
        if opened.pixels is not None:
            frame = replace(opened.pixels, full=None)  # its memory is not for those that wait
            self.measurer.add(Work(opened.record, opened.view.finding, frame, opened.geotag))

    def _absorb(self, gone: int, kept: int) -> None:
        part = self._open.pop(gone, None)
        if part is None:
            return
        whole = self._open.get(kept)
        if whole is None:
            self._open[kept] = part
            return
        if part.pixels is not None and part.view.quality > whole.view.quality:
            whole.view, whole.pixels = part.view, part.pixels
            whole.geotag, whole.size = part.geotag, part.size
        self._writer.absorb_finding(part.record, whole.record)
        self.findings -= 1
        if self._hub is not None:
            self._hub.gone(part.record)

    def _end(self, ended: Iterable[Track]) -> None:
        for track in ended:
            opened = self._open.get(track.number)
            if opened is None:
                continue
            if track.last.index != opened.track.last.index:
                opened.track = track
            self._store(opened, opened.stored_s)
            del self._open[track.number]
            if opened.measured_index == opened.view.stamp.index:
                self._complete(self._line(opened))
            else:
                self._ending[opened.record] = opened

    def _measured(self, work: Work, measured: Measured) -> None:
        """Called from the measurer's thread."""
        with self._lock:
            opened = self._ending.get(work.number)
            if opened is None:
                opened = next((o for o in self._open.values() if o.record == work.number), None)
            if opened is None or opened.view.stamp.index != work.frame.index:
                return  # absorbed, or seen better meanwhile
            opened.measured, opened.measured_index = measured, work.frame.index
            self._writer.update_finding(opened.record, self._sighting(opened))
            self._show(opened)
            if self._ending.pop(work.number, None) is not None:
                self._complete(self._line(opened))

    def _sighting(self, opened: _Open) -> Sighting:
        track, best = opened.track, opened.view
        fits = opened.measured_index == best.stamp.index
        measured = opened.measured if fits else None
        return Sighting(
            first=self._at(track.first),
            last=self._at(track.last),
            frame=best.finding.frame,
            frame_index=best.finding.frame_index,
            frame_width=opened.size[1],
            frame_height=opened.size[0],
            box=best.finding.box,
            cells=best.finding.cells,
            area_px=best.finding.area_px,
            probability=track.probability,
            peak=track.peak,
            mean=best.finding.mean,
            frames_seen=track.frames_seen,
            clip_s=best.finding.clip_s,
            geotag=opened.geotag or NO_GEOTAG,
            scale=None if measured is None else measured.scale,
            measures=None if measured is None else measured.measures,
            lines=() if measured is None else measured.lines,
        )

    def _at(self, stamp: FrameStamp) -> Instant:
        return self._clock.instant_at(stamp.monotonic_s, stamp.wall_s)

    def _line(self, opened: _Open) -> dict[str, object]:
        track = opened.track
        finding = replace(opened.view.finding, probability=track.probability, peak=track.peak)
        return line_of(opened.record, finding, self._sighting(opened))

    def _show(self, opened: _Open) -> None:
        if self._hub is None:
            return
        sighting = self._sighting(opened)
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
        self._hub.found(found, None if opened.pixels is None else opened.pixels.rgb)
