"""Opens and closes surveys while the scan goes on, in threads of their own."""

import gc
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from crackscan.core.errors import CrackscanError
from crackscan.edge.capture import Source
from crackscan.edge.measurement.scale import ScaleSettings
from crackscan.edge.pipelines.live.events import SurveyClosed, SurveyNotOpened, SurveyOpened
from crackscan.edge.pipelines.live.folder import create_survey
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.pipelines.live.survey_record import SurveyRecord
from crackscan.edge.web.live.commands import PendingCommand


class SurveySwitch:
    """Works for the owner of a scan, and posts a message when a survey is open or closed."""

    def __init__(
        self,
        source: Source,
        setup: Setup,
        post: Callable[[SurveyOpened | SurveyNotOpened | SurveyClosed], object],
    ) -> None:
        self._source = source
        self._setup = setup
        self._post = post
        self._threads: list[threading.Thread] = []

    def open_survey(self, asked: PendingCommand, folder: Path, scale: ScaleSettings) -> None:
        """Open a new survey in a folder that must not exist."""

        def open_in_background() -> None:
            try:
                if folder.exists():
                    raise CrackscanError(
                        f"there is a folder {folder.name} already: choose another name"
                    )
                survey, results = create_survey(folder, self._source, self._setup, name=folder.name)
                record = SurveyRecord(survey, results, self._source, self._setup, scale)
            except CrackscanError as error:
                self._post(SurveyNotOpened(asked, error))
            except Exception as error:
                self._post(SurveyNotOpened(asked, CrackscanError(f"no new survey: {error}")))
            else:
                self._post(SurveyOpened(asked, record))

        self._start_thread("survey opener", open_in_background)

    def close_survey(self, record: SurveyRecord, summary: Mapping[str, Any]) -> None:
        """Close a survey that was ended by a new one; nobody else uses its record any more."""
        record.recorder.hub = None

        def close_in_background() -> None:
            error: CrackscanError | None = None
            try:
                record.close("done", summary)
            except CrackscanError as caught:
                error = caught
            self._post(SurveyClosed(record, error))
            gc.collect()  # what recorded the survey holds frames in reference cycles

        self._start_thread("survey closer", close_in_background)

    def wait_threads(self) -> None:
        """Wait until all surveys are open or closed."""
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _start_thread(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()
