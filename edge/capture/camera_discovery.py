"""Discovery of the cameras that are attached to this machine."""

import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from crackscan.core.errors import SourceError
from crackscan.core.stderr_capture import drop_stderr
from crackscan.edge.capture.picamera_device import query_cameras

_QUERYCAP = struct.Struct("16s32s32sIII12x")
"""struct v4l2_capability of linux/videodev2.h."""
_VIDIOC_QUERYCAP = 0x80685600
_DEVICE_CAPS, _CAPTURE, _CAPTURE_MPLANE = 0x80000000, 0x1, 0x1000
_RAW_SENSOR_DRIVERS = {"unicam", "rp1-cfe"}
"""Drivers of raw sensors, whose pictures only libcamera can develop."""


@dataclass(frozen=True)
class AttachedCamera:
    """A camera that is attached to this machine."""

    source: str
    """Its name as a source."""
    name: str
    note: str = ""
    """Why it cannot be used like this, and what to do; "" if it can."""


def list_v4l2_cameras(root: Path = Path("/")) -> list[AttachedCamera]:
    """List the video devices that capture pictures, without decoders and metadata nodes.

    A device that may not be opened is listed with the remedy. `root` is the folder that contains
    /sys and /dev.
    """
    nodes = (root / "sys/class/video4linux").glob("video*")
    cameras = []
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
            remedy = "no permission: add yourself to the group `video` and log in again"
            cameras.append(AttachedCamera(source, name, remedy))
            continue
        except OSError as error:
            cameras.append(AttachedCamera(source, name, f"{error.strerror}"))
            continue
        try:
            driver, captures = _query_capability(handle)
        except OSError:
            continue
        finally:
            os.close(handle)
        if driver in _RAW_SENSOR_DRIVERS:
            cameras.append(AttachedCamera(source, name, "a raw sensor: use picamera:0"))
        elif captures:
            cameras.append(AttachedCamera(source, name))
    return cameras


def list_picameras() -> tuple[list[AttachedCamera], str]:
    """List the cameras that picamera2 finds, and why it failed ("" if it did not)."""
    try:
        with drop_stderr():
            cameras = query_cameras()
    except SourceError as error:
        return [], str(error)
    except Exception as error:  # libcamera raises various exceptions if permissions are missing
        return [], f"picamera2 failed: {' '.join(str(error).split())}"
    return [AttachedCamera(f"picamera:{one['number']}", one["model"]) for one in cameras], ""


def _query_capability(handle: int) -> tuple[str, bool]:
    """Return the driver's name, and whether the device captures pictures (VIDIOC_QUERYCAP)."""
    answer = fcntl.ioctl(handle, _VIDIOC_QUERYCAP, bytes(_QUERYCAP.size))
    driver, _, _, _, all_nodes, this_node = _QUERYCAP.unpack(answer)
    capabilities = this_node if all_nodes & _DEVICE_CAPS else all_nodes
    name = driver.rstrip(b"\0").decode("ascii", "replace")
    return name, bool(capabilities & (_CAPTURE | _CAPTURE_MPLANE))
