"""A scan of photographs is run again, in a folder that it has chosen itself or was given."""

import json
from pathlib import Path
from typing import Any

import pytest
from photographing import CRACKED, jpeg, photographs, sample

from crackscan.core.command_line import run_command
from crackscan.edge.cli import crackscan
from crackscan.edge.survey import SurveyReader

TAKEN = "2025:06:01 10:20:30"


def scan(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan, ["scan", *map(str, arguments)])
    return int(ended.value.code or 0)


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "findings.jsonl").read_text().splitlines()]


def dated(content: bytes) -> bytes:
    """A JPEG that states when it was taken, by the camera's clock."""
    text = TAKEN.encode() + b"\0"
    exif_ifd = b"\0\1\x90\x03\0\2" + len(text).to_bytes(4, "big") + (44).to_bytes(4, "big")
    root = b"\0\1\x87\x69\0\4\0\0\0\1" + (26).to_bytes(4, "big") + bytes(4)
    body = b"Exif\0\0MM\0*\0\0\0\x08" + root + exif_ifd + bytes(4) + text
    return content[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + content[2:]


def test_the_same_scan_goes_on_and_loses_or_doubles_no_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = photographs(tmp_path / "flight", 4), tmp_path / "out"
    assert scan(folder, "--out", out) == 0
    whole = (out / "findings.jsonl").read_text()
    first = whole.splitlines(keepends=True)[0]
    (out / "findings.jsonl").write_text(first + '{"id": 2, "cut')  # as a kill may leave it
    (folder / "south" / "0009.jpg").write_bytes(jpeg(sample(CRACKED)))
    capsys.readouterr()
    assert scan(folder, "--out", out) == 0
    assert "1 picture scanned" in (printed := capsys.readouterr().out)
    assert "4 pictures left out: scanned in an earlier session" in printed
    with SurveyReader(out) as survey:
        assert [line["id"] for line in lines(out)] == [one.id for one in survey.findings()]
    assert (out / "findings.jsonl").read_text().startswith(whole)
    assert scan(folder, "--out", out) == 0
    assert "0 pictures scanned" in capsys.readouterr().out


def test_a_line_has_the_capture_time_the_box_and_the_cells(tmp_path: Path) -> None:
    (tmp_path / "wall.jpg").write_bytes(dated(jpeg(sample(CRACKED))))
    assert scan(tmp_path / "wall.jpg", "--out", tmp_path / "out") == 0
    [line, *_] = lines(tmp_path / "out")
    assert line["frame"] == "wall.jpg" and line["taken_s"] is None
    assert line["taken_local"].startswith("2025-06-01T10:20:30")
    left, top, right, bottom = line["box"]
    for row, column in line["cells"]:
        assert left <= 16 * column < right and top <= 16 * row < bottom
    assert line["width_p95_px"] is not None and line["width"].endswith("px")


def test_without_a_folder_a_scan_makes_one_beside_it_and_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "wall.jpg").write_bytes(jpeg(sample(CRACKED)))
    assert scan("a/wall.jpg") == 0
    assert "recording into wall-scan" in capsys.readouterr().err
    assert scan("b/wall.jpg") == 0, "another picture of that name"
    assert "recording into wall-scan_2" in capsys.readouterr().err
    assert scan("a/wall.jpg") == 0, "the first one again"
    printed = capsys.readouterr()
    assert "recording into wall-scan\n" in printed.err and "0 pictures scanned" in printed.out
    assert scan(".") == 0, "the folders of scans are not scanned themselves"
    assert "2 pictures scanned" in capsys.readouterr().out


def test_another_model_or_threshold_is_refused_without_a_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wall.jpg").write_bytes(jpeg(sample(CRACKED)))
    out = tmp_path / "out"
    assert scan(tmp_path / "wall.jpg", "--out", out) == 0
    before = {path: path.read_bytes() for path in out.rglob("*.*")}
    for options, change in (
        (["--model", "crack-s"], "another model"),
        (["--operating-point", "high-recall"], "another --operating-point"),
        (["--points", "0,0,100,0,50"], "other options for the scale"),
    ):
        capsys.readouterr()
        assert scan(tmp_path / "wall.jpg", "--out", out, *options) == 1
        assert f"was made with {change}" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in out.rglob("*.*")} == before
    assert scan(tmp_path / "wall.jpg", "--out", out, "--model", "crack-s", "--overwrite") == 0
    assert json.loads((out / "scan.json").read_text())["model"] == "crack-s"
