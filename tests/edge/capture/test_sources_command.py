"""`crackscan sources` tells every kind of source with its options, and the cameras."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from crackscan.edge.capture.kinds import KINDS
from crackscan.edge.capture.present import Camera, v4l2_cameras
from crackscan.edge.cli.sources import sources

sys.path.insert(0, str(Path(__file__).parent))
from pi_double import install

sys.path.pop(0)


def test_kinds_and_options_are_listed() -> None:
    told = CliRunner().invoke(sources, [])
    assert told.exit_code == 0
    text = " ".join(told.output.split())
    for kind in KINDS:
        assert kind.example in text
        for key, option in kind.options.items():
            assert f"{key}={option.example}" in text


def test_json_is_one_object_with_the_cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch).cameras = 2
    told = CliRunner().invoke(sources, ["--json"])
    data = json.loads(told.output)
    assert data["picamera2"] == "ready"
    assert data["cameras"][:2] == [
        {"source": "picamera:0", "name": "imx708", "note": ""},
        {"source": "picamera:1", "name": "imx708", "note": ""},
    ]
    assert len(data["kinds"]) == len(KINDS)


def test_without_picamera2_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    data = json.loads(CliRunner().invoke(sources, ["--json"]).output)
    assert "apt install python3-picamera2" in data["picamera2"]


def test_devices_that_cannot_be_asked_are_told_or_left_out(tmp_path: Path) -> None:
    for number, name in ((0, "HD Webcam"), (10, "decoder"), (2, "gone")):
        node = tmp_path / f"sys/class/video4linux/video{number}"
        node.mkdir(parents=True)
        (node / "name").write_text(name + "\n")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/video10").write_text("no device answers here")
    assert v4l2_cameras(tmp_path) == [
        Camera("/dev/video0", "HD Webcam", "No such file or directory"),
        Camera("/dev/video2", "gone", "No such file or directory"),
    ]
