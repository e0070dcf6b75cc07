"""A scan that is killed at any instant, or whose disk fills, leaves a record that is whole."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from crackscan.core.errors import SurveyError
from crackscan.core.pictures import read_picture
from crackscan.edge.survey import NoteKind, Survey, SurveyReader

SAMPLES = Path(__file__).parents[2] / "samples"
PROGRAM = [sys.executable, "-c", "from crackscan.edge.cli import main; main()", "scan"]
KILLS = int(os.environ.get("CRACKSCAN_KILLS", "20"))
"""How often a scan is killed; 200 by hand."""
LONGEST_S = 6.0
"""From the first finding to the kill."""
SCRIPT = """
mount -t tmpfs -o size="$2" tmpfs "$1" || exit 77
shift 2
"$@" --out disk/visit
code=$?
cp -r disk/visit saved
exit $code
"""


def make_walls(path: Path, frames: int) -> Path:
    """A video that goes from wall to wall, each with a crack and seen for 20 frames."""
    writer = cv2.VideoWriter(str(path), int.from_bytes(b"mp4v", "little"), 15, (224, 224))
    patches = [read_picture(one) for one in sorted((SAMPLES / "patches/positive").iterdir())]
    for number in range(frames):
        patch = patches[number // 20 % len(patches)][:224, :224]
        shown = np.roll(patch, 3 * (number % 20), axis=1)
        writer.write(cv2.cvtColor(np.ascontiguousarray(shown), cv2.COLOR_RGB2BGR))
    writer.release()
    return path


@pytest.fixture(scope="module")
def walls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For longer than any test waits."""
    return make_walls(tmp_path_factory.mktemp("clip") / "walls.mp4", 3000)


@pytest.fixture(scope="module")
def few_walls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_walls(tmp_path_factory.mktemp("clip") / "few-walls.mp4", 400)


def findings_in(folder: Path) -> set[int]:
    """The numbers of the findings in a record that is being written."""
    with suppress(SurveyError, sqlite3.Error), SurveyReader(folder) as survey:
        return {one.id for one in survey.findings()}
    return set()


def read_and_killed(program: subprocess.Popen[bytes], folder: Path) -> set[int]:
    """Stop a scan at this instant, read its findings, and kill it as it stands.

    What was read earlier says less: a living scan takes findings out that it sees to be one.
    """
    program.send_signal(signal.SIGSTOP)
    seen = findings_in(folder)
    program.kill()
    program.wait(30)
    return seen


@pytest.mark.system
@pytest.mark.timeout(60 * KILLS + 300)
def test_a_scan_killed_at_any_instant_leaves_all_that_was_recorded(
    walls: Path, tmp_path: Path
) -> None:
    rng = random.Random(1)
    recorded = 0
    for number in range(KILLS):
        out = tmp_path / f"visit-{number}"
        program = subprocess.Popen(
            [*PROGRAM, walls, "--out", out, "--no-annotate", "--threads", "1"],
            stdout=subprocess.DEVNULL,
        )
        deadline_s = time.monotonic() + 60
        early = number % 5 == 4  # some are killed while the survey is being made
        while not (early or findings_in(out)) and program.poll() is None:
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        until_s = time.monotonic() + rng.uniform(0, LONGEST_S / 2 if early else LONGEST_S)
        while time.monotonic() < until_s and program.poll() is None:
            findings_in(out)  # somebody who reads meanwhile
            time.sleep(rng.uniform(0.001, 0.05))
        seen = read_and_killed(program, out)
        assert not list(tmp_path.glob("visit-*.new"))
        if not (out / "survey.sqlite").exists():
            assert early and not out.exists(), "a survey appears whole or not at all"
            continue
        survey = Survey.resume(out)
        found = list(survey.findings())
        assert {one.id for one in found} >= seen, "no finding that was read once is missing"
        for one in found:
            if one.picture is not None:
                assert read_picture(out / one.picture).shape == (224, 224, 3)
        named = {one.path for one in survey.pictures()}
        assert {f"frames/{path.name}" for path in (out / "frames").iterdir()} == named
        survey.close()
        if (out / "scan.json").exists():
            assert json.loads((out / "scan.json").read_text())["state"] == "running"
        lines = (out / "findings.jsonl").read_text() if (out / "findings.jsonl").exists() else ""
        assert all(json.loads(line)["id"] for line in lines.splitlines())
        assert lines == "" or lines.endswith("\n")
        recorded += len(found)
        shutil.rmtree(out)
    assert recorded >= KILLS
    print(f"{KILLS} kills, {recorded} findings recorded, none lost")


