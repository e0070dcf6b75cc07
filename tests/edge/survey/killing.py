"""Kills recording processes at random instants and checks what they leave."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from surveying import names

from crackscan.core.pictures import read_picture
from crackscan.edge.survey import Survey, SurveyReader

MAX_LIFE_S = 0.25
"""Of a recording process before it is killed."""


@contextmanager
def fork_server() -> Iterator[subprocess.Popen[str]]:
    """A process that has imported everything and forks the processes to be killed."""
    program = [sys.executable, str(Path(__file__).with_name("killed.py"))]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def count_after_kills(folder: Path, times: int, seed: int) -> int:
    """Record into one survey and kill it that often; after each kill, check what is left.

    On a slow machine a process may be killed before its first finding. There are then further
    kills, until there are more findings than `times`, but no more than ten times as many kills.
    Returns the number of findings.
    """
    chance = random.Random(seed)
    acknowledged = folder.with_suffix(".acknowledged")
    with fork_server() as process:
        findings = kills = 0
        while kills < times or (findings <= times and kills < 10 * times):
            kills += 1
            pipe(process.stdin).write(f"{folder} {acknowledged}\n")
            pipe(process.stdin).flush()
            pid = int(pipe(process.stdout).readline())
            time.sleep(chance.random() * MAX_LIFE_S)
            os.kill(pid, signal.SIGKILL)
            while Path(f"/proc/{pid}").exists():
                time.sleep(0.001)
            if folder.exists():  # Otherwise it was killed while it created the survey.
                findings = check_record(folder, acknowledged)
    with SurveyReader(folder) as reader:
        return reader.counts().findings


def check_record(folder: Path, acknowledged: Path) -> int:
    """Open the record as the next run would, and compare it with what was acknowledged.

    Returns the number of findings.
    """
    survey = Survey.resume(folder)
    try:
        found = {one.id: one for one in survey.findings()}
        lines = acknowledged.read_text().splitlines() if acknowledged.exists() else []
        promised = {int(number): int(seen) for number, seen in map(str.split, lines)}
        for number, seen in promised.items():
            assert found[number].sighting.frame_index >= seen, f"finding {number} went back"
        unpromised = found.keys() - promised.keys()
        assert len(unpromised) <= len(survey.sessions()), (
            "more than one finding per kill was being written"
        )
        named = {one.path for one in survey.pictures()}
        assert named == {f"frames/{name}" for name in names(folder / "frames")}
        for one in list(found.values())[-5:]:
            if one.picture is not None:
                assert read_picture(folder / one.picture).shape == (96, 128, 3)
        assert all(one.picture is not None for number, one in found.items() if number in promised)
        return len(found)
    finally:
        survey.close()
