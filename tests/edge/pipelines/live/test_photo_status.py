"""Viewers see what a scan of pictures sees."""

import shutil
from pathlib import Path

from crackscan.edge.capture import open_source
from crackscan.edge.detection.finding import Rule
from crackscan.edge.inference.model import Model
from crackscan.edge.pipelines.live import LiveTally, Setup, scan_source
from crackscan.edge.settings import Settings
from crackscan.edge.web.live.commands import Pause
from crackscan.edge.web.live.frame_encoding import cut_thumbnail, encode_frame
from crackscan.edge.web.live.hub import Hub

SAMPLES = Path(__file__).parents[4] / "samples"


def test_a_folder_is_shown_picture_by_picture_with_its_findings(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(SAMPLES / "cracked-patch-upright.jpg", photos / "a.jpg")
    model, hub, tally = Model.load(threads=1), Hub(), LiveTally()
    setup = Setup(model, Rule.of(model.card), Settings(reserve_mb=0, annotate="no"), hub=hub)
    asked = hub.offer_command(Pause())
    with open_source(str(photos)) as source:
        scan_source(source, setup, tmp_path / "out", tally)
    number, newest = hub.newest_frame()
    assert number == 1 and newest is not None and newest.frame.name == "a.jpg"
    assert len(newest.findings) == tally.findings >= 1
    assert encode_frame(number, newest).body.endswith(b"\xff\xd9")
    snap = hub.read_state()
    assert {one.number for one in snap.found} == {one.number for one in newest.findings}
    for found, picture in hub.take_pictures():
        assert found.frame == "a.jpg" and found.width.endswith("px")
        assert cut_thumbnail(picture, found.box)
    assert snap.status is not None and snap.status.frames == 1
    assert snap.status.findings == tally.findings and snap.status.survey
    [answer] = snap.messages
    assert answer.command == asked and not answer.good
