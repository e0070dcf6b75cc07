"""A scan records what it finds as it finds it, and ends well whatever ends it."""

import json
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from crackscan.command import run
from crackscan.edge.annotated_video import AnnotatedVideo
from crackscan.edge.cli import crackscan
from crackscan.edge.model import Model
from crackscan.edge.overlay import caption_px
from crackscan.edge.results import Results
from crackscan.edge.survey import NoteKind, Survey, SurveyReader
from crackscan.errors import CrackscanError, SurveyError
from crackscan.picture import RGB, read_picture, write_picture

SAMPLES = Path(__file__).parents[2] / "samples"
PROGRAM = [sys.executable, "-c", "from crackscan.edge.cli import main; main()", "scan"]


def wall(shift: int = 0) -> RGB:
    """Real concrete with one upright crack, moved sideways, 224x224."""
    return np.roll(read_picture(SAMPLES / "cracked-patch-upright.jpg")[:224, :224], shift, axis=1)


def plain(height: int = 224, width: int = 224) -> RGB:
    return np.full((height, width, 3), 150, np.uint8)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "north").mkdir(parents=True)
    write_picture(folder / "crack.jpg", wall(), quality=95)
    write_picture(folder / "north" / "crack.png", wall(shift=20))
    write_picture(folder / "plain.jpg", plain(99, 103))
    return folder


def tell_place(path: Path) -> None:
    """Write into a JPEG where it was taken, as a drone of DJI does."""
    tags = 'drone-dji:GpsLatitude="+47.5" drone-dji:GpsLongitude="+9.25"'
    space = 'xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"'
    xmp = f"<x:xmpmeta><rdf:RDF><rdf:Description {space} {tags}/></rdf:RDF></x:xmpmeta>"
    body = b"http://ns.adobe.com/xap/1.0/\0" + xmp.encode()
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + data[2:])


