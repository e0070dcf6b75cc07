"""A scan ends well whatever ends it: a signal, a kill, a full disk."""

import re
import resource
import signal
from pathlib import Path

import pytest
from scanning import (
    clip,
    crackscan_scan,
    findings_in,
    frames_in,
    plain,
    start,
    state_of,
    wait_for_findings,
)

from crackscan.core.errors import CrackscanError
from crackscan.core.pictures import RGB
from crackscan.edge.reporting.annotated_video import AnnotatedVideo
from crackscan.edge.reporting.result_files import Results
from crackscan.edge.survey import NoteKind, Survey, SurveyReader


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_scan_cleanly_with_what_was_found(
    long_clip: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    out = tmp_path / "out"
    program = start([long_clip, "--out", out])
    wait_for_findings(out, 1, program)
    program.send_signal(number)
    printed, errors = program.communicate(timeout=60)
    assert program.returncode == code and errors == ""
    state = state_of(out)
    assert state["state"] == "interrupted" and 0 < state["frames"] < 2000
    assert f"{state['frames']} frames scanned" in printed and "ended before" in printed
    assert len(findings_in(out)) == state["findings"] == state["survey"]["findings"] >= 1
    assert frames_in(out / "annotated.mp4") == state["frames"]
    assert not list(out.glob("survey.sqlite-*")), "one tidy file is left"


def test_findings_survive_a_kill(long_clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = start([long_clip, "--out", out])
    found = wait_for_findings(out, 1, program)
    program.kill()
    program.communicate(timeout=30)
    assert state_of(out)["state"] == "running"
    survey = Survey.resume(out)
    assert {one.id for one in survey.findings()} >= set(found)
    assert survey.sessions()[0].ended is None
    survey.close()


def test_pictures_end_when_their_room_is_used_up_and_the_scan_goes_on(
    photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert crackscan_scan(photos, "--out", out, "--reserve", 2**40) == 1
    errors = capfd.readouterr().err
    warning = "pictures are no longer saved"
    assert f"warning: {warning}: only " in errors and errors.count("\nError: ") == 1
    assert errors.count(warning) == 1
    assert re.search(r"annotated/.*jpg is not written on: only ", errors)
    state = state_of(out)
    assert state["state"] == "done" and state["frames"] == 3 and "incomplete" in state
    with SurveyReader(out) as survey:
        assert survey.counts().findings == state["findings"] >= 2
        assert survey.counts().pictures == 0
        [note] = [one for _, one in survey.notes() if one.kind is NoteKind.WARNING]
    assert note.text.startswith("pictures are no longer saved: only ")
    assert not (out / "annotated").exists()


def test_a_video_whose_disk_is_full_ends_whole_and_the_record_goes_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, whole = tmp_path / "out", AnnotatedVideo.add

    def add(self: AnnotatedVideo, rgb: RGB, at_s: float | None = None) -> None:
        if self.count == 5:
            raise CrackscanError("the disk is nearly full: less than 32 MB left")
        whole(self, rgb, at_s)

    monkeypatch.setattr(AnnotatedVideo, "add", add)
    assert crackscan_scan(clip(tmp_path / "clip.mp4", 20), "--out", out) == 1
    assert "Error: the disk is nearly full" in capfd.readouterr().err
    assert frames_in(out / "annotated.mp4") == 5
    state = state_of(out)
    assert (state["state"], state["frames"], state["findings"]) == ("done", 20, 1)
    assert "nearly full" in state["incomplete"]


def test_a_line_that_does_not_fit_leaves_no_half_line(tmp_path: Path) -> None:
    results = Results(tmp_path, {})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2500, hard))
    try:
        for number in range(20):
            results.add_finding({"id": number, "cells": [[0, 0]] * 40})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert results.trouble is not None and "findings.jsonl: File too large" in results.trouble
    assert 1 < len(findings_in(tmp_path)) < 20
    results.close("done", {})
    assert "File too large" in state_of(tmp_path)["incomplete"]


def test_a_video_ends_before_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = AnnotatedVideo(tmp_path / "a.mp4", 10)
    for _ in range(3):
        video.add(plain())
    monkeypatch.setattr("crackscan.edge.reporting.annotated_video.RESERVE_BYTES", 2**60)
    with pytest.raises(CrackscanError, match="nearly full"):
        video.add(plain())
    video.close()
    assert frames_in(tmp_path / "a.mp4") == 3
