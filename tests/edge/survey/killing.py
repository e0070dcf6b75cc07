"""Kills recording processes at random instants and looks at what they leave."""

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

LONGEST_S = 0.25


@contextmanager
def nursery() -> Iterator[subprocess.Popen[str]]:
    """A process that has everything imported and forks the ones to be killed."""
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


def kill_and_look(folder: Path, times: int, seed: int) -> int:
    """Record into one survey with so many kills; after each, nothing acknowledged is missing.

    Returns how many findings there are in the end.
    """
    chance = random.Random(seed)
    acknowledged = folder.with_suffix(".acknowledged")
    with nursery() as process:
        for _ in range(times):
            pipe(process.stdin).write(f"{folder} {acknowledged}\n")
            pipe(process.stdin).flush()
            pid = int(pipe(process.stdout).readline())
            time.sleep(chance.random() * LONGEST_S)
            os.kill(pid, signal.SIGKILL)
            while Path(f"/proc/{pid}").exists():
                time.sleep(0.001)
            if folder.exists():  # else it was killed while the survey was being made
                look(folder, acknowledged)
    with SurveyReader(folder) as reader:
        return reader.counts().findings


def look(folder: Path, acknowledged: Path) -> None:
    """Open the record as the next run would, and compare it with what was acknowledged."""
    survey = Survey.resume(folder)
    try:
        found = {one.id: one for one in survey.findings()}
        lines = acknowledged.read_text().splitlines() if acknowledged.exists() else []
        promised = {int(number): int(seen) for number, seen in map(str.split, lines)}
        for number, seen in promised.items():
            assert found[number].sighting.frame_index >= seen, f"finding {number} went back"
        unpromised = found.keys() - promised.keys()
        assert len(unpromised) <= len(survey.sessions()), "more than one a kill was under way"
        named = {one.path for one in survey.pictures()}
        there = {f"frames/{name}" for name in names(folder / "frames")}
        assert named == there
        for one in list(found.values())[-5:]:
            if one.picture is not None:
                assert read_picture(folder / one.picture).shape == (96, 128, 3)
        assert all(one.picture is not None for number, one in found.items() if number in promised)
    finally:
        survey.close()
