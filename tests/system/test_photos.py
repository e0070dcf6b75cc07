"""Surveys of photographs on a full disk, and on a real Dask cluster that loses a worker."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import read_picture

SAMPLES = Path(__file__).parents[2] / "samples"
PROGRAM = [sys.executable, "-c", "from crackscan.edge.cli import main; main()"]
SCRIPT = """
mount -t tmpfs -o size="$1" tmpfs "$2" || exit 77
shift 2
"$@"
code=$?
cp -r disk/out saved
exit $code
"""


@pytest.mark.system
def test_a_full_disk_ends_the_survey_and_spoils_nothing(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no unshare on this machine")
    survey = [
        *PROGRAM,
        "scan",
        str(SAMPLES),
        "--out",
        "disk/out",
        "--workers",
        "1",
    ]
    ended = subprocess.run(
        [unshare, "-Urm", "sh", "-c", SCRIPT, "sh", "400k", "disk", *survey],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    if ended.returncode == 77 or "unshare" in ended.stderr:
        pytest.skip(f"no mount namespace here: {ended.stderr.strip()}")
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("Error: disk/out") and last.endswith("run it again to go on")
    assert "Traceback" not in ended.stderr
    before = scanned(tmp_path / "saved")
    assert 0 < before < 74
    shutil.copytree(tmp_path / "saved", tmp_path / "visit")
    again = [*PROGRAM, "scan", str(SAMPLES), "--out", str(tmp_path / "visit"), "--workers", "1"]
    assert subprocess.run(again, capture_output=True).returncode == 0
    whole(tmp_path / "visit", 74)


@pytest.mark.system
def test_a_cluster_that_loses_a_worker_records_every_photograph_once(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the dask extra is not installed")
    folder, out = tmp_path / "flight", tmp_path / "visit"
    folder.mkdir()
    names = ["cracked-patch-level.jpg", "intact-patch-grey.jpg"]
    patches = [read_picture(SAMPLES / name) for name in names]
    for number in range(80):
        rgb = cv2.convertScaleAbs(patches[number % 2], alpha=1, beta=number % 30)
        write_picture(folder / f"{number:04d}.jpg", np.asarray(rgb, np.uint8))
    with cluster(tmp_path) as (address, workers):
        survey = subprocess.Popen(
            [*PROGRAM, "scan", str(folder), "--out", str(out), "--dask", address]
        )
        deadline_s = time.monotonic() + 240
        while scanned(out) < 30:
            assert survey.poll() is None and time.monotonic() < deadline_s
            time.sleep(0.05)
        workers[0].send_signal(signal.SIGKILL)
        at = scanned(out)
        assert survey.wait(240) == 0
    assert at < 80
    whole(out, 80)


def scanned(out: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{out}/survey.sqlite?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM scanned").fetchone()[0])
    except sqlite3.Error:
        return 0


def whole(out: Path, count: int) -> None:
    """Every photograph is there once, none was skipped, and each has the findings it says."""
    with closing(sqlite3.connect(out / "survey.sqlite")) as connection:

        def ask(sql: str) -> list[tuple[object, ...]]:
            return connection.execute(sql).fetchall()

        assert ask("PRAGMA integrity_check") == [("ok",)]
        assert ask("SELECT count(*) FROM scanned WHERE skipped = ''") == [(count,)]
        told = ask("SELECT name, findings FROM scanned WHERE findings > 0 ORDER BY name")
        assert told == ask("SELECT frame, count(*) FROM finding GROUP BY frame ORDER BY frame")
        assert len(told) >= count // 3


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, processes of their own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    dask = [sys.executable, "-m", "dask"]
    plain = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    commands = [["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-show"]]
    for name in ("one", "two"):
        options = ["--nthreads", "1", "--no-nanny", "--name", name, "--no-dashboard"]
        commands.append(["worker", address, *options, "--local-directory", str(folder / name)])
    commands[0].append("--no-dashboard")
    with (folder / "cluster.log").open("wb") as log:
        processes = [
            subprocess.Popen([*dask, *command], stdout=log, stderr=log, env=plain)
            for command in commands
        ]
        try:
            yield address, processes[1:]
        finally:
            for process in processes:
                process.kill()
                process.wait()
