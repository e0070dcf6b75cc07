"""Predictions for boards follow from what was measured; submitted figures are read."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from crackscan.benchmarks.boards import Here, main, predict_boards
from crackscan.core.command_line import run_command
from crackscan.edge.cli import crackscan

QUICK = ["--rounds", "2", "--seconds", "0.1"]


def test_a_board_that_is_twice_as_quick_makes_twice_as_many_maps() -> None:
    here = Here(patch_ms=4, map_ms=1, map_by_patch=0.25, macs_by_patch=0.5, rest_ms=2)
    four, five, zero = predict_boards(here)
    assert four.maps_per_s == pytest.approx((1000 / 8.5, 1000 / 4.25))
    assert five.maps_per_s == pytest.approx((2 * 1000 / 8.5, 3 * 1000 / 4.25))
    for one in (four, five, zero):
        assert one.frames_per_s[0] < one.frames_per_s[1] < one.maps_per_s[1]


def test_figures_from_a_board_stand_beside_the_prediction(tmp_path: Path) -> None:
    sent = tmp_path / "figures.json"
    words = ["bench", "--seconds", "0.1", "--size", "640x480", "--threads", "1"]
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan, [*words, "--submit-file", str(sent)])
    assert not ended.value.code
    document = json.loads(sent.read_text())
    done = CliRunner().invoke(main, [*QUICK, "--out", str(tmp_path), "--submitted", str(sent)])
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "boards.json").read_text())
    assert figures["measured"] == {
        document["machine"]["board"]: document["runs"][0]["frames_per_s"]
    }
    assert 0 < figures["here"]["map_by_patch"] < 1
    table = (tmp_path / "boards.md").read_text()
    assert "predicted, not measured" in table and f"| {document['machine']['board']} |" in table


@pytest.mark.parametrize("text", ["", "{}", '{"runs": []}', "[1]"])
def test_another_file_is_reported_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    done = CliRunner().invoke(main, [*QUICK, "--out", str(tmp_path), "--submitted", str(file)])
    assert done.exit_code == 1
    assert done.output.strip().splitlines()[-1].startswith(f"Error: {file} is not what")
