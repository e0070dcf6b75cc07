"""`crackscan sources` lists the kinds of sources, their options, and the attached cameras."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from crackscan.edge.capture.camera_discovery import AttachedCamera, list_v4l2_cameras
from crackscan.edge.capture.source_kinds import SOURCE_KINDS
from crackscan.edge.cli.sources import sources

sys.path.insert(0, str(Path(__file__).parent))
from pi_double import install

sys.path.pop(0)


def test_kinds_and_options_are_listed() -> None:
    result = CliRunner().invoke(sources, [])
    assert result.exit_code == 0
    text = " ".join(result.output.split())
    for kind in SOURCE_KINDS:
        assert kind.example in text
        for key, option in kind.options.items():
            assert f"{key}={option.example}" in text


def test_json_is_one_object_with_the_cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch).cameras = 2
    result = CliRunner().invoke(sources, ["--json"])
    data = json.loads(result.output)
    assert data["picamera2"] == "ready"
    assert data["cameras"][:2] == [
        {"source": "picamera:0", "name": "imx708", "note": ""},
        {"source": "picamera:1", "name": "imx708", "note": ""},
    ]
    assert len(data["kinds"]) == len(SOURCE_KINDS)


def test_without_picamera2_the_reason_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    data = json.loads(CliRunner().invoke(sources, ["--json"]).output)
    assert "apt install python3-picamera2" in data["picamera2"]


def test_unreadable_devices_are_listed_or_left_out(tmp_path: Path) -> None:
    for number, name in ((0, "HD Webcam"), (10, "decoder"), (2, "gone")):
        node = tmp_path / f"sys/class/video4linux/video{number}"
        node.mkdir(parents=True)
        (node / "name").write_text(name + "\n")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/video10").write_text("no device answers here")
    assert list_v4l2_cameras(tmp_path) == [
        AttachedCamera("/dev/video0", "HD Webcam", "No such file or directory"),
        AttachedCamera("/dev/video2", "gone", "No such file or directory"),
    ]
