"""The real picamera2 on the real libcamera of Debian 13, in a chroot without a camera."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "trixie"
WHEELS = (
    "picamera2==0.3.38",
    *("numpy<3", "opencv-python-headless", "click", "rich", "av", "piexif", "pillow"),
    *("simplejpeg", "videodev2", "jsonschema", "libarchive-c", "tqdm"),
)
STAND_INS = {
    "pykms.py": "from unittest.mock import MagicMock\nPixelFormat = MagicMock()\n",
    "prctl.py": "",
    "pidng/__init__.py": "",
    "pidng/camdefs.py": "Picamera2Camera = None\n",
    "pidng/core.py": "PICAM2DNG = None\n",
}
"""Of what picamera2 imports for screens, ffmpeg and raw files, and that has no wheel."""
INSIDE = """
from crackscan.edge.capture import open_source, picamera_device
from crackscan.core.errors import SourceError
print(picamera_device.query_cameras())
try:
    with open_source("picamera:0#shutter=1/1000,focus=0.5") as source:
        list(source)
except SourceError as error:
    print(error)

import inspect, libcamera
from picamera2 import Picamera2
from picamera2.request import Helpers
import numpy as np
print(libcamera.ColorSpace.Smpte170m(), libcamera.ColorSpace.Smpte170m().range)
print(libcamera.controls.AeExposureModeEnum.Short.value, libcamera.controls.AfModeEnum.Manual.value,
      libcamera.controls.AfModeEnum.Continuous.value)
for name in ("ExposureTime", "AnalogueGain", "AfMode", "LensPosition", "FrameDurationLimits"):
    getattr(libcamera.controls, name)
inspect.signature(Picamera2.capture_request).bind(None, wait=4.0)
inspect.signature(Picamera2.create_video_configuration).bind(
    None, main={}, lores={}, buffer_count=5, controls={})
inspect.signature(Picamera2.set_logging).bind(level=40)
Picamera2.cancel_all_and_flush, Picamera2.close, Picamera2.configure, Picamera2.start
yuv = Helpers(None)._make_array_shared(
    np.arange(128 * 72, dtype=np.uint8), {"format": "YUV420", "size": (96, 48), "stride": 128})
print(yuv.shape, picamera_device.convert_yuv(yuv, (96, 48)).shape)
"""


def chroot() -> Path:
    """Debian 13 with libcamera's Python, and picamera2 from wheels; made once."""
    if shutil.which("mmdebstrap") is None or os.geteuid() != 0:
        pytest.skip("no chroot can be made here: be root, and apt install mmdebstrap")
    ready, part = BUILD / "root", BUILD / "part"
    if ready.exists():
        return ready
    shutil.rmtree(part, ignore_errors=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    command = ["mmdebstrap", "--variant=minbase", "--include=python3-libcamera,libarchive13t64"]
    made = subprocess.run(
        [*command, "trixie", str(part)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"mmdebstrap could not make it: {made.stderr[-300:]}")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(part / "opt/wheels")]
    only = ["--python-version", "3.13", "--only-binary=:all:"]
    # picamera2 by itself: some of what it asks for has no wheel, see STAND_INS.
    for wanted in ([*WHEELS[1:]], ["--no-deps", WHEELS[0]]):
        fetched = subprocess.run([*pip, *only, *wanted], capture_output=True, check=False)
        if fetched.returncode:
            pytest.skip(f"pip could not fetch {wanted}: {fetched.stderr.decode()[-300:]}")
    for name, text in STAND_INS.items():
        path = part / "opt/wheels" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    part.rename(ready)
    return ready


@pytest.mark.system
@pytest.mark.timeout(1200)
def test_the_real_package_is_imported_and_finds_no_camera() -> None:
    root = chroot()
    ours = root / "opt/crackscan"
    shutil.rmtree(ours, ignore_errors=True)
    shutil.copytree(ROOT / "edge", ours / "edge", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "core", ours / "core", ignore=shutil.ignore_patterns("__pycache__"))
    for module in ROOT.glob("*.py"):
        shutil.copy(module, ours)
    (root / "opt/inside.py").write_text(INSIDE)
    done = subprocess.run(
        [
            *("chroot", str(root), "/usr/bin/env", "-i", "PYTHONPATH=/opt:/opt/wheels"),
            *("PYTHONDONTWRITEBYTECODE=1", "/usr/bin/python3", "/opt/inside.py"),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert lines[0] == "[]"
    assert lines[1].startswith("there is no picamera:0: 0 cameras are found; check the ribbon")
    assert "SMPTE170M" in lines[2] and lines[2].endswith("Limited")
    assert lines[3] == "1 0 2"
    assert lines[4] == "(72, 128) (48, 96, 3)"
