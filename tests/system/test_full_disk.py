"""A disk that is really full: a small tmpfs in a mount namespace of its own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crackscan.picture import read_picture

SAMPLES = Path(__file__).parents[2] / "samples"
SCRIPT = """
mount -t tmpfs -o size="$1" tmpfs "$2" || exit 77
shift 2
"$@"
code=$?
cp -r disk/out saved
exit $code
"""


@pytest.mark.system
@pytest.mark.parametrize("size", ["200k", "300k", "500k"])
def test_a_full_disk_ends_the_scan_and_spoils_nothing(tmp_path: Path, size: str) -> None:
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
    assert "No space left on device" in ended.stderr and ended.stderr.count("\n") == 1
    saved = tmp_path / "saved"
    for line in (saved / "findings.jsonl").read_text().splitlines(keepends=True):
        assert line.endswith("\n") and json.loads(line)["peak"] > 0
    assert json.loads((saved / "scan.json").read_text())["state"] in {"failed", "running"}
    pictures = list((saved / "annotated").rglob("*.*"))
    assert pictures
    for path in pictures:
        assert read_picture(path).size
