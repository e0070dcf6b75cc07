"""One thread owns a live scan: it waits for no disk, and executes the commands of its viewers."""

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from live_running import Running

from crackscan.edge.pipelines.live import Setup, live_scan, survey_switch
from crackscan.edge.reporting.result_files import Results
from crackscan.edge.survey import SurveyReader, SurveyWriter
from crackscan.edge.survey import writer as survey_writer
from crackscan.edge.tracking.wall_tracker import WallTracker
from crackscan.edge.web.live.commands import (
    ChooseOperatingPoint,
    Mark,
    NewSurvey,
    Pause,
    Resume,
    SetScale,
)

FRAMES = 60


class SlowDisk:
    """Holds up the callers of a function, from `block` until `release`."""

    def __init__(self) -> None:
        self.held_up: set[str] = set()
        self._free = threading.Event()
        self._free.set()

    def block(self) -> None:
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    def slow_down(self, monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
        real: Callable[..., Any] = getattr(owner, name)

        def slow(*given: Any, **named: Any) -> Any:
            if not self._free.is_set():
                self.held_up.add(name)
            self._free.wait()
            return real(*given, **named)

        monkeypatch.setattr(owner, name, slow)


def test_a_slow_disk_delays_no_frame(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is locked; free space, lines and the annotated video do not answer."""
    disk, out = SlowDisk(), tmp_path / "out"
    disk.slow_down(monkeypatch, Results, "add_video_frame")
    disk.slow_down(monkeypatch, Results, "add_finding")
    disk.slow_down(monkeypatch, survey_writer, "free_disk_bytes")
    annotated = replace(setup, settings=replace(setup.settings, annotate="yes"))
    running = Running(annotated, out, [100_000])
    running.until(lambda: bool(running.hub.read_state().found))
    disk.block()
    with sqlite3.connect(out / "survey.sqlite", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert running.ask(Mark("while the disk is slow"))[1]
        frames = running.tally.frames
        running.until(lambda: running.tally.frames > frames + FRAMES)
        running.until(lambda: {"add_video_frame", "free_disk_bytes"} <= disk.held_up)
        with SurveyReader(out) as survey:
            assert not [note for _, note in survey.notes() if "slow" in note.text]
        other.execute("ROLLBACK")
    disk.release()
    running.until(lambda: any("annotated video" in one for one in running.tally.warnings))
    running.end()
    assert running.error is None
    with SurveyReader(out) as survey:
        assert [note.text for _, note in survey.notes() if "slow" in note.text]
        assert len(list(survey.findings())) == running.tally.findings == 1


def test_a_new_survey_on_a_slow_disk_delays_no_frame(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk()
    disk.slow_down(monkeypatch, survey_switch, "create_survey")
    disk.slow_down(monkeypatch, SurveyWriter, "close")
    running = Running(setup, tmp_path / "first", [100_000])
    running.until(lambda: bool(running.hub.read_state().found))
    disk.block()
    asked = running.hub.offer_command(NewSurvey("second"))
    marked = running.hub.offer_command(Mark("of the second survey"))
    running.until(lambda: "create_survey" in disk.held_up)
    frames = running.tally.frames
    running.until(lambda: running.tally.frames > frames + FRAMES)
    assert {asked, marked}.isdisjoint(one.command for one in running.hub.read_state().messages)
    disk.release()
    running.until(lambda: marked in {one.command for one in running.hub.read_state().messages})
    running.until(lambda: bool(running.hub.read_state().found))
    running.end()
    assert running.error is None
    with SurveyReader(tmp_path / "second") as survey:
        assert [note.text for _, note in survey.notes()] == ["of the second survey"]
        assert survey.counts().findings == 1
    with SurveyReader(tmp_path / "first") as survey:
        assert survey.sessions()[0].ended is not None and survey.counts().findings == 1


def test_commands_are_executed_in_the_thread_that_scans(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, set[int]] = {}

    def note_thread(owner: object, name: str) -> None:
        real: Callable[..., Any] = getattr(owner, name)

        def noted(*given: Any, **named: Any) -> Any:
            threads.setdefault(name, set()).add(threading.get_ident())
            return real(*given, **named)

        monkeypatch.setattr(owner, name, noted)

    note_thread(live_scan, "execute_command")
    for name in ("register_frame", "track_cracks", "use_rule", "end_tracks"):
        note_thread(WallTracker, name)
    running = Running(setup, tmp_path / "first", [100_000])
    running.until(lambda: bool(running.hub.read_state().found))
    owner = running.thread.ident
    commands = [
        Pause(),
        Resume(),
        ChooseOperatingPoint("high-recall"),
        SetScale((0.0, 0.0), (100.0, 0.0), 224, 224, 50.0),
        Mark("here"),
        NewSurvey("second"),
    ]
    assert all(running.ask(command)[1] for command in commands)
    running.until(lambda: bool(running.hub.read_state().found))
    running.end()
    assert running.error is None
    assert len(threads) == 5 and all(one == {owner} for one in threads.values()), threads
