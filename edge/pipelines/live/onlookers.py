"""What viewers see while pictures are scanned, each by itself."""

from crackscan.edge.capture import Source
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import BoundingBox, CrackMap, Finding, Rule
from crackscan.edge.pipelines.background_thread import BackgroundThread
from crackscan.edge.pipelines.live.formatting import place_of
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.pipelines.live.tally import Tally
from crackscan.edge.positioning import Geotag
from crackscan.edge.web.live.frame_encoding import shrink_picture
from crackscan.edge.web.live.hub import Hub
from crackscan.edge.web.live.values import ListedFinding, LiveFrame, Status, VisibleFinding

EVERY_S = 0.5
"""How often the status is told."""
LONGEST_PX = 1280
"""Of the copies that thumbnails are cut from: a photograph may have a hundred megapixels."""
_REFUSAL = "not while pictures are scanned: only with a camera or a video"


class Onlookers(BackgroundThread):
    """Tells viewers from a thread of its own how the scan goes; use it in a `with` block."""

    def __init__(self, source: Source, setup: Setup, tally: Tally, survey: str) -> None:
        super().__init__("onlookers", enabled=setup.hub is not None)
        self._source = source
        self._setup = setup
        self._tally = tally
        self._survey = survey

    def _finish(self) -> None:
        if self._setup.hub is not None:
            self._tell(self._setup.hub)

    def _run(self) -> None:
        hub = self._setup.hub
        assert hub is not None
        while True:
            self._tell(hub)
            if self._ended.wait(EVERY_S):
                return

    def _tell(self, hub: Hub) -> None:
        for asked in hub.take_commands():
            hub.answer_command(asked, _REFUSAL, good=False)
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


def show(
    hub: Hub,
    frame: Frame,
    crack_map: CrackMap,
    rule: Rule,
    findings: list[tuple[int, Finding, str]],
    geotag: Geotag,
) -> None:
    """Show a scanned picture and put its findings on the list.

    Args:
        findings: with their numbers in the record and their widths in words.
    """
    here = tuple(VisibleFinding(number, one.probability, one.box) for number, one, _ in findings)
    hub.publish_frame(LiveFrame(frame, lambda: crack_map, rule.cell, rule.cell_px, here))
    if not findings:
        return
    small = shrink_picture(frame.rgb, LONGEST_PX)
    share = small.shape[1] / frame.width
    for number, one, width in findings:
        found = ListedFinding(
            number=number,
            probability=one.probability,
            box=_scaled(one.box, share),
            wall_s=frame.wall_s,
            frame=frame.name,
            width=width,
            place=place_of(geotag),
        )
        hub.list_finding(found, small)


def _scaled(box: BoundingBox, share: float) -> BoundingBox:
    return BoundingBox(
        int(box.left * share),
        int(box.top * share),
        max(round(box.right * share), int(box.left * share) + 1),
        max(round(box.bottom * share), int(box.top * share) + 1),
    )
