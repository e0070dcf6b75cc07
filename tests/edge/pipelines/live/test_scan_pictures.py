"""Pictures are scanned each by itself, and recorded once."""

import json
import shutil
from pathlib import Path

import pytest
from scanning import crackscan_scan, findings_in, plain, state_of, tell_place

from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import read_picture
from crackscan.edge.reporting.caption import caption_px
from crackscan.edge.survey import NoteKind, SurveyReader

EXIF = Path(__file__).parents[3] / "data" / "exif"


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
        "crackscan.log",
        "findings.jsonl",
        "frames/00000001.jpg",
        "frames/00000002.jpg",
        "frames/00000003.jpg",
        "frames/00000004.jpg",
        "scan.json",
        "settings.json",
        "survey.sqlite",
    ]
    annotated = read_picture(out / "annotated" / "plain.jpg")
    assert annotated.shape == (99 + caption_px(99, 103), 103, 3)
    findings, state = findings_in(out), state_of(out)
    assert {finding["frame"] for finding in findings} == {"crack.jpg", "north/crack.png"}
    assert state["state"] == "done" and state["frames"] == 3 and state["frames_with_findings"] == 2
    assert state["findings"] == len(findings) and state["model"] == "crack-m"
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
    assert scanned["plain.jpg"].geotag.position is None
    assert len(found) == sum(one.findings for one in scanned.values()) >= 2
    sighting = next(one for one in found if one.sighting.frame == "crack.jpg").sighting
    assert sighting.geotag.position is not None and sighting.geotag.position.lat == 47.5
    assert sighting.scale is not None and 0.45 < sighting.scale.mm_per_px < 0.55
    assert sighting.measures is not None and sighting.measures.width_median is not None
    assert sighting.lines and all(one.picture for one in found)
    [line] = [one for one in findings_in(tmp_path / "out") if one["frame"] == "crack.jpg"]
    in_px, in_mm = line["width_median_px"][0], line["width_median_mm"][0]
    assert in_mm == pytest.approx(in_px * sighting.scale.mm_per_px, rel=0.01)


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


def test_a_dropped_or_doubtful_position_is_named_in_the_summary_and_the_record(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    void = "position dropped: the receiver reports it as void (GPS status V)"
    local = "position kept, its age is unknown: the GPS time is the camera's local time, not UTC"
    notes = {"e-gpsstatus-v.jpg": void, "e-gpstime-local.jpg": local}
    for name in notes:
        shutil.copy(EXIF / name, photos / name)
    lines = [f"{name}: {note}" for name, note in notes.items()]
    assert crackscan_scan(photos, "--out", tmp_path / "out") == 0
    assert capfd.readouterr().err.splitlines() == [f"note: {line}" for line in lines]
    summary = state_of(tmp_path / "out")
    assert summary["notes"] == [{"name": name, "note": note} for name, note in notes.items()]
    with SurveyReader(tmp_path / "out") as survey:
        recorded = [note.text for _, note in survey.notes() if note.kind is NoteKind.WARNING]
        positions = {one.name: one.geotag.position is not None for one in survey.scanned()}
    assert sorted(recorded) == lines
    assert positions == {"e-gpsstatus-v.jpg": False, "e-gpstime-local.jpg": True}
    assert crackscan_scan(photos, "--out", tmp_path / "none", "--position", "none") == 0
    assert capfd.readouterr().err == ""


def test_a_picture_that_is_none_fails(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jpg").write_text("a text")
    assert crackscan_scan(tmp_path / "a.jpg", "--out", tmp_path / "out") == 1
    assert capfd.readouterr().err == f"Error: {tmp_path / 'a.jpg'} is not a picture " + (
        "(JPEG, PNG, TIFF, WebP and BMP are read)\n"
    )
    assert state_of(tmp_path / "out")["state"] == "failed"
