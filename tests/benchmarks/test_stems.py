"""Other beginnings of the network are converted, run and compared."""

import json
from pathlib import Path

from click.testing import CliRunner

from crackscan.benchmarks.stems import main
from crackscan.convert.macs import count_macs
from crackscan.edge.inference.model import find_model


def test_each_stem_has_a_cost_and_the_shipped_one_that_of_the_shipped_model(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--rounds", "2", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    rows = json.loads((tmp_path / "stems.json").read_text())["stems"]
    by_name = {one["stem"]: one for one in rows}
    shipped = rows[0]
    assert shipped["macs"] == count_macs(find_model("crack-s"), 480, 640)
    assert shipped["of_shipped"]["median"] == 1
    third = 120 * 160 * 16 * 4 * 4
    assert by_name["the same on grey pixels"]["macs"] == shipped["macs"] - 2 * third
    assert all(one["ms"]["median"] > 0 for one in rows)
