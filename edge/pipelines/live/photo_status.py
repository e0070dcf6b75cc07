"""Publishes the status to viewers while the photographs of a watched folder are scanned."""

from crackscan.edge.capture import Source
from crackscan.edge.pipelines.background_thread import BackgroundThread
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.pipelines.live.tally import LiveTally
from crackscan.edge.pipelines.photos.viewers import REFUSAL
from crackscan.edge.web.live.hub import Hub
from crackscan.edge.web.live.values import Status

STATUS_S = 0.5
"""How often the status is published."""


class PhotoStatus(BackgroundThread):
    """Publishes the status from a thread of its own, and refuses commands."""

    def __init__(self, source: Source, setup: Setup, tally: LiveTally, survey: str) -> None:
        super().__init__("photo status", enabled=setup.hub is not None)
        self._source = source
        self._setup = setup
        self._tally = tally
        self._survey = survey

    def _finish(self) -> None:
        if self._setup.hub is not None:
            self._publish_status(self._setup.hub)

    def _run(self) -> None:
        hub = self._setup.hub
        assert hub is not None
        while True:
            self._publish_status(hub)
            if self._ended.wait(STATUS_S):
                return

    def _publish_status(self, hub: Hub) -> None:
        for asked in hub.take_commands():
            hub.answer_command(asked, REFUSAL, good=False)
        tally, card = self._tally, self._setup.model.card
        hub.publish_status(
            Status(
                source=self._source.name,
                model=card.name,
                survey=self._survey,
                frames=tally.frames,
                frames_per_s=tally.recent_fps,
                findings=tally.findings,
                recording=True,
                trouble=tally.warnings[-1] if tally.warnings else "",
                threshold=self._setup.rule.patch,
            )
        )
