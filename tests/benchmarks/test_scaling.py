"""One and two do the same work, and both are timed."""

import json
from pathlib import Path

from click.testing import CliRunner

from crackscan.benchmarks.scaling import main


def test_threads_and_processes_are_compared(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--quick", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    document = json.loads((tmp_path / "scaling.json").read_text())["scaling"]
    assert [one["what"].split(": ")[1] for one in document] == [
        "threads",
        "cores, ms a photograph",
    ]
    for one in document:
        assert one["one_ms"]["median"] > 0 and one["two_ms"]["median"] > 0
        assert 0 < one["gain"]["low"] <= one["gain"]["high"]
    assert {one.name for one in tmp_path.iterdir()} == {"scaling.json", "scaling.md"}
