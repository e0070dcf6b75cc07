"""A scan that goes on for long grows neither memory nor threads nor files.

CRACKSCAN_SOAK_S=1800 pytest tests/system/test_soak.py -m system -s
"""

import http.client
import json
import os
import signal
import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from phone import Camera, Scan, start, until

sys.path.pop(0)

from crackscan.edge.survey import SurveyReader

SOAK_S = float(os.environ.get("CRACKSCAN_SOAK_S", "40"))
PARTS, WARM = 8, 3
"""The soak has so many surveys, and what is measured in the first of them does not count."""
GROWTH = 0.02 if SOAK_S >= 600 else 0.08
"""Of the resident memory. In half a minute what is kept for long is still filling."""
CUT = (1, 4)
"""Parts in which the camera loses its power for a moment."""
PATIENCE_S = 90.0


class Viewer:
    """Looks at every picture and at the state, as the page does, on connections of its own."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.seen = 0
        self.frames = 0
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=one) for one in (self._pictures, self._state)]
        for thread in self._threads:
            thread.start()

    def ask(self, method: str, path: str, said: object = None) -> bytes:
        connection = http.client.HTTPConnection(self.host, timeout=30)
        headers = {"Origin": f"http://{self.host}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, json.dumps(said) if said else None, headers)
            return connection.getresponse().read()
        finally:
            connection.close()

    def close(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(30)

    def _pictures(self) -> None:
        after = 0
        while not self._ended.is_set():
            body = self.ask("GET", f"/api/frame?after={after}")
            if body:
                after = json.loads(body[4 : 4 + int.from_bytes(body[:4], "big")])["number"]
                self.seen += 1

    def _state(self) -> None:
        version = -1
        while not self._ended.is_set():
            body = self.ask("GET", f"/api/state?after={version}")
            state = json.loads(body) if body else {}
            version = state.get("version", version)
            self.frames = (state.get("status") or {}).get("frames", self.frames)


@dataclass
class Part:
    """What was measured each half second while one survey was made."""

    resident_kb: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)


def measure(scan: Scan, part: Part) -> None:
    place = Path(f"/proc/{scan.process.pid}")
    told = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
    part.resident_kb.append(int(told["VmRSS"].split()[0]))
    part.threads.append(int(told["Threads"]))
    part.files.append(len(list((place / "fd").iterdir())))


@pytest.fixture
def camera() -> Iterator[Camera]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        camera = Camera(free.getsockname()[1], frames_per_s=40)  # more than any scan takes
    camera.on()
    yield camera
    camera.off()


@pytest.mark.system
@pytest.mark.timeout(2 * SOAK_S + 900)
def test_a_long_scan_stays_as_it_is(
    camera: Camera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = tmp_path / "tmp"
    aside.mkdir()
    monkeypatch.setenv("TMPDIR", str(aside))
    scan = start(tmp_path, camera, "127.0.0.1:0")
    viewer = Viewer(urlsplit(scan.place).netloc)
    parts = [Part() for _ in range(PARTS)]
    try:
        until(lambda: viewer.frames, "the first frame", PATIENCE_S)
        for number, part in enumerate(parts):
            if number in CUT:
                camera.off()
                time.sleep(1)
                camera.on()
                before = viewer.frames
                until(lambda before=before: viewer.frames > before + 5, "frames again", PATIENCE_S)
            ended_s = time.monotonic() + SOAK_S / PARTS
            while time.monotonic() < ended_s or len(part.resident_kb) < 4:
                assert scan.process.poll() is None, scan.told()
                time.sleep(0.5)
                measure(scan, part)
            if number + 1 < PARTS:
                name = f"part {number + 2}"
                viewer.ask("POST", "/api/do", {"do": "new survey", "name": name})
                record = tmp_path / name / "survey.sqlite"
                until(record.is_file, f"the survey {name}", PATIENCE_S)
        frames, seen = viewer.frames, viewer.seen
    finally:
        viewer.close()
        scan.process.send_signal(signal.SIGTERM)
        code = scan.process.wait(PATIENCE_S)
    assert code == 128 + signal.SIGTERM, scan.told()
    assert frames > PARTS and seen > PARTS

    early, late = parts[WARM : WARM + 2], parts[-2:]
    usual = [
        [
            statistics.median([one for part in some for one in getattr(part, what)])
            for some in (early, late)
        ]
        for what in ("resident_kb", "threads", "files")
    ]
    told = ", ".join(f"{one:g} -> {other:g}" for one, other in usual)
    peak_kb = max(one for part in parts for one in part.resident_kb)
    print(f"{SOAK_S:g} s, {frames} frames: resident kB, threads, files: {told}; peak {peak_kb} kB")
    print("resident kB by part:", [round(statistics.median(part.resident_kb)) for part in parts])
    [early_kb, late_kb], *others = usual
    assert late_kb <= early_kb * (1 + GROWTH), told
    assert all(after <= before for before, after in others), told

    assert not list(aside.rglob("*")), "no file is left beside"
    surveys = sorted(path.parent for path in tmp_path.glob("*/survey.sqlite"))
    assert len(surveys) == PARTS
    for folder in surveys:
        assert not [path for path in folder.rglob("*") if path.name.startswith(".")]
        assert not list(folder.glob("survey.sqlite-*")), "one tidy file"
        with SurveyReader(folder) as survey:
            assert all(session.ended is not None for session in survey.sessions())
            named = {one.path for one in survey.pictures()}
        assert {f"frames/{path.name}" for path in (folder / "frames").iterdir()} == named
