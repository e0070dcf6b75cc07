"""Forks a process for each line of standard input, that records until it is killed.

A line is `FOLDER ACKNOWLEDGED`; the process's number is printed. Each entry that is on the disk is
appended to the file ACKNOWLEDGED: the number of a finding, and of its sighting.
"""

import os
import sys
from pathlib import Path

import numpy as np
from surveying import CARD, INFO, SETTINGS, sighting

from crackscan.edge.survey import PictureQuota, Survey, SurveyWriter

WALL = np.random.default_rng(1).integers(0, 255, (96, 128, 3)).astype(np.uint8)


def record(folder: Path, acknowledged: int) -> None:
    if folder.exists():
        survey = Survey.resume(folder)
    else:
        survey = Survey.create(folder, INFO, SETTINGS, CARD)
    writer = SurveyWriter(survey, PictureQuota(reserve_bytes=0))
    seen = 0
    while True:
        number = writer.add_finding(sighting(seen), WALL)
        writer.flush()
        os.write(acknowledged, f"{number} {seen}\n".encode())
        writer.update_finding(number, sighting(seen + 1), WALL)
        writer.flush()
        os.write(acknowledged, f"{number} {seen + 1}\n".encode())
        seen += 2


def main() -> None:
    for line in sys.stdin:
        folder, acknowledged = line.split()
        pid = os.fork()
        if pid == 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            record(Path(folder), os.open(acknowledged, flags))
        print(pid, flush=True)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
