"""What a live frame costs besides the model, in instructions: valgrind counts, so no clock matters.

It sees no AVX-512, and neither does OpenCV then: the figures are of its AVX2 code on x86-64.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="counted on x86-64"),
]
MOST = 2_500_000
"""Instructions of a 640x480 frame in a steady pan, decoding and model left out; one in a few frames
is matched."""
UNDER_WAY, FRAMES = 8, 24
"""Frames of a steady pan that are not counted, and that are."""
PROGRAM = f"""
import os
import subprocess

import cv2
import numpy as np

from crackscan.edge.appliance.bench.wall import encoded_frames
from crackscan.edge.detection.finding import Rule
from crackscan.edge.tracking.wall_tracker import WallTracker
from crackscan.edge.capture.frame import Frame

cv2.setNumThreads(1)
width, height, cell_px = 640, 480, 16
pictures = [cv2.imdecode(np.frombuffer(one, np.uint8), 1) for one in encoded_frames(width, height)]
cells = np.full((height // cell_px, width // cell_px), 0.01, np.float32)
cells[10:20, 20] = 0.99
tracker = WallTracker(Rule(0.5, 0.7, 4, cell_px))
for number in range({UNDER_WAY + FRAMES}):
    if number == {UNDER_WAY}:
        subprocess.run(["callgrind_control", "-i", "on", str(os.getpid())], check=True)
    frame = Frame(pictures[number], number, str(number), "wall", number / 15, number / 15)
    tracker.track_cracks(tracker.register_frame(frame), cells)
subprocess.run(["callgrind_control", "-i", "off", str(os.getpid())], check=True)
"""


def instructions_a_frame(folder: Path) -> float:
    """Of all stages but decoding and the model."""
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--instr-atstart=no",
         f"--callgrind-out-file={folder / 'counts'}", sys.executable, "-c", PROGRAM],
        capture_output=True, text=True, check=False, cwd=folder,
        env=os.environ | {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    counted = re.search(r"Collected : (\d+)", done.stderr)
    assert counted, done.stderr[-2000:]
    return int(counted.group(1)) / FRAMES


@pytest.mark.timeout(900)
def test_a_live_frame_keeps_within_its_instructions(tmp_path: Path) -> None:
    each = instructions_a_frame(tmp_path)
    print(f"{each / 1e6:.2f} million instructions a frame besides model and decoding")
    assert 0 < each <= MOST
