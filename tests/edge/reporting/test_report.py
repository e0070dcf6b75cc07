"""The report shows what is in the record, states its limits, and is self-contained."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from synthetic_surveys import (
    INFO,
    SAMPLES,
    WALL_S,
    draw_wall,
    find_crack_cells,
    make_geotag,
    make_instant,
    make_sighting,
    make_survey,
    measure_finding,
)

from crackscan.core.errors import CrackscanError
from crackscan.edge.cli import crackscan
from crackscan.edge.measurement.values import Length
from crackscan.edge.positioning.clock import ClockSource
from crackscan.edge.reporting.local_projection import LocalProjection
from crackscan.edge.reporting.report import pdf as printing
from crackscan.edge.reporting.report.content import LIMITS, ReportContent, ReportOptions
from crackscan.edge.reporting.report.content_reader import read_content
from crackscan.edge.reporting.report.limits import CODES, LimitJudgement, count_widths, judge_width
from crackscan.edge.reporting.report.page import quote_css, render_page
from crackscan.edge.reporting.report.plan import make_plan, round_length
from crackscan.edge.reporting.report.writer import write_report
from crackscan.edge.survey import (
    Note,
    NoteKind,
    Review,
    ReviewVerdict,
    ScannedPicture,
    Survey,
    SurveyReader,
    TrackPoint,
)

EVIL = "<script>alert(1)</script></style>\"';}"


def content_of(folder: Path, **chosen: object) -> ReportContent:
    with SurveyReader(folder) as survey:
        source = chosen.pop("source", None)
        assert source is None or isinstance(source, Path)
        return read_content(survey, ReportOptions(**chosen), source, 1.8e9)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value, uncertainty, expected",
    [
        (0.40, 0.09, LimitJudgement.ABOVE),
        (0.40, 0.11, LimitJudgement.UNDECIDED),
        (0.25, 0.06, LimitJudgement.UNDECIDED),
        (0.25, 0.04, LimitJudgement.BELOW),
    ],
)
def test_a_width_is_judged_by_its_whole_interval(
    value: float, uncertainty: float, expected: LimitJudgement
) -> None:
    assert judge_width(Length(value, uncertainty), 0.3) is expected


def test_without_a_scale_no_width_is_judged() -> None:
    assert judge_width(None, 0.3) is LimitJudgement.UNKNOWN


def test_every_width_is_in_one_class_and_the_limit_is_an_edge() -> None:
    classes = count_widths([0.05, 0.1, 0.2, 0.299, 0.3, 7.0, 0.26], 0.25)
    assert sum(one.count for one in classes) == 7
    assert [one.description for one in classes][2:4] == ["0.2 to 0.25 mm", "0.25 to 0.3 mm"]
    assert classes[3].count == 2 and classes[-1].count == 1


def test_codes_are_in_order() -> None:
    assert [row.limit_mm for row in CODES[0].rows] == [0.4, 0.3, 0.3]
    assert [row.limit_mm for row in CODES[1].rows] == [0.41, 0.30, 0.18, 0.15, 0.10]


def test_the_local_projection_is_metric() -> None:
    around = make_geotag().position
    there = make_geotag(100.0, 50.0).position
    assert around is not None and there is not None
    x, y = LocalProjection(around.lat, around.lon).project(there)
    assert x == pytest.approx(100, rel=0.01) and y == pytest.approx(50, rel=0.01)
    over = LocalProjection(0.0, 179.9999).project(replace(there, lat=0.0, lon=-179.9999))
    assert over[0] == pytest.approx(22.26, abs=0.01)


@pytest.mark.parametrize(
    "longest, expected", [(1.0, 1), (1.99, 1), (7.3, 5), (49.9, 20), (0.3, 0.2)]
)
def test_scale_bars_have_round_lengths(longest: float, expected: float) -> None:
    assert round_length(longest) == pytest.approx(expected)


def test_the_plan_shows_every_finding_and_its_scale_bar_is_right(tmp_path: Path) -> None:
    findings = [(make_sighting(k, 4.0, geotag=make_geotag(k * 10, k % 3)), None) for k in range(12)]
    plan = content_of(make_survey(tmp_path / "s", findings)).plan
    assert plan is not None and plan.located == len(plan.marks) == 12
    assert all(0 < m.x < 680 and 0 < m.y < 306 for m in plan.marks)
    xs = sorted(m.x for m in plan.marks)
    assert (xs[-1] - xs[0]) / plan.scale_bar * plan.scale_bar_m == pytest.approx(110, rel=0.01)
    assert make_plan([], []) is None


def test_the_worst_come_first_and_the_others_in_a_table(tmp_path: Path) -> None:
    widths: list[float | None] = [2.0, 9.0, None, 3.2, 5.0, 1.0]
    folder = make_survey(
        tmp_path / "s", [(make_sighting(k, w), None) for k, w in enumerate(widths)]
    )
    content = content_of(folder, detailed_findings=3)
    assert [one.entry.number for one in content.detailed] == [2, 5, 4]
    assert [one.number for one in content.listed] == [3, 1, 6]
    assert content.widths.judged == {
        LimitJudgement.ABOVE: 2,
        LimitJudgement.UNDECIDED: 1,
        LimitJudgement.UNKNOWN: 1,
        LimitJudgement.BELOW: 2,
    }
    page = render_page(content)
    assert "Of 6 findings, the 3 worst are shown with pictures" in page
    assert "no contrast: 1" in page and "not measurable: no contrast" in page


def test_a_rejected_finding_is_listed_but_not_counted(tmp_path: Path) -> None:
    folder = make_survey(tmp_path / "s", [(make_sighting(k, 8.0), None) for k in range(3)])
    with Survey.resume(folder) as survey:
        survey.add_review(Review(2, ReviewVerdict.REJECTED, "Ann", make_instant(9), "a cable"))
        survey.add_review(Review(3, ReviewVerdict.ACCEPTED, "Ben", make_instant(9), "spalls"))
    content = content_of(folder)
    assert content.finding_count == 2 and content.accepted_count == 1
    assert [one.number for one in content.rejected] == [2]
    page = render_page(content)
    assert "Rejected in review" in page and "by Ben" in page and "spalls" in page


def test_what_could_not_be_judged_is_listed(tmp_path: Path) -> None:
    folder = make_survey(tmp_path / "s", [(make_sighting(1, 5.0), None)], ["plain-1.jpg"])
    with Survey.resume(folder) as survey:
        survey.add_note(Note(make_instant(5, ClockSource.RTC), NoteKind.GAP, "too fast", 125.0))
        survey.add_scanned(ScannedPicture("torn.jpg", make_instant(3), skipped="is cut short"))
        far = replace(make_sighting(1, 1.0).scale, mm_per_px=0.5)  # type: ignore[type-var]
        survey.add_scanned(ScannedPicture("far.jpg", make_instant(3), scale=far))
        survey.add_note(Note(make_instant(6), NoteKind.WARNING, "the disk is nearly full"))
    page = render_page(content_of(folder))
    for words in (
        "2 min 5 s", "too fast", "torn.jpg", "is cut short", "1 picture in which a crack of 0.3 mm",
        "plain-1.jpg", "the disk is nearly full",
    ):  # fmt: skip
        assert words in page, words


def test_a_survey_without_scale_states_that_widths_are_in_pixels_only(tmp_path: Path) -> None:
    folder = make_survey(tmp_path / "s", [(make_sighting(1, 5.0, scale=None), None)])
    page = render_page(content_of(folder))
    assert "No width is known in millimetres." in page
    assert "Nothing can be said about the limit of 0.3 mm" in page
    assert "5.0 ± 0.5 px" in page
    assert "<b>–</b><span>wider than 0.3 mm</span>" in page and "<b>0</b>" not in page


def test_an_empty_survey_has_a_report(tmp_path: Path) -> None:
    page = render_page(content_of(make_survey(tmp_path / "s", [])))
    assert "No crack was found." in page and "0 findings" in page


def test_recorded_text_never_becomes_markup(tmp_path: Path) -> None:
    info = replace(INFO, name=EVIL, site=EVIL, device=EVIL, source=EVIL, model=EVIL)
    findings = make_sighting(1, 5.0, frame=EVIL)
    folder = make_survey(tmp_path / "s", [(findings, None)], [EVIL], info)
    with Survey.resume(folder) as survey:
        survey.add_review(Review(1, ReviewVerdict.ACCEPTED, EVIL, make_instant(9), EVIL))
        survey.add_note(Note(make_instant(5), NoteKind.GAP, EVIL, 1.0))
    (folder / "settings.json").write_text(json.dumps({EVIL: EVIL}))
    page = render_page(content_of(folder, inspector=EVIL))
    assert "<script" not in page
    assert page.count("</style>") == 1
    assert page.count("&lt;script&gt;") > 8


def test_text_cannot_end_its_quote_css() -> None:
    assert re.fullmatch(r'"(?:[A-Za-z0-9]|\\[0-9a-f]+ )*"', quote_css(EVIL + "\n\\é"))


def test_the_page_shows_the_crack_and_is_self_contained(tmp_path: Path) -> None:
    rgb = draw_wall()
    folder = make_survey(tmp_path / "s", [(measure_finding(rgb, find_crack_cells(rgb)), rgb)])
    content = content_of(folder)
    figures = content.detailed[0].figures
    assert figures is not None and figures.has_lines
    assert content.detailed[0].entry.width_mm is not None
    page = render_page(content)
    assert page.count("data:image/jpeg;base64,") == 2
    assert not re.search(r"(?:src|href|url)\s*[=(]\s*[\"']?(?!data:|&)(?:https?:|/|\w+\.)", page)


def test_pictures_without_a_finding_come_from_the_scanned_folder(tmp_path: Path) -> None:
    folder = make_survey(tmp_path / "s", [], ["intact-patch-grey.jpg", "gone.jpg", "../setup.cfg"])
    pictures = content_of(folder, source=SAMPLES).pictures
    assert [name for name, _ in pictures.thumbnails] == ["intact-patch-grey.jpg"]
    assert set(pictures.names) == {"gone.jpg", "../setup.cfg"}


def test_the_report_of_ten_thousand_findings_stays_small(tmp_path: Path) -> None:
    with Survey.create(tmp_path / "s", INFO, {}, "{}") as survey, survey.transaction():
        for number in range(10_000):
            survey.add_finding(make_sighting(number, 1 + number % 40))
        for number in range(5000):
            survey.add_track(TrackPoint(make_instant(number), make_geotag(number / 10, number % 7)))
    content = content_of(tmp_path / "s")
    page = render_page(content)
    assert content.finding_count == 10_000
    assert len(content.detailed) == 100 and len(content.listed) == LIMITS.max_table_rows
    assert f"also the remaining {10_000 - 100 - LIMITS.max_table_rows:,}" in page
    assert len(page) < 4_000_000
    assert content.plan is not None and content.plan.not_drawn == 7000


def test_progress_is_reported(tmp_path: Path) -> None:
    folder = make_survey(tmp_path / "s", [(make_sighting(k, 3.0), None) for k in range(3)])
    reported: list[tuple[str, int, int]] = []
    with SurveyReader(folder) as survey:
        write_report(
            survey,
            tmp_path / "r.html",
            ReportOptions(detailed_findings=2),
            on_progress=lambda step, done, total: reported.append((step, done, total)),
        )
    assert reported == [("Drawing findings", 1, 2), ("Drawing findings", 2, 2)]


def test_a_time_among_the_settings_is_formatted_as_one(tmp_path: Path) -> None:
    settings = {"scan": {"started_wall_s": WALL_S}, "threshold": 0.71}
    with Survey.create(tmp_path / "s", INFO, settings, "{}"):
        pass
    lines = dict(content_of(tmp_path / "s").settings)
    assert lines == {"scan.started": "2027-01-15 08:00:00 UTC", "threshold": "0.71"}


def test_the_command_writes_the_report_and_the_exports(tmp_path: Path) -> None:
    folder = make_survey(tmp_path / "s", [(make_sighting(1, 5.0), None)])
    out = tmp_path / "out" / "report.html"
    arguments = ["report", str(folder), "--out", str(out), "--site", "Quay 4", "--json"]
    done = CliRunner().invoke(crackscan, arguments)
    assert done.exit_code == 0, done.output
    printed = json.loads(done.output)
    assert printed["judged"]["above"] == 1 and printed["pdf"] is None
    assert "<h1>Quay 4</h1>" in out.read_text()
    assert sorted(path.name for path in out.parent.iterdir()) == [
        "report.findings.csv", "report.findings.geojson", "report.findings.gpkg", "report.html",
    ]  # fmt: skip
    again = CliRunner().invoke(crackscan, arguments)
    assert isinstance(again.exception, CrackscanError) and "--overwrite" in str(again.exception)


def test_without_a_pdf_engine_the_error_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CrackscanError, match=r"WeasyPrint .* or Chromium"):
        printing.write_pdf(tmp_path / "r.html", tmp_path / "r.pdf")


@pytest.mark.parametrize("engine", ["WeasyPrint", "Chromium"])
def test_the_pdf_has_numbered_a4_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    if engine == "Chromium":
        if not any(shutil.which(name) for name in printing.BROWSERS):
            pytest.skip("no Chromium is installed")
        monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    else:
        pytest.importorskip("weasyprint", exc_type=(ImportError, OSError))
    if not (shutil.which("pdftotext") and shutil.which("pdfinfo")):
        pytest.skip("poppler's programs are not installed")
    rgb = draw_wall()
    findings = [(measure_finding(rgb, find_crack_cells(rgb)), rgb), (make_sighting(2, None), None)]
    html, pdf = tmp_path / "r.html", tmp_path / "r.pdf"
    html.write_text(
        render_page(content_of(make_survey(tmp_path / "s", findings))), encoding="utf-8"
    )
    assert printing.write_pdf(html, pdf) == engine
    info = subprocess.run(["pdfinfo", pdf], capture_output=True, text=True, check=True).stdout
    pages = int(re.search(r"Pages:\s+(\d+)", info)[1])  # type: ignore[index]
    size = re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", info)
    assert size is not None
    assert float(size[1]) == pytest.approx(595.3, abs=1)
    assert float(size[2]) == pytest.approx(841.9, abs=1)
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True,
                          check=True).stdout  # fmt: skip
    assert f"Page {pages} of {pages}" in text and "Mill Bridge" in text
    assert "above the limit" in text
