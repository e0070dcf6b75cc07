"""What a user sends when something is wrong: the log in the survey's folder."""

import re
from pathlib import Path

import pytest
from scanning import clip, crackscan_scan, start

from crackscan.core.folder_log import LOG_FILE


def test_the_log_has_versions_source_model_settings_and_what_was_skipped(
    photos: Path, tmp_path: Path
) -> None:
    (photos / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    out = tmp_path / "out"
    assert crackscan_scan(photos, "--out", out, "--operating-point", "high-recall") == 0
    text = (out / LOG_FILE).read_text()
    assert re.search(r"crackscan \d.*Python 3.*numpy.*cv2.*Linux", text)
    assert f"source {photos}, model crack-" in text and '"operating_point": "high-recall"' in text
    assert re.search(r"WARNING .*skipped: damaged.jpg ", text)
    assert "session 1 ended" in text


def test_the_log_of_a_video_does_not_grow_with_its_frames(tmp_path: Path) -> None:
    lines = []
    for frames in (5, 50):
        out = tmp_path / f"{frames}"
        assert crackscan_scan(clip(tmp_path / f"{frames}.mp4", frames), "--out", out) == 0
        lines.append(len((out / LOG_FILE).read_text().splitlines()))
    assert lines[0] == lines[1] <= 10


def test_a_failure_is_one_line_for_the_user_and_a_traceback_in_the_log(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in photos.rglob("*.*"):
        path.write_bytes(b"no picture")
    out = tmp_path / "out"
    assert crackscan_scan(photos, "--out", out) == 1
    errors = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in errors] == ["skipped", "skipped", "skipped", "Error"]
    text = (out / LOG_FILE).read_text()
    assert "the scan failed" in text and "Traceback" in text


def test_no_password_of_a_source_is_in_the_log(tmp_path: Path) -> None:
    program = start(
        ["rtsp://admin:hunter2@127.0.0.1:9/live?pwd=hunter2", "--out", tmp_path / "out"]
    )
    _, errors = program.communicate(timeout=60)
    assert program.returncode == 1 and "hunter2" not in errors
    text = (tmp_path / "out" / LOG_FILE).read_text()
    assert "hunter2" not in text and "rtsp://127.0.0.1:9/live?pwd=***" in text
