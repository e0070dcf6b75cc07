"""The scripts that measure growth run, and measure what they say."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from crackscan.benchmarks.growth.frames import APART, TOGETHER, crazed_map
from crackscan.benchmarks.growth.record import make_finding, position_on_wall
from crackscan.benchmarks.how_cost_grows import main
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Rule, find_cracks

RULE = Rule(cell=0.3, patch=0.6, pooled_cells=1, cell_px=16)


@pytest.mark.parametrize("apart", [APART, TOGETHER])
def test_a_crazed_wall_shows_as_many_findings_as_were_asked_for(apart: int) -> None:
    frame = Frame(np.zeros((640, 960, 3), np.uint8), 0, "", "", 0.0, 0.0)
    for count in (0, 1, 30):
        assert len(find_cracks(crazed_map(40, 60, count, apart), frame, RULE)) == count


def test_findings_of_a_record_lie_apart_in_time_and_place() -> None:
    one, other = make_finding(1), make_finding(2)
    assert other.first.wall_s > one.first.wall_s
    assert len({position_on_wall(number) for number in range(3000)}) == 3000


def test_all_curves_are_measured(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--quick", "--workers", "1", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    document = json.loads((tmp_path / "growth.json").read_text())["curves"]
    points = [one for curve in document.values() for one in curve["points"]]
    curves: dict[str, list[int]] = {}
    for one in points:
        assert 0 < one["median"] <= one["late"]
        curves.setdefault(one["curve"], []).append(one["size"])
    assert curves["crack map, by pixels"] == [160 * 128, 320 * 240, 640 * 480]
    assert len(curves["insert a finding"]) == 2
    assert curves["ask for 20 findings by place"] == curves["ask for 20 findings by time"]
    assert len(curves["take a replaced picture out"]) == len(curves["ask for the next 20 findings"])
    assert curves["memory, by photographs"][-1] == 40
    assert curves["decode a photograph, by reduction"] == [1, 2, 4, 8]
    assert curves["live frame without the model, by minutes"][-1] == 3
    again = CliRunner().invoke(main, ["--quick", "--curve", "pixels", "--out", str(tmp_path)])
    assert again.exit_code == 0, again.output
    kept = json.loads((tmp_path / "growth.json").read_text())["curves"]
    assert kept["record"] == document["record"] and kept["pixels"] != document["pixels"]
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "growth.json", "growth.md", "growth.svg",
    ]  # fmt: skip
