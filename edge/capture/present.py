"""Which cameras this machine has now."""

import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from crackscan.core.errors import SourceError
from crackscan.core.native_output import dropped_stderr
from crackscan.edge.capture import picamera

_QUERYCAP = struct.Struct("16s32s32sIII12x")
_VIDIOC_QUERYCAP = 0x80685600
_DEVICE_CAPS, _CAPTURE, _CAPTURE_MPLANE = 0x80000000, 0x1, 0x1000
_RIBBON = {"unicam", "rp1-cfe"}
"""Drivers of the raw sensor, whose pictures only libcamera can make."""


@dataclass(frozen=True)
class Camera:
    """A camera that is there."""

    source: str
    """What to name it as a source."""
    name: str
    note: str = ""
    """Why it cannot be used as it is; "" if it can."""


def v4l2_cameras(root: Path = Path("/")) -> list[Camera]:
    """Video devices that take pictures (not decoders, nor the nodes with a camera's metadata).

    `root` is where /sys and /dev are. A device that may not be opened is listed with the cure.
    """
    nodes = (root / "sys/class/video4linux").glob("video*")
    found = []
    for node in sorted(nodes, key=lambda path: (len(path.name), path.name)):
        device = root / "dev" / node.name
        source = f"/dev/{node.name}"
        try:
            name = (node / "name").read_text().strip()
        except OSError:
            name = "unnamed"
        try:
            handle = os.open(device, os.O_RDWR | os.O_NONBLOCK)
        except PermissionError:
            cure = "no permission: add yourself to the group `video` and log in again"
            found.append(Camera(source, name, cure))
            continue
        except OSError as error:
            found.append(Camera(source, name, f"{error.strerror}"))
            continue
        try:
            driver, takes_pictures = _capability(handle)
        except OSError:
            continue
        finally:
            os.close(handle)
        if driver in _RIBBON:
            found.append(Camera(source, name, "a raw sensor: use picamera:0"))
        elif takes_pictures:
            found.append(Camera(source, name))
    return found


def picameras() -> tuple[list[Camera], str]:
    """What picamera2 finds, and why it could not look ("" if it could)."""
    try:
        with dropped_stderr():
            cameras = picamera.cameras()
    except SourceError as error:
        return [], str(error)
    except Exception as error:  # libcamera raises what it likes where it has no permission
        return [], f"picamera2 failed: {' '.join(str(error).split())}"
    return [Camera(f"picamera:{one['number']}", one["model"]) for one in cameras], ""


def _capability(handle: int) -> tuple[str, bool]:
    """The driver, and whether the device takes pictures (VIDIOC_QUERYCAP)."""
    answer = fcntl.ioctl(handle, _VIDIOC_QUERYCAP, bytes(_QUERYCAP.size))
    driver, _, _, _, every, own = _QUERYCAP.unpack(answer)
    capabilities = own if every & _DEVICE_CAPS else every
    name = driver.rstrip(b"\0").decode("ascii", "replace")
    return name, bool(capabilities & (_CAPTURE | _CAPTURE_MPLANE))
