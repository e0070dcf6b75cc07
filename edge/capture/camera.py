"""A camera of this machine (V4L2 through OpenCV) as a live source."""

import os
from pathlib import Path
from typing import Any

import cv2

from crackscan.core.errors import SourceError
from crackscan.edge.capture import options
from crackscan.edge.capture.device import BgrPicture
from crackscan.edge.capture.options import Option
from crackscan.edge.capture.supervisor import LiveSource

OPTIONS = {
    "size": Option(options.size, "1280x720", "width and height, px; else the camera's default"),
    "fps": Option(options.positive, "30", "frames a second"),
    "format": Option(options.fourcc, "MJPG", "pixel format; MJPG lets USB carry large pictures"),
    **options.GIVE_UP,
}
_BY_ID = Path("/dev/v4l/by-id")


def is_camera(name: str) -> bool:
    """Whether a source's name is a camera's number or device."""
    return (name.isascii() and name.isdigit()) or name.startswith(("/dev/video", "/dev/v4l/"))


def open_camera(name: str, source: str, text: str, every: int = 1) -> LiveSource:
    """A camera by number (`0`) or device (`/dev/video0`, `/dev/v4l/by-id/...`), with options.

    Raises SourceError at once if there is no such device or no permission, or an option is wrong;
    that it is in use or no camera shows at the first frame.
    """
    device = Path(f"/dev/video{int(source)}" if source.isdigit() else source)
    label = f"camera {source}" if source.isdigit() else source
    wanted = options.parse(name, text, OPTIONS)
    if not device.exists():
        here = ", ".join(str(path) for path in sorted(Path("/dev").glob("video*"))) or "none"
        raise SourceError(f"there is no {label} ({device}); cameras here: {here}")
    if not os.access(device, os.R_OK | os.W_OK):
        raise SourceError(
            f"no permission to use {device}: add yourself to the group `video` and log in again"
        )
    lasting = _lasting(device)
    return LiveSource(
        name, label, lambda: V4l2(lasting, label, wanted), every, give_up_s=wanted.get("giveup")
    )


class V4l2:
    """An open V4L2 camera. Raises SourceError if it cannot be opened or refuses what is wanted."""

    def __init__(self, device: Path, label: str, wanted: dict[str, Any]) -> None:
        hide_warnings()
        # Below the deadline from picture to picture, so that a silent camera is closed in order.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "4")
        if not device.exists():
            raise SourceError(f"{label} is unplugged: there is no {device}")
        self.label = label
        self._capture = cv2.VideoCapture(str(device.resolve()), cv2.CAP_V4L2)
        if not self._capture.isOpened():
            self._capture.release()
            raise SourceError(f"{label} cannot be opened: it is in use elsewhere, or no camera")
        self._choose(wanted)

    def read(self) -> BgrPicture | None:
        found, bgr = self._capture.read()
        if not found:
            return None
        taken_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000  # the driver's, monotonic
        return BgrPicture(bgr, taken_s if taken_s > 0 else None)  # type: ignore[arg-type]

    def close(self) -> None:
        self._capture.release()

    def _choose(self, wanted: dict[str, Any]) -> None:
        """Set format, size and rate, in this order, and refuse what the camera made of them."""
        if "format" in wanted:
            code = cv2.VideoWriter_fourcc(*wanted["format"])  # type: ignore[attr-defined]
            self._set(cv2.CAP_PROP_FOURCC, code)
            got = int(self._capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little", signed=True)
            if got != wanted["format"].encode():
                told = got.decode("ascii", "replace")
                self._refuse(f"format {wanted['format']} is {told} here")
        if "size" in wanted:
            width, height = wanted["size"]
            self._set(cv2.CAP_PROP_FRAME_WIDTH, width)
            self._set(cv2.CAP_PROP_FRAME_HEIGHT, height)
            got_size = (
                int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
                int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            )
            if got_size != (width, height):
                self._refuse(f"size {width}x{height} becomes {got_size[0]}x{got_size[1]} here")
        if "fps" in wanted:
            self._set(cv2.CAP_PROP_FPS, wanted["fps"])

    def _set(self, what: int, value: float) -> None:
        self._capture.set(what, value)

    def _refuse(self, why: str) -> None:
        self._capture.release()
        raise SourceError(
            f"{self.label} cannot do that: {why}; `v4l2-ctl --list-formats-ext` lists what it can"
        )


def _lasting(device: Path) -> Path:
    """The name that a camera keeps when it is plugged in again under another number."""
    if _BY_ID.is_dir():
        for link in sorted(_BY_ID.iterdir()):
            if link.resolve() == device.resolve():
                return link
    return device


def hide_warnings() -> None:
    """OpenCV's log, errors only; the function moved in version 5."""
    log = getattr(cv2.utils, "logging", None)
    if log is None:
        cv2.setLogLevel(2)  # type: ignore[attr-defined]
    else:
        log.setLogLevel(log.LOG_LEVEL_ERROR)
