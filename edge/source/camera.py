"""A camera of this machine (V4L2 through OpenCV) as a live source."""

import os
from pathlib import Path

import cv2

from crackscan.edge.source.live import Capture, LiveSource
from crackscan.errors import SourceError


def open_camera(name: str, every: int = 1) -> LiveSource:
    """A camera by number (`0`) or device (`/dev/video0`).

    Raises SourceError at once if there is no such device or no permission; that it is in use or
    no camera shows at the first frame.
    """
    device = Path(f"/dev/video{int(name)}" if name.isdigit() else name)
    label = f"camera {name}" if name.isdigit() else name
    if not device.exists():
        here = ", ".join(str(path) for path in sorted(Path("/dev").glob("video*"))) or "none"
        raise SourceError(f"there is no {label} ({device}); cameras here: {here}")
    if not os.access(device, os.R_OK | os.W_OK):
        raise SourceError(
            f"no permission to use {device}: add yourself to the group `video` and log in again"
        )
    return LiveSource(name, label, lambda: _open(device, label), every)


def _open(device: Path, label: str) -> Capture:
    _hide_warnings()
    capture = cv2.VideoCapture(str(device), cv2.CAP_V4L2)
    if not capture.isOpened():
        capture.release()
        raise SourceError(f"{label} cannot be opened: it is in use elsewhere, or no camera")
    return capture  # type: ignore[return-value]


def _hide_warnings() -> None:
    """OpenCV's log, errors only; the function moved in version 5."""
    log = getattr(cv2.utils, "logging", None)
    if log is None:
        cv2.setLogLevel(2)  # type: ignore[attr-defined]
    else:
        log.setLogLevel(log.LOG_LEVEL_ERROR)
