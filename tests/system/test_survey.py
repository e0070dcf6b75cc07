"""The record where it gets tight: a disk that is really full, and a million findings."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crackscan.core.pictures import read_picture
from crackscan.edge.survey import GeoBox, Survey, SurveyReader, Which

HELPERS = Path(__file__).parents[1] / "edge/survey"
sys.path.insert(0, str(HELPERS))
from surveying import CARD, INFO, SETTINGS, WALL_S, place, sighting  # noqa: E402

MANY = 1_000_000
SCRIPT = """
mount -t tmpfs -o size=4m tmpfs "$1" || exit 77
"$2" -c "$3" "$1/visit"
code=$?
cp -r "$1/visit" saved
exit $code
"""
FILL = """
import json, os, sys, time
from dataclasses import asdict
from pathlib import Path
import numpy as np
from crackscan.edge.survey import PictureQuota, Survey, SurveyWriter
from surveying import CARD, INFO, SETTINGS, sighting
survey = Survey.create(Path(sys.argv[1]), INFO, SETTINGS, CARD)
writer = SurveyWriter(survey, PictureQuota(reserve_bytes=1_500_000))
noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3)).astype(np.uint8)
safe, stopped_at = 0, None
while True:
    number = writer.add_finding(sighting(safe, cells=((1, 1),) * 500), noise.copy())
    if not writer.flush(2.0):
        break
    safe = number
    if stopped_at is None and writer.state().no_pictures:
        stopped_at = number
print(json.dumps({"safe": safe, "stopped_at": stopped_at, **asdict(writer.state())}), flush=True)
os.kill(os.getpid(), 9)
"""
FILL_ROWS = """
INSERT INTO finding ({names}) WITH RECURSIVE number (n) AS
    (SELECT 2 UNION ALL SELECT n + 1 FROM number WHERE n < {many})
SELECT {values} FROM number, finding AS old WHERE old.id = 1
"""


@pytest.mark.system
def test_a_disk_that_is_full_first_ends_pictures_then_says_so_and_spoils_nothing(
    tmp_path: Path,
) -> None:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no unshare on this machine")
    (tmp_path / "disk").mkdir()
    ended = subprocess.run(
        [unshare, "-Urm", "sh", "-c", SCRIPT, "sh", "disk", sys.executable, FILL],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HELPERS)},
        capture_output=True,
        text=True,
    )
    if ended.returncode == 77 or "unshare" in ended.stderr:
        pytest.skip(f"no mount namespace here: {ended.stderr.strip()}")
    assert ended.returncode == 137, ended.stderr
    told = json.loads(ended.stdout)
    assert "full" in told["trouble"] or "disk I/O error" in told["trouble"]
    assert "are free on the disk" in told["no_pictures"]
    assert 1 < told["stopped_at"] < told["safe"], "findings go on when pictures have ended"
    survey = Survey.resume(tmp_path / "saved")
    findings = list(survey.findings())
    assert len(findings) >= told["safe"] and len(findings[-1].sighting.cells) == 500
    pictures = [one.picture for one in findings if one.picture]
    assert len(pictures) == survey.counts().pictures >= told["stopped_at"] - 1
    for path in pictures:
        assert read_picture(survey.folder / path).shape == (240, 320, 3)
    survey.close()


@pytest.mark.system
def test_a_millionth_finding_is_written_and_found_at_once(tmp_path: Path) -> None:
    survey = Survey.create(tmp_path / "visit", INFO, SETTINGS, CARD)
    survey.add_finding(sighting(1, geotag=place()))
    made = {
        "id": "n",
        "first_wall_s": "old.first_wall_s + n * 0.1",
        "first_monotonic_s": "old.first_monotonic_s + n * 0.1",
        "lat": "47.5 + (n * 7919 % 1000003) / 1e8",
        "lon": "9.25 + (n * 104729 % 1000003) / 1e8",
    }
    rows = survey._connection.execute("PRAGMA table_info(finding)")
    names = [row["name"] for row in rows]
    values = ", ".join(made.get(name, f"old.{name}") for name in names)
    fill = FILL_ROWS.format(names=", ".join(names), values=values, many=MANY)
    survey._connection.execute(fill)
    survey.close()

    began_s = time.perf_counter()
    survey = Survey.resume(tmp_path / "visit")
    assert time.perf_counter() - began_s < 2, "a scan starts within 2 s"
    inserts_ms = [_insert_ms(survey, number) for number in range(300)]
    survey.close()
    sync_ms = statistics.median(_sync_ms(tmp_path / "plain") for _ in range(50))
    median_ms = statistics.median(inserts_ms)
    print(f"insert {median_ms:.2f} ms, of which the disk's own sync {sync_ms:.2f} ms")
    assert median_ms < 5 + 2 * sync_ms
    with SurveyReader(tmp_path / "visit") as reader:
        began_s = time.perf_counter()
        soon = Which(from_s=WALL_S + 50_000, to_s=WALL_S + 50_010)
        near = Which(box=GeoBox(47.505, 9.255, 47.5051, 9.2551))
        assert 90 <= len(list(reader.findings(soon))) <= 110
        assert 1 <= len(list(reader.findings(near))) <= 1000
        assert time.perf_counter() - began_s < 2


def _insert_ms(survey: Survey, number: int) -> float:
    lat = 47.5 + number * 7919 % 1000 / 1e5
    seen = sighting(number, geotag=place(lat, 9.25))
    began_s = time.perf_counter()
    survey.add_finding(seen)
    return (time.perf_counter() - began_s) * 1000


def _sync_ms(path: Path) -> float:
    with path.open("ab") as file:
        began_s = time.perf_counter()
        file.write(bytes(8192))
        file.flush()
        os.fsync(file.fileno())
        return (time.perf_counter() - began_s) * 1000
