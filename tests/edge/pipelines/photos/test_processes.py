"""The command with its processes: killed or interrupted, every photograph comes in once."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from photographing import METHOD, photographs

from crackscan.core.command_line import run_command
from crackscan.core.errors import CrackscanError
from crackscan.edge.cli import crackscan
from crackscan.edge.pipelines.photos.dask_pool import DaskPool
from crackscan.edge.pipelines.photos.process_pool import ProcessPool
from crackscan.edge.pipelines.photos.values import Task

PROGRAM = "from crackscan.edge.cli import main; main()"
COUNT = 40


def started(folder: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, "scan", str(folder), "--out", str(out), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def recorded(out: Path) -> int:
    try:
        with sqlite3.connect(f"file:{out}/survey.sqlite?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM scanned").fetchone()[0])
    except sqlite3.Error:
        return 0


def until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not true():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def workers(process: subprocess.Popen[str]) -> list[int]:
    return processes_of(process.pid)


def processes_of(pid: int) -> list[int]:
    """The processes that one has spawned."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    lines = {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
    return [child for child, line in lines.items() if b"spawn_main" in line]


def is_alive(pid: int) -> bool:
    """Whether a process still runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_kills_and_ctrl_c_leave_a_survey_that_goes_on(tmp_path: Path) -> None:
    folder, out = photographs(tmp_path / "flight", COUNT), tmp_path / "visit"
    first = started(folder, out, "--workers", "2")
    until(lambda: recorded(out) >= 8, first)  # both have looked at one by then
    os.kill(workers(first)[0], signal.SIGKILL)
    at = recorded(out)
    until(lambda: recorded(out) >= at + 5, first)
    began_s = time.monotonic()
    first.send_signal(signal.SIGINT)
    _, told = first.communicate(timeout=60)
    assert first.returncode == 130
    assert time.monotonic() - began_s < 20  # on a busy machine; else about one second
    assert told.splitlines()[-1] == "ended before all pictures were scanned: run it again to go on"
    assert "Traceback" not in told

    second = started(folder, out, "--workers", "1")
    until(lambda: recorded(out) >= at + 10, second)
    orphans = workers(second)
    second.kill()
    second.communicate()
    after_kill = recorded(out)
    assert after_kill < COUNT

    third = started(folder, out, "--workers", "1")
    said, told = third.communicate(timeout=200)
    assert third.returncode == 0 and "skipped:" not in told and "Error" not in told, told
    assert f"{after_kill} pictures left out: scanned in an earlier session" in said
    with sqlite3.connect(out / "survey.sqlite") as connection:
        names = connection.execute("SELECT name, findings, skipped FROM scanned").fetchall()
        found = connection.execute("SELECT frame, count(*) FROM finding GROUP BY frame").fetchall()
        named = {row[0] for row in connection.execute("SELECT path FROM picture")}
    assert len(names) == COUNT and not any(skipped for _, _, skipped in names)
    assert dict(found) == {name: findings for name, findings, _ in names if findings}
    assert named == {f"frames/{path.name}" for path in (out / "frames").iterdir()}
    deadline_s = time.monotonic() + 30
    while any(is_alive(pid) for pid in orphans):
        assert time.monotonic() < deadline_s, "workers outlive the run that was killed"
        time.sleep(0.1)


def test_a_photograph_that_kills_its_process_is_skipped_and_the_others_are_not(
    tmp_path: Path,
) -> None:
    folder = photographs(tmp_path, 2)
    cv2.imwrite(str(folder / "enormous.png"), np.zeros((8000, 8000), np.uint8))
    pool = ProcessPool(METHOD, 1)
    names = ["enormous.png", "north/0000.jpg", "south/0001.jpg"]
    tasks = [Task(name, str(folder / name), index) for index, name in enumerate(names)]
    came = {result.name: result for result in pool.process_photos(tasks, out_of_memory)}
    assert came.keys() == set(names)
    assert came["enormous.png"].skipped == (
        "ended its worker process: SIGKILL, perhaps out of memory"
    )
    assert came["enormous.png"].file is None, "it is tried again at the next run"
    assert came["north/0000.jpg"].findings


def test_a_process_that_is_killed_before_it_looks_is_replaced(tmp_path: Path) -> None:
    folder = photographs(tmp_path, 2)
    killed: list[int] = []

    def kill_the_first() -> bool:
        if not killed and (found := processes_of(os.getpid())):  # none before it is executed
            os.kill(found[0], signal.SIGKILL)
            killed.append(found[0])
        return False

    paths = sorted(folder.rglob("*.jpg"))
    tasks = [Task(path.name, str(path), index) for index, path in enumerate(paths)]
    came = list(ProcessPool(METHOD, 1).process_photos(tasks, kill_the_first))
    assert len(killed) == 1
    assert sorted(one.name for one in came) == [path.name for path in paths]


def test_a_process_looks_on_while_its_last_photograph_is_recorded(tmp_path: Path) -> None:
    folder = photographs(tmp_path, 2)
    cv2.imwrite(str(folder / "large.png"), np.zeros((6000, 8000), np.uint8))
    names = ["north/0000.jpg", "large.png"]
    tasks = [Task(name, str(folder / name), index) for index, name in enumerate(names)]
    came = ProcessPool(METHOD, 1).process_photos(tasks, lambda: False)
    assert next(came).name == names[0]
    (process,) = processes_of(os.getpid())
    before_s, deadline_s = processor_s(process), time.monotonic() + 30
    while processor_s(process) < before_s + 0.05:
        assert time.monotonic() < deadline_s, "it waits until the first one is recorded"
        time.sleep(0.02)
    assert [one.name for one in came] == names[1:]


def processor_s(pid: int) -> float:
    """What a process has computed so far (proc(5))."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def out_of_memory() -> bool:
    """Kills a child of this process that takes more than 190 MB, as a full machine would."""
    for children in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        for pid in children.read_text().split():
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            if pages * os.sysconf("SC_PAGE_SIZE") > 190_000_000:
                os.kill(int(pid), signal.SIGKILL)
    return False


def test_a_model_that_cannot_be_loaded_ends_the_run(tmp_path: Path) -> None:
    folder = photographs(tmp_path, 2)
    pool = ProcessPool(replace(METHOD, model=str(tmp_path / "gone.tflite")), 1)
    task = Task("a", str(folder / "north/0000.jpg"), 0)
    with pytest.raises(CrackscanError, match=r"no model file .*gone\.tflite"):
        list(pool.process_photos([task], lambda: False))


def test_a_scheduler_that_does_not_answer_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("distributed", reason="the dask extra is not installed")
    folder = photographs(tmp_path / "flight", 2)
    monkeypatch.setattr("crackscan.edge.pipelines.photos.dask_pool.CONNECT_S", 1.0)
    arguments = [str(folder), "--out", str(tmp_path / "visit"), "--dask", "tcp://127.0.0.1:9"]
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan, ["scan", *arguments])
    assert ended.value.code == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("Error: no Dask scheduler answers at tcp://127.0.0.1:9 within 1 s")


def test_a_missing_extra_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CrackscanError, match=r"pip install 'crackscan\[dask\]'"):
        DaskPool(METHOD, "tcp://127.0.0.1:9", tmp_path)
