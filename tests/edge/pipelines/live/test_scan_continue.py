"""A scan goes on in a survey that is there, and nothing that it holds is lost."""

import json
import time
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
    wall,
)

from crackscan.core.picture_writing import write_picture
from crackscan.edge.reporting.report.content import ReportOptions
from crackscan.edge.reporting.report.content_reader import read_content
from crackscan.edge.survey import NoteKind, Survey, SurveyInfo, SurveyReader

GROWING = {"findings.jsonl", "crackscan.log"}


def test_a_second_session_adds_to_the_record_and_loses_nothing(tmp_path: Path) -> None:
    out, first, second = tmp_path / "out", tmp_path / "a.mp4", tmp_path / "b.mp4"
    clip(first, 30)
    clip(second, 20)
    assert crackscan_scan(first, "--out", out, "--name", "pier 3") == 0
    before = {path: path.read_bytes() for path in out.rglob("*.*") if path.suffix != ".sqlite"}
    point = ["--operating-point", "high-recall", "--name", "ignored"]
    assert crackscan_scan(second, "--out", out, "--continue", *point) == 0
    with SurveyReader(out) as survey:
        one, two = survey.sessions()
        found = list(survey.findings())
        assert survey.info().name == "pier 3"
        counts = survey.frame_counts()
        report = read_content(survey, ReportOptions(), None, time.time())
    assert report.sources == (str(first), str(second)) and report.coverage.frames == 50
    assert ("operating point, session 2", "high-recall") in report.settings
    assert [one.info.source, two.info.source] == [str(first), str(second)]
    assert one.info.settings["operating_point"] == "default"
    assert two.info.settings["operating_point"] == "high-recall"
    assert one.info.model == two.info.model != "" and None not in (one.ended, two.ended)
    assert one.ended.wall_s <= two.began.wall_s  # type: ignore[union-attr]
    assert sum(counts[1].values()) == 30 and sum(counts[2].values()) == 20
    assert {each.session for each in found} == {1, 2}
    assert [line["id"] for line in findings_in(out)] == [each.id for each in found]
    kept = {"scan.json": "scan-1.json"}
    for path, data in before.items():
        now = path.with_name(kept.get(path.name, path.name)).read_bytes()
        assert now == data or (path.name in GROWING and now.startswith(data))
    assert frames_in(out / "annotated.mp4") == 30 and frames_in(out / "annotated-2.mp4") == 20
    assert state_of(out)["state"] == "done" and state_of(out)["survey"]["sessions"] == 2
    assert crackscan_scan(first, "--out", out, "--overwrite") == 0
    assert not list(out.glob("*-[0-9].*")), "what the sessions left is replaced with them"


def test_a_scan_that_was_cut_off_is_gone_on_with(long_clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = start([long_clip, "--out", out, "--no-annotate"])
    seen = wait_for_findings(out, 1, program)
    program.kill()
    program.communicate(timeout=30)
    with (out / "findings.jsonl").open("a") as lines:
        lines.write('{"id": 1, "cut')  # as a power cut may leave it
    again = clip(tmp_path / "b.mp4", 20)
    assert crackscan_scan(again, "--out", out, "--continue", "--no-annotate") == 0
    assert json.loads((out / "scan-1.json").read_text())["state"] == "running"
    with SurveyReader(out) as survey:
        cut, whole = survey.sessions()
        found = {one.id: one.session for one in survey.findings()}
    assert cut.ended is None and whole.ended is not None
    assert set(seen) <= {number for number, session in found.items() if session == 1}
    new = {number for number, session in found.items() if session == 2}
    assert new and new <= {line["id"] for line in findings_in(out)}


def test_pictures_that_are_recorded_are_left_out_and_unreadable_ones_scanned_again(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    whole = (photos / "crack.jpg").read_bytes()
    (photos / "cut.jpg").write_bytes(whole[:-100])
    assert crackscan_scan(photos, "--out", out) == 0
    with SurveyReader(out) as survey:
        first = [one.id for one in survey.findings()]
    (photos / "cut.jpg").write_bytes(whole)
    write_picture(photos / "new.png", wall(shift=40))
    capsys.readouterr()
    assert crackscan_scan(photos, "--out", out, "--continue") == 0
    assert "2 pictures scanned" in (told := capsys.readouterr().out)
    assert "3 pictures left out: scanned in an earlier session" in told
    with SurveyReader(out) as survey:
        scanned = {one.name: one for one in survey.scanned()}
        found = {one.id: one.sighting.frame for one in survey.findings()}
        notes = [note.text for _, note in survey.notes() if note.kind is NoteKind.WARNING]
    assert len(scanned) == 5 and not any(one.skipped for one in scanned.values())
    assert set(first) < set(found) and {found[one] for one in set(found) - set(first)} == {
        "cut.jpg",
        "new.png",
    }
    assert notes == ["cut.jpg was replaced by another file: processed again"]
    assert crackscan_scan(photos, "--out", out, "--continue") == 0
    assert "0 pictures scanned" in capsys.readouterr().out


def test_a_survey_that_does_not_fit_is_refused_in_one_line(
    photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    other.mkdir()
    write_picture(other / "crack.jpg", plain())
    assert crackscan_scan(photos / "plain.jpg", "--out", out, "--continue") == 0, "a new one"
    info = SurveyInfo("photographs")
    Survey.create(tmp_path / "drone", info, {"kind": "photographs"}, "{}").close()
    mistakes = [
        ([other, "--out", out, "--continue"], 1, f"holds the pictures of {photos}"),
        ([photos, "--out", out, "--continue", "--overwrite"], 2, "exclude each other"),
        ([photos, "--continue"], 2, "--continue needs the survey's folder: --out"),
        ([photos, "--out", out], 1, "go on with it with --continue"),
        ([photos, "--out", other, "--continue"], 1, "holds no scan"),
        ([photos, "--out", tmp_path / "drone", "--continue"], 1, "was made with another model"),
    ]
    for arguments, code, message in mistakes:
        capfd.readouterr()
        assert crackscan_scan(*arguments) == code
        error = capfd.readouterr().err
        assert message in error and (code == 2 or error.count("\n") == 1)
    with SurveyReader(out) as survey:
        assert len(survey.sessions()) == 1, "a refusal begins no session"
