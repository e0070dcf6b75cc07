"""A disk that is really full: a small tmpfs in a mount namespace of its own."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crackscan.core.pictures import read_picture

SAMPLES = Path(__file__).parents[2] / "samples"
SCRIPT = """
mount -t tmpfs -o size="$1" tmpfs "$2" || exit 77
shift 2
"$@"
code=$?
if [ -d disk/out ]; then cp -r disk/out saved; else mkdir saved; fi
exit $code
"""


@pytest.mark.system
@pytest.mark.parametrize("size", ["200k", "500k", "3000k"])
def test_a_full_disk_is_told_and_spoils_nothing(tmp_path: Path, size: str) -> None:
    (tmp_path / "disk").mkdir()
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no unshare on this machine")
    program = "from crackscan.edge.cli import main; main()"
    scan = [sys.executable, "-c", program, "scan", str(SAMPLES), "--out", "disk/out"]
    ended = subprocess.run(
        [unshare, "-Urm", "sh", "-c", SCRIPT, "sh", size, "disk", *scan],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    if ended.returncode == 77 or "unshare" in ended.stderr:
        pytest.skip(f"no mount namespace here: {ended.stderr.strip()}")
    assert ended.returncode == 1
    *warnings, error = ended.stderr.splitlines()[-4:]
    assert error.startswith("Error: ")
    assert "disk" in error
    assert "Traceback" not in ended.stderr
    saved = tmp_path / "saved"
    told = (saved / "findings.jsonl").read_text() if (saved / "findings.jsonl").is_file() else ""
    for line in told.splitlines(keepends=True):
        assert line.endswith("\n")
        assert json.loads(line)["peak"] > 0
    for path in (saved / "annotated").rglob("*.*"):
        assert read_picture(path).size
    if size == "200k":  # not even the record had room
        return
    assert told
    assert any("pictures are no longer saved" in line for line in warnings)
    with closing(sqlite3.connect(saved / "survey.sqlite")) as record:
        assert record.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert record.execute("SELECT count(*) FROM finding").fetchone()[0] > 0
