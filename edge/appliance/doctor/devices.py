"""What is plugged in: cameras, a GPS receiver, and whether this user may use them."""

import getpass
import grp
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from crackscan.core.errors import CrackscanError
from crackscan.edge.appliance.doctor.check import Check, report_broken, report_ok, report_warning
from crackscan.edge.capture.camera_discovery import AttachedCamera, list_v4l2_cameras
from crackscan.edge.device.health import ROOT

_PICAMERA = """
import json
from crackscan.edge.capture.camera_discovery import list_picameras
found, why = list_picameras()
print(json.dumps([[vars(one) for one in found], why]))
"""
_PICAMERA_S, _GPS_S, _POLL_S = 20.0, 3.0, 0.05
_GROUPS = {
    "video": ("video*", "media*", "vcio", "dma_heap/*"),
    "dialout": ("ttyACM*", "ttyUSB*", "ttyAMA*", "ttyS[0-9]*", "serial[01]"),
    "gpio": ("gpiochip*", "gpiomem*"),
}
_NEEDED_BY = {"video": "cameras", "dialout": "GPS receivers and autopilots", "gpio": "the button"}


def check_cameras(source: str = "", root: Path = ROOT) -> Check:
    """Cameras that answer.

    Args:
        source: what the settings scan; if it is a camera, it must be here.
        root: where /dev and /sys are.
    """
    ribbon, why = _picameras() if root == ROOT else ([], "")
    found = [*ribbon, *list_v4l2_cameras(root)]
    listed = ", ".join(f"{one.source} ({one.note or one.name})" for one in found)
    wanted = source.partition("#")[0]
    wanted = f"/dev/video{wanted}" if wanted.isdecimal() else wanted
    if wanted.startswith("/dev/") and not (root / wanted.lstrip("/")).exists():
        return report_broken(
            "cameras",
            f"no {wanted}; here: {listed or 'none'}",
            "plug it in, or set another source",
        )
    if wanted.startswith("picamera:") and wanted not in {one.source for one in ribbon}:
        return report_broken(
            "cameras",
            f"no {wanted}; here: {listed or 'none'}",
            why or "check the ribbon cable; see: rpicam-hello --list-cameras",
        )
    return report_ok("cameras", listed or "none (files and network streams can be scanned)")


def check_position(position: str = "") -> Check:
    """The source of positions in the settings, or a gpsd on this machine."""
    from crackscan.edge.positioning import open_position

    wanted = position not in ("", "auto", "none", "exif")
    name = position if wanted else "gpsd"
    try:
        with open_position(name) as source:
            until_s = time.monotonic() + _GPS_S
            while time.monotonic() < until_s:
                if source.geotag_at(time.monotonic()).position is not None:
                    return report_ok("position", f"{name}: {source.describe_state()}")
                if source.describe_state().startswith("not connected"):
                    break
                time.sleep(_POLL_S)
            state = source.describe_state()
    except CrackscanError as error:
        return report_broken("position", str(error), "")
    if not wanted:
        here = f"gpsd: {state}" if not state.startswith("not connected") else "no gpsd here"
        return report_ok("position", f"{here} (not asked for by the settings)")
    if state.startswith(("not connected", "connecting")):
        return report_broken(
            "position", f"{name}: {state}", "apt install gpsd; systemctl status gpsd; cgps -s"
        )
    return report_warning(
        "position", f"{name}: {state}", "give the receiver a view of the sky, and time"
    )


def check_permissions(root: Path = ROOT) -> Check:
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
        return report_ok("permissions", devices if here else "no devices here")
    first = "; ".join(f"{paths[0]} (group {group})" for group, paths in closed.items())
    needed = ", ".join(_NEEDED_BY.get(group, group) for group in closed)
    return report_warning(
        "permissions",
        f"{user} may not use {first}",
        f"for {needed}: sudo usermod -aG {','.join(closed)} {user}, then log in again",
    )


def _picameras() -> tuple[list[AttachedCamera], str]:
    """Cameras of libcamera, or why they could not be listed; asked in a process of its own,
    which a broken installation may take down or hang."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PICAMERA],
            capture_output=True,
            text=True,
            timeout=_PICAMERA_S,
            check=False,
        )
        found, why = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return [], "picamera2 does not answer: restart the machine"
    except (OSError, ValueError, IndexError):
        return [], "picamera2 crashes: apt install --reinstall python3-picamera2 python3-libcamera"
    return [AttachedCamera(**one) for one in found], why


def _group_of(path: Path, usual: str) -> str:
    try:
        name = grp.getgrgid(path.stat().st_gid).gr_name
    except (OSError, KeyError):
        return usual
    return usual if name == "root" else name
