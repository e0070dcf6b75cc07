"""What is plugged in: cameras, a GPS receiver, and whether this user may use them."""

import fcntl
import getpass
import grp
import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

from crackscan.edge.device import ROOT
from crackscan.edge.doctor.check import Check, broken, ok, warning
from crackscan.errors import CrackscanError

_QUERYCAP, _CAPTURE, _OWN_CAPS = 0x80685600, 0x00000001 | 0x00001000, 0x80000000
"""VIDIOC_QUERYCAP; V4L2_CAP_VIDEO_CAPTURE, also multiplanar; V4L2_CAP_DEVICE_CAPS."""
_OF_LIBCAMERA = ("unicam", "rp1-cfe", "bcm2835", "pispbe", "rpi-hevc", "rpivid")
"""Drivers of a Raspberry Pi whose devices only libcamera can make pictures with."""
_PICAMERA = """
import json
from picamera2 import Picamera2
print(json.dumps([one.get("Model", "camera") for one in Picamera2.global_camera_info()]))
"""
_PICAMERA_S, _GPS_S, _POLL_S = 20.0, 3.0, 0.05
_GROUPS = {
    "video": ("video*", "media*", "vcio", "dma_heap/*"),
    "dialout": ("ttyACM*", "ttyUSB*", "ttyAMA*", "ttyS[0-9]*", "serial[01]"),
    "gpio": ("gpiochip*", "gpiomem*"),
}
_NEEDED_BY = {"video": "cameras", "dialout": "GPS receivers and autopilots", "gpio": "the button"}


def cameras(source: str = "", root: Path = ROOT) -> Check:
    """Cameras that answer.

    Args:
        source: what the settings scan; that camera must be here.
        root: where /dev is.
    """
    found = [*_v4l2(root), *(_picamera2() if root == ROOT else ())]
    listed = ", ".join(found)
    if source.startswith("/dev/video") and not (root / source.lstrip("/")).exists():
        advice = "plug it in, or set another source"
        return broken("cameras", f"no {source}; here: {listed or 'none'}", advice)
    if source.startswith("picamera") and not any(one.startswith("picamera:") for one in found):
        return broken(
            "cameras",
            f"no camera for {source}; here: {listed or 'none'}",
            "check its cable, apt install python3-picamera2, and make the environment with"
            " --system-site-packages; see: rpicam-hello --list-cameras",
        )
    return ok("cameras", listed or "none (files and network streams can be scanned)")


def gps(position: str = "") -> Check:
    """The source of positions in the settings, or a gpsd on this machine."""
    from crackscan.edge.position import open_position

    wanted = position not in ("", "auto", "none", "exif")
    name = _position_name(position) if wanted else "gpsd://"
    try:
        with open_position(name) as source:
            until_s = time.monotonic() + _GPS_S
            while time.monotonic() < until_s:
                if source.at(time.monotonic()).position is not None:
                    return ok("position", f"{name}: {source.state()}")
                if source.state().startswith("not connected"):
                    break
                time.sleep(_POLL_S)
            state = source.state()
    except CrackscanError as error:
        return broken("position", str(error), "")
    if not wanted:
        here = f"gpsd: {state}" if not state.startswith("not connected") else "no gpsd here"
        return ok("position", f"{here} (not asked for by the settings)")
    if state.startswith(("not connected", "connecting")):
        return broken(
            "position", f"{name}: {state}", "apt install gpsd; systemctl status gpsd; cgps -s"
        )
    return warning("position", f"{name}: {state}", "give the receiver a view of the sky, and time")


def permissions(root: Path = ROOT) -> Check:
    """Whether this user may use the devices that are here."""
    closed: dict[str, list[str]] = {}
    here = 0
    for group, patterns in _GROUPS.items():
        for path in sorted(one for pattern in patterns for one in (root / "dev").glob(pattern)):
            here += 1
            if not os.access(path, os.R_OK | os.W_OK):
                closed.setdefault(_group_of(path, group), []).append(f"/{path.relative_to(root)}")
    user = getpass.getuser() if hasattr(os, "getuid") else ""
    if not closed:
        devices = (
            f"{here} device{'s' * (here != 1)} here, {user} may use {'it' if here == 1 else 'all'}"
        )
        return ok("permissions", devices if here else "no devices here")
    first = "; ".join(f"{paths[0]} (group {group})" for group, paths in closed.items())
    needed = ", ".join(_NEEDED_BY.get(group, group) for group in closed)
    return warning(
        "permissions",
        f"{user} may not use {first}",
        f"for {needed}: sudo usermod -aG {','.join(closed)} {user}, then log in again",
    )


def _v4l2(root: Path) -> list[str]:
    """`/dev/video0 (HD Webcam)` for each camera that OpenCV could open."""
    found = []
    for path in sorted((root / "dev").glob("video*")):
        try:
            handle = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        except OSError as error:
            found.append(f"{path} ({error.strerror})")
            continue
        try:
            answer = fcntl.ioctl(handle, _QUERYCAP, bytes(104))
        except OSError:
            continue
        finally:
            os.close(handle)
        driver, card = (
            part.split(b"\0")[0].decode(errors="replace") for part in (answer[:16], answer[16:48])
        )
        whole, own = struct.unpack_from("II", answer, 84)
        if (own if whole & _OWN_CAPS else whole) & _CAPTURE and not driver.startswith(
            _OF_LIBCAMERA
        ):
            found.append(f"{path} ({card})")
    return found


def _picamera2() -> list[str]:
    """`picamera:0 (imx708)` for each camera of libcamera; asked in a process of its own, which a
    broken installation may take down."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PICAMERA],
            capture_output=True,
            text=True,
            timeout=_PICAMERA_S,
            check=False,
        )
        names = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else []
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return []
    return [f"picamera:{number} ({name})" for number, name in enumerate(names)]


def _position_name(position: str) -> str:
    """`gpsd` and `gpsd:HOST:PORT`, as the settings write them, as URLs."""
    if position == "gpsd" or (position.startswith("gpsd:") and not position.startswith("gpsd://")):
        return f"gpsd://{position.removeprefix('gpsd').removeprefix(':')}"
    return position


def _group_of(path: Path, usual: str) -> str:
    try:
        name = grp.getgrgid(path.stat().st_gid).gr_name
    except (OSError, KeyError):
        return usual
    return usual if name == "root" else name
