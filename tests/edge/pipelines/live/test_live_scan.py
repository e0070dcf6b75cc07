"""A camera is scanned while it is there, on the commands of its viewers, and all is recorded."""

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from live_running import PATIENCE_S, Camera, Running

from crackscan.core.errors import SourceError
from crackscan.edge.capture.capture_device import BgrFrame
from crackscan.edge.device.sd_notify import ServiceNotifier
from crackscan.edge.pipelines.live import Setup
from crackscan.edge.positioning import NO_GEOTAG, Geotag, Position, PositionSource
from crackscan.edge.survey import NoteKind, SurveyReader
from crackscan.edge.web.live.commands import (
    ChooseOperatingPoint,
    Mark,
    NewSurvey,
    Pause,
    Resume,
    SetScale,
    Snapshot,
)


def test_a_camera_that_is_lost_and_found_again_leaves_a_gap_and_one_finding(
    setup: Setup, tmp_path: Path
) -> None:
    running = Running(setup, tmp_path / "out", [80, 100_000])
    running.until(lambda: len(running.source.gaps) == 1)
    frames = running.tally.frames
    running.until(lambda: running.tally.frames > frames + 5)
    running.end()
    assert running.error is None
    with SurveyReader(tmp_path / "out") as survey:
        [gap] = [note for _, note in survey.notes() if note.kind is NoteKind.GAP]
        found = list(survey.findings())
    assert "camera 0" in gap.text and gap.seconds > 0
    assert 1 <= len(found) <= 2 and all(one.picture for one in found)
    assert not (tmp_path / "out" / "annotated.mp4").exists(), "a live video has no end"


def test_a_camera_that_is_given_up_leaves_its_findings(setup: Setup, tmp_path: Path) -> None:
    running = Running(setup, tmp_path / "out", [80], give_up_s=0.5)
    running.thread.join(PATIENCE_S)
    running.end()
    assert isinstance(running.error, SourceError)
    state = json.loads((tmp_path / "out" / "scan.json").read_text())
    assert state["state"] == "failed" and state["error"] == str(running.error)
    assert state["frames"] == running.tally.frames > 0
    with SurveyReader(tmp_path / "out") as survey:
        assert len(list(survey.findings())) == running.tally.findings
        assert survey.sessions()[0].ended is not None


def test_what_viewers_ask_for_is_done_and_answered(setup: Setup, tmp_path: Path) -> None:
    running = Running(setup, tmp_path / "first", [100_000])
    running.until(lambda: bool(running.hub.read_state().found))
    assert running.ask(Mark("north face")) == ("Marked: north face", True)
    assert running.ask(Snapshot())[0].startswith("Picture saved: camera 0#")
    assert running.ask(ChooseOperatingPoint("high-recall")) == (
        "Operating point: high-recall",
        True,
    )
    answer, good = running.ask(ChooseOperatingPoint("nosuch"))
    assert "has no operating point 'nosuch'" in answer and not good
    assert running.ask(SetScale((0.0, 0.0), (100.0, 0.0), 224, 224, 50.0))[1]
    running.until(lambda: bool((s := running.hub.read_state().status) and s.scale_mm_per_px))
    status = running.hub.read_state().status
    assert status is not None and status.choice == "high-recall" and status.recording
    assert status.scale_mm_per_px == pytest.approx(0.5, rel=0.05)
    assert running.ask(Pause())[1]
    running.until(
        lambda: (f := running.hub.newest_frame()[1]) is not None and f.verdict == "paused"
    )
    time.sleep(1.2)
    assert running.ask(Resume())[1]
    answer, good = running.ask(NewSurvey("first"))
    assert "there is a folder first already" in answer and not good
    assert running.ask(NewSurvey("second")) == ("New survey: second", True)
    running.until(lambda: bool(running.hub.read_state().found))
    running.end()
    assert running.error is None
    with SurveyReader(tmp_path / "first") as survey:
        notes = [(note.kind, note.text) for _, note in survey.notes()]
        assert survey.sessions()[0].ended is not None and survey.counts().findings == 1
        assert survey.counts().pictures == 2, "the finding's and the snapshot"
    assert (NoteKind.MARK, "north face") in notes and (NoteKind.GAP, "paused") in notes
    with SurveyReader(tmp_path / "second") as survey:
        assert survey.info().name == "second" and survey.counts().findings == 1
        [found] = survey.findings()
    assert found.sighting.scale is not None, "the scale holds for the new survey as well"


