"""Measures findings in a thread of its own, so that no frame waits for a measurement."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from crackscan.core.pictures import RGB
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Finding
from crackscan.edge.measurement.scale import ScaleEstimator
from crackscan.edge.measurement.scale.measures import lines_of, measures_of
from crackscan.edge.measurement.values import LineArray, Measurements, Scale
from crackscan.edge.measurement.width import measure_crack
from crackscan.edge.measurement.width.values import BoolArray
from crackscan.edge.positioning import Geotag
from crackscan.edge.survey.values import Sighting

GIVEN_UP = "too many cracks at once"


@dataclass(frozen=True)
class MeasurerParameters:
    """Limits of the measuring in the background. The values are hand-tuned."""

    most_bytes: int = 8 << 20
    """Bytes of the frames that wait to be measured in; beyond it the oldest is given up."""
    time_share: float = 0.3
    """Share of the time that is spent on measuring while frames come."""


DEFAULTS = MeasurerParameters()


@dataclass(frozen=True, eq=False)
class ViewMeasurement:
    """The measurement of a crack in one view."""

    measures: Measurements
    lines: tuple[LineArray, ...] = ()
    scale: Scale | None = None

    def add_to_sighting(self, sighting: Sighting) -> Sighting:
        """The sighting of the same view, with this measurement."""
        return replace(sighting, measures=self.measures, lines=self.lines, scale=self.scale)


@dataclass(frozen=True, eq=False)
class MeasurementTask:
    """A view that waits to be measured."""

    number: int
    finding: Finding
    frame: Frame
    geotag: Geotag


def measure_view(task: MeasurementTask, cell_px: int, scaling: ScaleEstimator) -> ViewMeasurement:
    """Measure the crack in a view, and estimate the scale of the frame at the crack."""
    found = measure_crack(
        task.frame.rgb, _cell_mask(task.finding, task.frame.rgb, cell_px), cell_px
    )
    scale = scaling.estimate_scale(task.frame, task.geotag, measure=found)
    return ViewMeasurement(measures_of(found), lines_of(found), scale)


class Measurer:
    """Takes findings at once and measures them when there is time.

    A finding that waits is replaced by a newer view of it. `done` is called from the measurer's
    thread once for each that was taken; if there were too many, the reason is GIVEN_UP.
    """

    def __init__(
        self,
        cell_px: int,
        scaling: ScaleEstimator,
        done: Callable[[MeasurementTask, ViewMeasurement], object],
        parameters: MeasurerParameters = DEFAULTS,
    ) -> None:
        self._parameters = parameters
        self.scaling = scaling
        self._cell_px = cell_px
        self._done = done
        self._waiting: OrderedDict[int, MeasurementTask] = OrderedDict()
        self._busy = False
        self._hurry = self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="measurer", daemon=True)
        self._thread.start()

    def add_task(self, task: MeasurementTask) -> None:
        """Measure a view when there is time; does not wait."""
        given_up = []
        with self._changed:
            self._waiting[task.number] = task
            while len(self._waiting) > 1 and self._waiting_bytes() > self._parameters.most_bytes:
                given_up.append(self._waiting.popitem(last=False)[1])
            self._changed.notify_all()
        for one in given_up:
            self._done(one, ViewMeasurement(Measurements(why=GIVEN_UP)))

    def close(self, timeout_s: float) -> None:
        """Measure what waits, for this time at most; give up the rest."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not (self._waiting or self._busy), timeout_s)
            self._ended = True
            left = list(self._waiting.values())
            self._waiting.clear()
            self._changed.notify_all()
        for one in left:
            self._done(one, ViewMeasurement(Measurements(why=GIVEN_UP)))
        self._thread.join(timeout_s)

    def _waiting_bytes(self) -> int:
        frames = {id(one.frame.rgb): one.frame.rgb.nbytes for one in self._waiting.values()}
        return sum(frames.values())

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended)
                if self._ended:
                    return
                _, task = self._waiting.popitem(last=False)
                self._busy = True
            began_s = time.monotonic()
            try:
                measured = measure_view(task, self._cell_px, self.scaling)
            except Exception as error:  # one odd picture must not end all measuring
                measured = ViewMeasurement(Measurements(why=f"failed: {error}"))
            self._done(task, measured)
            took_s = time.monotonic() - began_s
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                rest_s = took_s * (1 / self._parameters.time_share - 1)
                self._changed.wait_for(lambda: self._hurry or self._ended, rest_s)


def _cell_mask(finding: Finding, rgb: RGB, cell_px: int) -> BoolArray:
    cells = np.zeros((-(-rgb.shape[0] // cell_px), -(-rgb.shape[1] // cell_px)), np.bool_)
    rows, cols = np.array(finding.cells).T
    cells[rows, cols] = True
    return cells
