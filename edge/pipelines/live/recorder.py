"""Joins the tracks to the record: each crack once, and better as it is seen better."""

import queue
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from crackscan.edge.capture.frame import Frame
from crackscan.edge.measurement.scale import ScaleEstimator
from crackscan.edge.pipelines.live.measurer import MeasurementTask, Measurer, ViewMeasurement
from crackscan.edge.pipelines.live.viewer_values import make_list_entry
from crackscan.edge.positioning import Geotag
from crackscan.edge.positioning.clock import Clock, Instant
from crackscan.edge.reporting.result_files import finding_line
from crackscan.edge.survey import Sighting, SurveyWriter
from crackscan.edge.tracking.track import BestView, FrameStamp, Track, TrackUpdate
from crackscan.edge.web.live.hub import Hub


@dataclass(frozen=True)
class RecorderParameters:
    """How often findings are recorded, and how many frames are held. The values are hand-tuned."""

    update_s: float = 2.0
    """How often a finding in view is brought up to date, seconds; one that leaves the view is at
    once."""
    most_updates: int = 4
    """Findings in view that are brought up to date with one frame."""
    most_frames: int = 2
    """Frames whose pixels are held until their findings are brought up to date."""
    most_full_frames: int = 1
    """Those of them that have a full-resolution picture, which is large."""


DEFAULTS = RecorderParameters()


@dataclass(eq=False)
class _OpenTrack:
    """A track in the record that may still change."""

    number: int
    """Of the finding in the record."""
    track: Track
    view: BestView
    """The best view whose pixels the record has, or gets."""
    size: tuple[int, int]
    """Height and width of the frame of that view."""
    geotag: Geotag
    """Of that view."""
    stored: Track
    """As it was last recorded."""
    stored_s: float
    pixels: Frame | None = None
    """The frame of the view, until the writer and the measurer have it."""
    in_view: bool = True
    measured: ViewMeasurement | None = None
    measured_index: int = -1
    """Index of the frame that was measured in."""


