"""Pictures and videos with cracks, the scan of them, and what it leaves."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from crackscan.core.command_line import run_command
from crackscan.core.errors import SurveyError
from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.cli import crackscan
from crackscan.edge.survey import SurveyReader

SAMPLES = Path(__file__).parents[4] / "samples"
PROGRAM = [sys.executable, "-c", "from crackscan.edge.cli import main; main()", "scan"]


def wall(shift: int = 0) -> RGB:
    """Real concrete with one upright crack, moved sideways, 224x224."""
    return np.roll(read_picture(SAMPLES / "cracked-patch-upright.jpg")[:224, :224], shift, axis=1)


def plain(height: int = 224, width: int = 224) -> RGB:
    return np.full((height, width, 3), 150, np.uint8)


def tell_place(path: Path) -> None:
    """Write into a JPEG where it was taken, as a drone of DJI does."""
    tags = 'drone-dji:GpsLatitude="+47.5" drone-dji:GpsLongitude="+9.25"'
    space = 'xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"'
    xmp = f"<x:xmpmeta><rdf:RDF><rdf:Description {space} {tags}/></rdf:RDF></x:xmpmeta>"
    body = b"http://ns.adobe.com/xap/1.0/\0" + xmp.encode()
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + data[2:])


def pan(path: Path, frames: int, smeared: Sequence[int]) -> Path:
    """A camera that goes down a wall, 480x360, 15 frames a second, some of them smeared."""
    whole = read_picture(SAMPLES / "cracked-wall-below-tiles.jpg")
    whole = np.asarray(cv2.resize(whole, None, fx=1.5, fy=1.5), np.uint8)
    writer = cv2.VideoWriter(str(path), int.from_bytes(b"mp4v", "little"), 15, (480, 360))
    for number in range(frames):
        shown = whole[6 * number : 6 * number + 360, :480]
        shown = cv2.blur(shown, (1, 41)) if number in smeared else shown
        writer.write(cv2.cvtColor(shown, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def clip(path: Path, frames: int, rate_fps: float = 10) -> Path:
    writer = cv2.VideoWriter(str(path), int.from_bytes(b"mp4v", "little"), rate_fps, (224, 224))
    walls = [wall(shift=number - 20) for number in range(min(frames, 40))]
    for number in range(frames):
        writer.write(cv2.cvtColor(walls[number % 40], cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def crackscan_scan(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan, ["scan", *map(str, arguments)])
    return int(ended.value.code or 0)


def findings_in(out: Path) -> list[dict[str, Any]]:
    lines = (out / "findings.jsonl").read_text().splitlines(keepends=True)
    assert all(line.endswith("\n") for line in lines)
    return [json.loads(line) for line in lines]


def state_of(out: Path) -> dict[str, Any]:
    return json.loads((out / "scan.json").read_text())  # type: ignore[no-any-return]


def frames_in(video: Path) -> int:
    capture = cv2.VideoCapture(str(video), cv2.CAP_FFMPEG)
    assert capture.isOpened()
    return sum(1 for _ in iter(lambda: capture.read()[0], False))


def start(arguments: Sequence[str | Path]) -> subprocess.Popen[str]:
    """Start the real program."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_findings(out: Path, count: int, program: subprocess.Popen[str]) -> list[int]:
    """Wait until the record has so many findings; gives their numbers."""
    deadline_s = time.monotonic() + 100
    while time.monotonic() < deadline_s and program.poll() is None:
        time.sleep(0.02)
        with suppress(SurveyError, sqlite3.Error), SurveyReader(out) as survey:
            found = [one.id for one in survey.findings()]
            if len(found) >= count:
                return found
    pytest.fail(f"no findings: {program.communicate(timeout=5)}")
