"""Reads the state of the machine and of the record, which may wait for a disk, for the owner."""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from crackscan.edge.device.health import read_health
from crackscan.edge.inference.malloc_tuning import give_back
from crackscan.edge.pipelines.background_thread import BackgroundThread
from crackscan.edge.pipelines.live.events import HealthMeasured, RecordChecked
from crackscan.edge.pipelines.live.survey_record import SurveyRecord

log = logging.getLogger(__name__)

RECORD_CHECK_S = 0.5
HEALTH_CHECK_S = 5.0


class RecordOwner(Protocol):
    """Has the record of the present survey."""

    @property
    def record(self) -> SurveyRecord: ...


class MachineMonitor(BackgroundThread):
    """Posts the state of the record twice a second and that of the machine every few seconds."""

    def __init__(
        self, owner: RecordOwner, post: Callable[[HealthMeasured | RecordChecked], object]
    ) -> None:
        super().__init__("machine monitor")
        self._owner = owner
        self._post = post

    def _run(self) -> None:
        checked_s = time.monotonic() - HEALTH_CHECK_S
        while not self._ended.is_set():
            record = self._owner.record
            try:
                self._post(RecordChecked(record, record.writer.state()))
            except OSError as error:  # the disk is gone; the writer reports what it cannot write
                log.warning("the state of %s cannot be read: %s", record.folder, error)
            del record  # a survey that is closed must not be kept
            if time.monotonic() - checked_s >= HEALTH_CHECK_S:
                checked_s = time.monotonic()
                self._post(HealthMeasured(read_health()))
                give_back()
            self._ended.wait(RECORD_CHECK_S)
