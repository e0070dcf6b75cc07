"""A scan records what it finds as it finds it, and ends well whatever ends it."""

import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from crackscan.command import run
from crackscan.edge.annotated_video import AnnotatedVideo
from crackscan.edge.cli import crackscan
from crackscan.edge.finding import Box, Finding, Rule
from crackscan.edge.model import Model
from crackscan.edge.overlay import caption_px
from crackscan.edge.results import Results
from crackscan.edge.scan import Tally, scan, settings_of
from crackscan.edge.source.live import Deadlines, LiveSource
from crackscan.errors import CrackscanError, SourceError
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
        "findings.jsonl",
        "scan.json",
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


def test_a_video_becomes_a_video_of_the_same_length(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert crackscan_scan(clip(tmp_path / "clip.mp4", 12), "--out", out) == 0
    video = cv2.VideoCapture(str(out / "annotated.mp4"), cv2.CAP_FFMPEG)
    assert video.get(cv2.CAP_PROP_FPS) == 10
    assert video.get(cv2.CAP_PROP_FRAME_HEIGHT) == 224 + caption_px(224, 224)
    assert frames_in(out / "annotated.mp4") == 12 == state_of(out)["frames"]
    assert {finding["clip_s"] for finding in findings_in(out)} >= {0.0, 1.1}


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
        "findings.jsonl",
        "notes.txt",
        "plain.jpg",
        "scan.json",
    ]
    assert findings_in(out) == []


def start(arguments: Sequence[str | Path], file_limit: int | None = None) -> subprocess.Popen[str]:
    """Start the real program; `file_limit` bounds each file it writes, as a full disk would."""

    def limit() -> None:
        if file_limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,
    )


def wait_for_findings(out: Path, count: int) -> None:
    path, deadline_s = out / "findings.jsonl", time.monotonic() + 60
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_scan_cleanly_with_what_was_found(
    long_clip: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    out = tmp_path / "out"
    program = start([long_clip, "--out", out])
    wait_for_findings(out, 3)
    program.send_signal(number)
    printed, errors = program.communicate(timeout=30)
    assert program.returncode == code and errors == ""
    state = state_of(out)
    assert state["state"] == "interrupted" and 0 < state["frames"] < 2000
    assert f"{state['frames']} frames scanned" in printed and "ended before" in printed
    assert len(findings_in(out)) == state["findings"] >= 3
    assert frames_in(out / "annotated.mp4") == state["frames"]


def test_findings_survive_a_kill(long_clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = start([long_clip, "--out", out])
    wait_for_findings(out, 5)
    program.kill()
    program.communicate(timeout=30)
    assert len(findings_in(out)) >= 5 and state_of(out)["state"] == "running"


def test_a_full_disk_while_pictures_are_written(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_picture(
        photos / "noise.jpg", np.random.default_rng(0).integers(0, 255, (400, 400, 3), "u1")
    )
    program = start([photos, "--out", out], file_limit=60_000)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == 1
    assert errors == f"Error: cannot write {out}/annotated/noise.jpg: File too large\n"
    state = state_of(out)
    assert state["state"] == "failed" and state["frames"] == 1
    assert len(findings_in(out)) >= state["findings"] >= 1
    assert [path.name for path in (out / "annotated").iterdir()] == ["crack.jpg"]


def test_a_full_disk_while_a_video_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = start([clip(tmp_path / "clip.mp4", 60), "--out", out], file_limit=100_000)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == 1
    assert errors.startswith(f"Error: cannot write {out}/annotated.mp4") and errors.count("\n") == 1
    assert state_of(out)["state"] == "failed" and findings_in(out)


def test_a_finding_that_does_not_fit_leaves_no_half_line(tmp_path: Path) -> None:
    finding = Finding("f", 0, None, 0.0, Box(0, 0, 16, 16), ((0, 0),) * 40, 256, 0.9, 0.9, 0.9)
    results = Results(tmp_path / "out", {})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2500, hard))
    try:
        with pytest.raises(CrackscanError, match=r"cannot write .*findings.jsonl: File too large"):
            for _ in range(20):
                results.add_finding(finding)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert 1 < len(findings_in(tmp_path / "out")) < 20
    results.close("failed", {})


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


class Camera:
    """A device that gives moving pictures each 10 ms and is unplugged after `count` of them."""

    def __init__(self, count: int) -> None:
        self.left = count

    def read(self) -> tuple[bool, RGB]:
        time.sleep(0.01)
        self.left -= 1
        return self.left >= 0, wall(shift=self.left % 30)

    def release(self) -> None:
        pass


def test_a_camera_that_is_lost_leaves_a_real_time_video_and_its_findings(tmp_path: Path) -> None:
    model, tally, out = Model.load(), Tally(), tmp_path / "out"
    deadlines = Deadlines(next_s=1.0)
    with LiveSource("0", "camera 0", lambda: Camera(80), deadlines=deadlines) as source:
        results = Results(out, settings_of(model, source, "default"))
        with pytest.raises(SourceError, match="unplugged"):
            scan(source, model, results, Rule.of(model.card), tally)
    state = state_of(out)
    assert state["state"] == "failed" and "unplugged" in state["error"]
    assert state["frames"] == tally.frames > 0 and len(findings_in(out)) == tally.findings
    assert state["frames"] + state["dropped"] <= 80
    assert frames_in(out / "annotated.mp4") == pytest.approx(tally.seconds * 15, abs=4)