def pan(path: Path, frames: int, smeared: Sequence[int]) -> Path:
    """A camera that goes down a wall, 480x360, 15 frames a second, some of them smeared."""
    whole = read_picture(SAMPLES / "cracked-wall-below-tiles.jpg")
    whole = np.asarray(cv2.resize(whole, None, fx=1.5, fy=1.5), np.uint8)
    writer = cv2.VideoWriter(str(path), int.from_bytes(b"mp4v", "little"), 15, (480, 360))
    for number in range(frames):
        shown = whole[6 * number : 6 * number + 360, :480]
        shown = cv2.blur(shown, (1, 41)) if number in smeared else shown
        writer.write(cv2.cvtColor(shown, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def clip(path: Path, frames: int, rate_fps: float = 10) -> Path:
    writer = cv2.VideoWriter(str(path), int.from_bytes(b"mp4v", "little"), rate_fps, (224, 224))
    walls = [wall(shift=number - 20) for number in range(min(frames, 40))]
    for number in range(frames):
        writer.write(cv2.cvtColor(walls[number % 40], cv2.COLOR_RGB2BGR))
    writer.release()
    return path


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More frames than any test waits for."""
    return clip(tmp_path_factory.mktemp("clip") / "long.mp4", 2000)


def crackscan_scan(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        run(crackscan, ["scan", *map(str, arguments)])
    return int(ended.value.code or 0)


def findings_in(out: Path) -> list[dict[str, Any]]:
    lines = (out / "findings.jsonl").read_text().splitlines(keepends=True)
    assert all(line.endswith("\n") for line in lines)
    return [json.loads(line) for line in lines]


def state_of(out: Path) -> dict[str, Any]:
    return json.loads((out / "scan.json").read_text())  # type: ignore[no-any-return]


def frames_in(video: Path) -> int:
    capture = cv2.VideoCapture(str(video), cv2.CAP_FFMPEG)
    assert capture.isOpened()
    return sum(1 for _ in iter(lambda: capture.read()[0], False))


def test_a_folder_becomes_annotated_pictures_findings_and_a_summary(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "results"
    assert crackscan_scan(photos, "--out", out, "--threads", "1") == 0
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) == [
        "annotated/crack.jpg",
        "annotated/north/crack.png.jpg",
        "annotated/plain.jpg",
        "card.json",
        "findings.jsonl",
        "frames/00000001.jpg",
        "frames/00000002.jpg",
        "scan.json",
        "settings.json",
        "survey.sqlite",
    ]
    annotated = read_picture(out / "annotated" / "plain.jpg")
    assert annotated.shape == (99 + caption_px(99, 103), 103, 3)
    findings, state = findings_in(out), state_of(out)
    assert {finding["frame"] for finding in findings} == {"crack.jpg", "north/crack.png"}
    assert state["state"] == "done" and state["frames"] == 3 and state["frames_with_findings"] == 2
    assert state["findings"] == len(findings) and state["model"] == Model.load().card.name
    assert all(finding["probability"] >= state["patch_threshold"] for finding in findings)
    left, top, right, bottom = findings[0]["box"]
    assert 0 <= left < right <= 224 and 0 <= top < bottom <= 224
    printed = capsys.readouterr()
    assert "crack.jpg" in printed.out and "3 pictures scanned, 2 with cracks" in printed.out
    assert printed.err == ""


def test_json_is_all_of_standard_output(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crackscan_scan(photos, "--out", tmp_path / "out", "--json") == 0
    printed = capsys.readouterr().out
    summary = json.loads(printed)
    assert summary["frames"] == 3 and summary["frames_per_s"] > 0
    assert [one["frame"] for one in summary["cracked"]] == ["crack.jpg", "north/crack.png"]
    assert summary["survey"]["folder"] == str(tmp_path / "out")
    assert summary["survey"]["findings"] == summary["findings"] and summary["warnings"] == []


def test_each_picture_is_recorded_once_with_its_findings_place_and_widths(
    photos: Path, tmp_path: Path
) -> None:
    tell_place(photos / "crack.jpg")
    (photos / "cut.jpg").write_bytes((photos / "crack.jpg").read_bytes()[:-100])
    assert crackscan_scan(photos, "--out", tmp_path / "out", "--points", "0,0,100,0,50") == 0
    with SurveyReader(tmp_path / "out") as survey:
        scanned = {one.name: one for one in survey.scanned()}
        found = list(survey.findings())
    assert set(scanned) == {"crack.jpg", "cut.jpg", "north/crack.png", "plain.jpg"}
    assert "cut short" in scanned["cut.jpg"].skipped and scanned["plain.jpg"].findings == 0
    assert scanned["plain.jpg"].where.position is None
    assert len(found) == sum(one.findings for one in scanned.values()) >= 2
    sighting = next(one for one in found if one.sighting.frame == "crack.jpg").sighting
    assert sighting.where.position is not None and sighting.where.position.lat == 47.5
    assert sighting.scale is not None and 0.45 < sighting.scale.mm_per_px < 0.55
    assert sighting.measures is not None and sighting.measures.width_median is not None
    assert sighting.lines and all(one.picture for one in found)
    [line] = [one for one in findings_in(tmp_path / "out") if one["frame"] == "crack.jpg"]
    in_px, in_mm = line["width_median_px"][0], line["width_median_mm"][0]
    assert in_mm == pytest.approx(in_px * sighting.scale.mm_per_px, rel=0.01)


def test_a_video_becomes_a_video_of_the_same_length(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert crackscan_scan(clip(tmp_path / "clip.mp4", 12), "--out", out) == 0
    video = cv2.VideoCapture(str(out / "annotated.mp4"), cv2.CAP_FFMPEG)
    assert video.get(cv2.CAP_PROP_FPS) == 10
    assert video.get(cv2.CAP_PROP_FRAME_HEIGHT) == 224 + caption_px(224, 224)
    assert frames_in(out / "annotated.mp4") == 12 == state_of(out)["frames"]


def test_a_crack_in_a_video_is_one_finding_with_its_best_frame(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert crackscan_scan(clip(tmp_path / "clip.mp4", 40), "--out", out) == 0
    with SurveyReader(out) as survey:
        [found] = survey.findings()
        [session] = survey.sessions()
    seen, [line] = found.sighting, findings_in(out)
    assert found.picture is not None and session.ended is not None
    assert read_picture(out / found.picture).shape == (224, 224, 3)
    assert seen.frames_seen > 20 and seen.first.monotonic_s < seen.last.monotonic_s
    assert line["id"] == found.id and line["frame"] == seen.frame and line["clip_s"] == seen.clip_s
    assert seen.measures is not None and (seen.measures.width_median or seen.measures.why)
    state = state_of(out)
    assert state["findings"] == 1 and state["frames_with_findings"] > 20
    assert state["survey"]["pictures"] == 1


def test_what_cannot_be_judged_is_a_gap_and_is_told(tmp_path: Path) -> None:
    out, smeared = tmp_path / "out", range(15, 39)
    assert crackscan_scan(pan(tmp_path / "clip.mp4", 48, smeared), "--out", out) == 0
    with SurveyReader(out) as survey:
        gaps = [note for _, note in survey.notes() if note.kind is NoteKind.GAP]
    assert len(gaps) == 1 and gaps[0].text in ("too fast", "out of focus")
    assert gaps[0].seconds == pytest.approx(len(smeared) / 15, abs=0.3)
    assert len(smeared) - 6 <= state_of(out)["unclear"] <= len(smeared) + 2


def test_a_scan_can_be_set_without_arguments_and_names_its_survey_by_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.toml"
    source = clip(tmp_path / "clip.mp4", 6)
    file.write_text(f'source = "{source}"\nsurveys = "{tmp_path / "surveys"}"\nannotate = "no"\n')
    monkeypatch.setenv("CRACKSCAN_SITE", "Mill Bridge")
    for _ in range(2):
        assert crackscan_scan("--settings", file, "--name", "north face") == 0
    first, second = sorted((tmp_path / "surveys").iterdir())
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(_2)?", second.name), first
    with SurveyReader(first) as survey:
        info = survey.info()
    assert (info.name, info.site, info.source) == ("north face", "Mill Bridge", str(source))
    assert not (first / "annotated.mp4").exists() and state_of(first)["frames"] == 6
    file.write_text("every = 1\n")
    assert crackscan_scan("--settings", file) == 2
    assert "Missing argument 'SOURCE'" in capsys.readouterr().err


def test_every_fourth_frame_keeps_the_pace(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert crackscan_scan(clip(tmp_path / "c.mp4", 12), "--out", out, "--every", "4") == 0
    assert frames_in(out / "annotated.mp4") == 3
    video = cv2.VideoCapture(str(out / "annotated.mp4"), cv2.CAP_FFMPEG)
    assert video.get(cv2.CAP_PROP_FPS) == 2.5


def test_unreadable_and_tiny_pictures_are_skipped_counted_and_named(
    photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (photos / "cut.jpg").write_bytes((photos / "crack.jpg").read_bytes()[:-100])
    write_picture(photos / "tiny.png", plain(20, 31))
    assert crackscan_scan(photos, "--out", tmp_path / "out") == 0
    errors = capfd.readouterr().err.splitlines()
    assert errors[0].startswith("skipped: cut.jpg is cut short")
    assert errors[1:] == ["skipped: tiny.png is too small: 31x20 pixels"]
    skipped = state_of(tmp_path / "out")["skipped"]
    assert [one["name"] for one in skipped] == ["cut.jpg", "tiny.png"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{photos}"], 2, "--out"),
        (["{photos}", "--out", "out", "--every", "0"], 2, "--every"),
        (["{photos}/none", "--out", "out"], 1, "does not exist"),
        (["94", "--out", "out"], 1, "no camera 94"),
        (["{photos}", "--out", "out", "--model", "nosuch"], 1, "nosuch"),
        (["{photos}", "--out", "out", "--operating-point", "nosuch"], 1, "nosuch"),
        (["{photos}", "--out", "{photos}"], 1, "holds no scan"),
        (["{photos}", "--out", "{photos}", "--overwrite"], 1, "holds no scan"),
        (["{photos}", "--out", "{photos}/crack.jpg"], 1, "it is no folder"),
        (["{photos}", "--out", "{photos}/crack.jpg/out"], 1, "cannot write into"),
        (["{photos}", "--out", "/proc/out"], 1, "cannot write into /proc/out"),
    ],
)
def test_a_mistake_ends_before_any_work_in_one_line(
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    filled = [argument.replace("{photos}", str(photos)) for argument in arguments]
    assert crackscan_scan(*filled) == code
    printed = capfd.readouterr()
    assert message in printed.err and printed.out == ""
    assert "Traceback" not in printed.err and (code == 2 or printed.err.count("\n") == 1)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_picture_that_is_none_fails(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jpg").write_text("a text")
    assert crackscan_scan(tmp_path / "a.jpg", "--out", tmp_path / "out") == 1
    assert capfd.readouterr().err == f"Error: {tmp_path / 'a.jpg'} is not a picture " + (
        "(JPEG, PNG, TIFF, WebP and BMP are read)\n"
    )
    assert state_of(tmp_path / "out")["state"] == "failed"


def test_an_earlier_scan_is_replaced_only_on_request(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert crackscan_scan(photos, "--out", out) == 0
    (out / "notes.txt").write_text("mine")
    before = {path: path.read_bytes() for path in out.rglob("*.*")}
    assert crackscan_scan(photos / "plain.jpg", "--out", out) == 1
    assert {path: path.read_bytes() for path in out.rglob("*.*")} == before
    assert crackscan_scan(photos / "plain.jpg", "--out", out, "--overwrite") == 0
    assert sorted(path.name for path in out.rglob("*.*")) == [
        "card.json",
        "findings.jsonl",
        "notes.txt",
        "plain.jpg",
        "scan.json",
        "settings.json",
        "survey.sqlite",
    ]
    assert findings_in(out) == []
    with SurveyReader(out) as survey:
        assert [one.name for one in survey.scanned()] == ["plain.jpg"]


def start(arguments: Sequence[str | Path]) -> subprocess.Popen[str]:
    """Start the real program."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_findings(out: Path, count: int, program: subprocess.Popen[str]) -> list[int]:
    """Wait until the record has so many findings; gives their numbers."""
    deadline_s = time.monotonic() + 100
    while time.monotonic() < deadline_s and program.poll() is None:
        time.sleep(0.02)
        with suppress(SurveyError, sqlite3.Error), SurveyReader(out) as survey:
            found = [one.id for one in survey.findings()]
            if len(found) >= count:
                return found
    pytest.fail(f"no findings: {program.communicate(timeout=5)}")


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
    assert "warning: no more pictures: only " in errors and errors.count("\nError: ") == 1
    assert "annotated/crack.jpg is not written on: only " in errors
    state = state_of(out)
    assert state["state"] == "done" and state["frames"] == 3 and "incomplete" in state
    with SurveyReader(out) as survey:
        assert survey.counts().findings == state["findings"] >= 2
        assert survey.counts().pictures == 0
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
    monkeypatch.setattr("crackscan.edge.annotated_video.RESERVE_BYTES", 2**60)
    with pytest.raises(CrackscanError, match="nearly full"):
        video.add(plain())
    video.close()
    assert frames_in(tmp_path / "a.mp4") == 3