class Recorder:
    """Records the tracks of one survey; used by one thread at a time.

    Nothing waits for the disk, nor for a measurement: those arrive in a queue, which
    `take_measurements` empties.
    """

    def __init__(
        self,
        writer: SurveyWriter,
        clock: Clock,
        cell_px: int,
        scaling: ScaleEstimator,
        complete: Callable[[dict[str, object]], object],
        hub: Hub | None = None,
        parameters: RecorderParameters = DEFAULTS,
    ) -> None:
        """`complete` is given each finding once, when it will not change any more, for JSON."""
        self.findings = 0
        """Findings in the record; those that were merged into others are not counted."""
        self.hub = hub
        """Shows the findings to viewers; None: nobody sees them."""
        self._measurements: queue.SimpleQueue[tuple[MeasurementTask, ViewMeasurement]] = (
            queue.SimpleQueue()
        )
        self.measurer = Measurer(
            cell_px, scaling, lambda task, measured: self._measurements.put((task, measured))
        )
        self._writer = writer
        self._clock = clock
        self._complete = complete
        self._parameters = parameters
        self._open: dict[int, _OpenTrack] = {}
        self._ending: dict[int, _OpenTrack] = {}
        """By number in the record: complete but for their measurement."""

    def number_of(self, track: Track) -> int:
        """The number of a track in the record; 0 if it has none yet."""
        opened = self._open.get(track.number)
        return 0 if opened is None else opened.number

    def record_frame(self, frame: Frame, geotag: Geotag, update: TrackUpdate) -> None:
        """Record what a frame changed in the tracks."""
        p = self._parameters
        visible = {track.number: track for track, _ in update.visible}
        for gone, kept in update.merged.items():
            self._merge_tracks(gone, kept)
        improved = {track.number for track in update.improved}
        for track in (*update.confirmed, *update.improved, *visible.values()):
            opened = self._open.get(track.number)
            if opened is None:
                self._open_track(track, frame, geotag)
                continue
            opened.track = track
            if track.number in improved and opened.view is not track.best:
                opened.view, opened.pixels = track.best, frame
                opened.geotag, opened.size = geotag, (frame.height, frame.width)
        crowded = self._is_crowded()
        updates_left = p.most_updates
        for number, opened in list(self._open.items()):
            left = opened.in_view and number not in visible
            opened.in_view = number in visible
            due = updates_left > 0 and frame.captured_s - opened.stored_s >= p.update_s
            full = crowded and opened.pixels is not None
            if left or full or (due and opened.track is not opened.stored):
                updates_left -= 1
                self._store_track(opened, frame.captured_s)
        self._complete_tracks(update.completed)

    def end_tracks(self, left: Iterable[Track]) -> None:
        """Complete all tracks: no frame that could show them will come."""
        self._complete_tracks(left)
        self._complete_tracks([opened.track for opened in list(self._open.values())])

    def take_measurements(self) -> None:
        """Record the measurements that are ready; does not wait for others."""
        while True:
            try:
                task, measured = self._measurements.get_nowait()
            except queue.Empty:
                return
            self._record_measurement(task, measured)

    def close(self, timeout_s: float) -> None:
        """Wait for the last measurements, for this time at most."""
        self.measurer.close(timeout_s)
        self.take_measurements()

    def _open_track(self, track: Track, frame: Frame, geotag: Geotag) -> None:
        size = frame.height, frame.width
        opened = _OpenTrack(0, track, track.best, size, geotag, track, frame.captured_s)
        if track.best.stamp.index == frame.index:
            opened.pixels = frame
        picture = None if opened.pixels is None else self._writer.picture_of(opened.pixels)
        opened.number = self._writer.add_finding(self._make_sighting(opened), picture)
        self.findings += 1
        self._open[track.number] = opened
        self._request_measurement(opened)
        self._show_track(opened)
        opened.pixels = None

    def _store_track(self, opened: _OpenTrack, now_s: float) -> None:
        if opened.pixels is not None:
            picture = self._writer.picture_of(opened.pixels)
            self._writer.update_finding(opened.number, self._make_sighting(opened), picture)
            self._request_measurement(opened)
        elif opened.track is not opened.stored:
            self._writer.update_finding(opened.number, self._make_sighting(opened))
        opened.stored, opened.stored_s = opened.track, now_s
        self._show_track(opened)
        opened.pixels = None

    def _is_crowded(self) -> bool:
        """Whether the pixels of too many frames are held."""
        frames = [one.pixels for one in self._open.values() if one.pixels is not None]
        held = {id(frame.rgb) for frame in frames}
        full = {id(frame.full) for frame in frames if frame.full is not None}
        p = self._parameters
        return len(held) > p.most_frames or len(full) > p.most_full_frames

    def _request_measurement(self, opened: _OpenTrack) -> None:
        if opened.pixels is not None:
            frame = replace(opened.pixels, full=None)  # too large to be held while it waits
            self.measurer.add_task(
                MeasurementTask(opened.number, opened.view.finding, frame, opened.geotag)
            )

    def _merge_tracks(self, gone: int, kept: int) -> None:
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
        self._writer.absorb_finding(part.number, whole.number)
        self.findings -= 1
        if self.hub is not None:
            self.hub.remove_finding(part.number)

    def _complete_tracks(self, completed: Iterable[Track]) -> None:
        for track in completed:
            opened = self._open.get(track.number)
            if opened is None:
                continue
            if track.last.index != opened.track.last.index:
                opened.track = track
            self._store_track(opened, opened.stored_s)
            del self._open[track.number]
            if opened.measured_index == opened.view.stamp.index:
                self._complete(self._make_line(opened))
            else:
                self._ending[opened.number] = opened

    def _record_measurement(self, task: MeasurementTask, measured: ViewMeasurement) -> None:
        opened = self._ending.get(task.number)
        if opened is None:
            opened = next((one for one in self._open.values() if one.number == task.number), None)
        if opened is None or opened.view.stamp.index != task.frame.index:
            return  # merged, or seen better meanwhile
        opened.measured, opened.measured_index = measured, task.frame.index
        self._writer.update_finding(opened.number, self._make_sighting(opened))
        self._show_track(opened)
        if self._ending.pop(task.number, None) is not None:
            self._complete(self._make_line(opened))

    def _make_sighting(self, opened: _OpenTrack) -> Sighting:
        track, finding = opened.track, opened.view.finding
        fits = opened.measured_index == opened.view.stamp.index
        measured = opened.measured if fits else None
        return Sighting(
            first=self._instant_of(track.first),
            last=self._instant_of(track.last),
            frame=opened.view.stamp.frame,
            frame_index=opened.view.stamp.index,
            frame_width=opened.size[1],
            frame_height=opened.size[0],
            box=finding.box,
            cells=finding.cells,
            area_px=finding.area_px,
            probability=track.probability,
            peak=track.peak,
            mean=finding.mean,
            frames_seen=track.frames_seen,
            clip_s=opened.view.stamp.clip_s,
            geotag=opened.geotag,
            scale=None if measured is None else measured.scale,
            measures=None if measured is None else measured.measures,
            lines=() if measured is None else measured.lines,
        )

    def _instant_of(self, stamp: FrameStamp) -> Instant:
        return self._clock.instant_at(stamp.monotonic_s, stamp.wall_s)

    def _make_line(self, opened: _OpenTrack) -> dict[str, object]:
        wall_s = opened.view.stamp.wall_s
        return finding_line(opened.number, self._make_sighting(opened), wall_s)

    def _show_track(self, opened: _OpenTrack) -> None:
        if self.hub is None:
            return
        sighting = self._make_sighting(opened)
        if sighting.measures is None and opened.measured is not None:
            # The measurement in an earlier view stays on the list until the best one is measured.
            sighting = opened.measured.add_to_sighting(sighting)
        picture = None if opened.pixels is None else opened.pixels.rgb
        self.hub.list_finding(make_list_entry(opened.number, sighting), picture)
