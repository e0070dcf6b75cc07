"""How far a scan of photographs is, and the time left, is printed also without a terminal."""

import time
from pathlib import Path

import pytest

from crackscan.edge.cli.photo_report import photo_progress
from crackscan.edge.pipelines.photos.tally import PhotoTally
from crackscan.edge.pipelines.photos.values import PhotoResult


def test_a_log_gets_a_line_now_and_then_with_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock_s = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: clock_s)
    tally = PhotoTally(total=2000, before=1000)
    with photo_progress(Path("flight")) as watch:
        for number in range(100):
            clock_s += 1.5
            reason = "is cut short" if number == 7 else ""
            result = PhotoResult(f"{number}.jpg", number, width=1, height=1, skipped=reason)
            tally.add_result(result)
            watch(tally)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "1040 of 2000 pictures, 0 findings, 1 skipped; 0:24:00 left",
        "1080 of 2000 pictures, 0 findings, 1 skipped; 0:23:00 left",
    ]
