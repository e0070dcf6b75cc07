"""How far a survey is, and how long it will take, is told also where there is no terminal."""

from pathlib import Path

import pytest

from crackscan.edge.cli import survey_report
from crackscan.edge.pipelines.photos import Looked, Tally


def test_a_log_gets_a_line_now_and_then_with_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock_s = 1000.0
    monkeypatch.setattr(survey_report.time, "monotonic", lambda: clock_s)
    tally = Tally(total=2000, before=1000)
    with survey_report.progress_bar(Path("flight")) as watch:
        for number in range(100):
            clock_s += 1.5
            reason = "is cut short" if number == 7 else ""
            tally.add(Looked(f"{number}.jpg", number, skipped=reason))
            watch(tally)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "1040 of 2000 photographs, 0 findings, 1 skipped; 0:24:00 left",
        "1080 of 2000 photographs, 0 findings, 1 skipped; 0:23:00 left",
    ]