class Walk(PositionSource):
    """A receiver that has a new fix each 0.2 s, and loses it after 3 s."""

    def __init__(self) -> None:
        super().__init__("walk")
        self.began_s: float | None = None

    def geotag_at(self, monotonic_s: float, file: Path | None = None) -> Geotag:  # noqa: ARG002
        self.began_s = monotonic_s if self.began_s is None else self.began_s
        fix_s = (monotonic_s - self.began_s) // 0.2 * 0.2
        if fix_s > 3:
            return NO_GEOTAG
        age_s = monotonic_s - self.began_s - fix_s
        return Geotag(Position(47.5 + fix_s * 1e-5, 9.25, "gpsd", age_s))


def test_the_way_and_the_place_of_each_finding_are_recorded(setup: Setup, tmp_path: Path) -> None:
    running = Running(replace(setup, position=Walk()), tmp_path / "out", [100_000])
    running.until(lambda: bool(running.hub.read_state().found))
    [found] = running.hub.read_state().found
    assert found.place.startswith("47.5")
    time.sleep(3)
    running.until(lambda: (s := running.hub.read_state().status) is not None and s.position is None)
    running.end()
    with SurveyReader(tmp_path / "out") as survey:
        track = [point for _, point in survey.track()]
        [recorded] = survey.findings()
    assert 2 <= len(track) <= 4, "about one a second, and none of a lost fix"
    assert all(
        (point.geotag.position.age_s or 0) <= 0.2 for point in track if point.geotag.position
    )
    assert recorded.sighting.frames_seen > 20


def test_a_clock_that_jumps_changes_no_finding_and_no_order(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, off_s = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + off_s[0])
    running = Running(setup, tmp_path / "out", [100_000])
    running.until(lambda: bool(running.hub.read_state().found))
    for jump_s in (-400 * 86400.0, 3600.0):
        off_s[0] = jump_s
        frames = running.tally.frames
        running.until(lambda frames=frames: running.tally.frames > frames + 10)  # type: ignore[misc]
    running.until(lambda: running.tally.frames_with_findings > 40)
    running.end()
    assert running.error is None
    with SurveyReader(tmp_path / "out") as survey:
        [found] = survey.findings()
        [session] = survey.sessions()
    seen = found.sighting
    assert seen.first.monotonic_s < seen.last.monotonic_s
    assert session.began.monotonic_s < session.ended.monotonic_s  # type: ignore[union-attr]
    assert seen.frames_seen > 20


class Capped(Camera):
    """A camera whose lens cap is on: black, but for the sensor's noise."""

    def read(self) -> BgrFrame:
        time.sleep(0.01)
        self.left -= 1
        noise = np.random.default_rng(self.left).integers(0, 6, (224, 224, 3))
        return BgrFrame(noise.astype(np.uint8))


class Fed(ServiceNotifier):
    """Counts what the service manager would hear."""

    def __init__(self) -> None:
        super().__init__()
        self.fed = 0

    def feed_watchdog(self) -> None:
        self.fed += 1


def test_a_lens_cap_is_shown_and_noted_and_starves_no_watchdog(
    setup: Setup, tmp_path: Path
) -> None:
    notify = Fed()
    running = Running(replace(setup, notify=notify), tmp_path / "out", [100_000], camera=Capped)
    running.until(
        lambda: "black" in (((s := running.hub.read_state().status) and s.condition) or "")
    )
    before = notify.fed
    running.until(lambda: notify.fed > before + 20)
    newest = running.hub.newest_frame()[1]
    assert newest is not None and newest.verdict == "too dark"
    time.sleep(1.2)
    running.end()
    assert running.error is None and running.tally.findings == 0
    with SurveyReader(tmp_path / "out") as survey:
        gaps = [note for _, note in survey.notes() if note.kind is NoteKind.GAP]
    assert len(gaps) == 1 and "black" in gaps[0].text and gaps[0].seconds > 1