@pytest.mark.system
@pytest.mark.timeout(60 * KILLS + 300)
def test_a_survey_killed_and_gone_on_with_again_and_again_keeps_all(
    walls: Path, tmp_path: Path
) -> None:
    rng = random.Random(2)
    out = tmp_path / "visit"
    times = max(KILLS // 10, 3)
    kept: set[int] = set()
    for number in range(times):
        program = subprocess.Popen(
            [*PROGRAM, walls, "--out", out, "--continue", "--no-annotate", "--threads", "1"],
            stdout=subprocess.DEVNULL,
        )
        deadline_s = time.monotonic() + 60
        while not findings_in(out) - kept and program.poll() is None:
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        time.sleep(rng.uniform(0, LONGEST_S / 4))
        seen = read_and_killed(program, out)
        with SurveyReader(out) as survey:
            found = {one.id: one.session for one in survey.findings()}
            assert len(survey.sessions()) == number + 1
        assert set(found) >= kept | seen, "no finding of any session is missing"
        assert {found[one] for one in seen - kept} == {number + 1}
        kept = set(found)
    lines = [json.loads(line)["id"] for line in (out / "findings.jsonl").read_text().splitlines()]
    assert len(lines) == len(set(lines)) and set(lines) <= kept
    print(f"{times} kills in one survey, {len(kept)} findings recorded, none lost")


def on_a_small_disk(size: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Scan into a disk of that size; what it holds in the end is copied to `saved`."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no unshare on this machine")
    (folder / "disk").mkdir()
    ended = subprocess.run(
        [unshare, "-Urm", "sh", "-c", SCRIPT, "sh", "disk", size, *PROGRAM, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if ended.returncode == 77 or "unshare" in ended.stderr:
        pytest.skip(f"no mount namespace here: {ended.stderr.strip()}")
    assert "Traceback" not in ended.stderr
    return ended


@pytest.mark.system
def test_a_disk_that_fills_ends_pictures_first_and_no_finding(
    few_walls: Path, tmp_path: Path
) -> None:
    ended = on_a_small_disk(
        "37m", tmp_path, str(few_walls), "--reserve", "38", "--json", "--threads", "1"
    )
    assert ended.returncode == 1, "the annotated video is not whole, and that is told"
    assert "annotated.mp4 is not written on: only 3" in ended.stderr
    told = json.loads(ended.stdout)
    assert told["frames"] == 400 and any(
        "pictures are no longer saved" in one for one in told["warnings"]
    )
    with SurveyReader(tmp_path / "saved") as survey:
        found, counts = list(survey.findings()), survey.counts()
        notes = [note.text for _, note in survey.notes() if note.kind is NoteKind.WARNING]
    assert len(found) == told["findings"] > counts.pictures >= 1
    assert any(note.startswith("pictures are no longer saved") for note in notes)
    capture = cv2.VideoCapture(str(tmp_path / "saved" / "annotated.mp4"), cv2.CAP_FFMPEG)
    assert capture.isOpened() and capture.get(cv2.CAP_PROP_FRAME_COUNT) >= 1


@pytest.mark.system
def test_a_disk_that_is_full_to_the_last_byte_spoils_nothing(
    few_walls: Path, tmp_path: Path
) -> None:
    ended = on_a_small_disk(
        "600k", tmp_path, str(few_walls), "--reserve", "0", "--no-annotate", "--threads", "1"
    )  # fmt: skip
    survey = Survey.resume(tmp_path / "saved")
    found = list(survey.findings())
    assert found and all(
        read_picture(survey.folder / one.picture).shape == (224, 224, 3)
        for one in found
        if one.picture is not None
    )
    survey.close()
    assert ended.returncode == 1 and "entries not recorded" in ended.stderr
