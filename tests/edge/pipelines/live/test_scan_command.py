"""What the scan is told by its arguments, settings and folder."""

import re
from pathlib import Path

import pytest
from scanning import clip, crackscan_scan, findings_in, state_of

from crackscan.edge.survey import SurveyReader


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


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{photos}", "--out", "out", "--position", "gpsd"], 2, "--position exif"),
        (["{photos}", "--out", "out", "--dask", "tcp://x:1", "--workers", "2"], 2, "--workers"),
        (["94", "--out", "out", "--workers", "2"], 2, "--workers"),
        (["{photos}", "--out", "out", "--every", "0"], 2, "--every"),
        (["{photos}/none", "--out", "out"], 1, "does not exist"),
        (["94", "--out", "out"], 1, "no camera 94"),
        (["{photos}", "--out", "out", "--model", "nosuch"], 1, "nosuch"),
        (["{photos}", "--out", "out", "--operating-point", "nosuch"], 1, "nosuch"),
        (["{photos}", "--out", "{photos}"], 1, "holds no scan"),
        (["{photos}", "--out", "{photos}", "--overwrite"], 1, "holds no scan"),
        (["{photos}", "--out", "{photos}/crack.jpg"], 1, "it is not a folder"),
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


def test_the_scale_of_the_settings_file_measures_in_millimetres(
    photos: Path, tmp_path: Path
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('camera = "hq"\nlens_mm = 6.0\ndistance = "1.5"\n')
    for name, more in (("by-file", []), ("by-flag", ["--distance", "3"])):
        out = tmp_path / name
        assert crackscan_scan(photos, "--out", out, "--settings", file, *more) == 0
    scales = [
        next(one["scale"]["mm_per_px"] for one in findings_in(tmp_path / name))
        for name in ("by-file", "by-flag")
    ]
    assert scales[1] == pytest.approx(2 * scales[0]) and scales[0] > 0
    assert state_of(tmp_path / "by-flag")["scale"]["distance"]["metres"] == 3


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
        "crackscan.log",
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
