"""A V4L2 camera of this machine, through OpenCV, as a live source."""

import os
from pathlib import Path
from typing import Any

import cv2

from crackscan.core.errors import SourceError
from crackscan.edge.capture.capture_device import BgrFrame, silence_opencv
from crackscan.edge.capture.live_source import LiveSource
from crackscan.edge.capture.options import (
    GIVE_UP,
    SourceOption,
    parse_fourcc,
    parse_options,
    parse_positive,
    parse_size,
)

OPTIONS = {
    "size": SourceOption(
        parse_size, "1280x720", "width and height, px; default: the camera's default"
    ),
    "fps": SourceOption(parse_positive, "30", "frames per second"),
    "format": SourceOption(
        parse_fourcc, "MJPG", "pixel format; MJPG fits large pictures through USB"
    ),
    **GIVE_UP,
}
_BY_ID = Path("/dev/v4l/by-id")


def is_v4l2(name: str) -> bool:
    """Whether the name is a camera number or a V4L2 device."""
    return (name.isascii() and name.isdigit()) or name.startswith(("/dev/video", "/dev/v4l/"))


def open_v4l2(name: str, source: str, option_text: str, every: int = 1) -> LiveSource:
    """Open a camera by number (`0`) or device (`/dev/video0`, `/dev/v4l/by-id/...`).

    Raises SourceError at once if the device does not exist or may not be opened, or an option is
    wrong. If the device is in use or is not a camera, the first frame raises it.
    """
    device = Path(f"/dev/video{int(source)}" if source.isdigit() else source)
    label = f"camera {source}" if source.isdigit() else source
    options = parse_options(name, option_text, OPTIONS)
    if not device.exists():
        present = ", ".join(str(path) for path in sorted(Path("/dev").glob("video*"))) or "none"
        raise SourceError(f"there is no {label} ({device}); present cameras: {present}")
    if not os.access(device, os.R_OK | os.W_OK):
        raise SourceError(
            f"no permission to use {device}: add yourself to the group `video` and log in again"
        )
    stable = _find_stable_path(device)
    return LiveSource(
        name,
        label,
        lambda: V4l2Device(stable, label, options),
        every,
        give_up_s=options.get("giveup"),
    )


class V4l2Device:
    """An open V4L2 camera. Raises SourceError if it cannot be opened or refuses an option."""

    def __init__(self, device: Path, label: str, options: dict[str, Any]) -> None:
        silence_opencv()
        # Shorter than the deadline for the next picture: a silent camera is closed in order.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "4")
        if not device.exists():
            raise SourceError(f"{label} is unplugged: there is no {device}")
        self.label = label
        self._capture = cv2.VideoCapture(str(device.resolve()), cv2.CAP_V4L2)
        if not self._capture.isOpened():
            self._capture.release()
            raise SourceError(
                f"{label} cannot be opened: another program uses it, or it is not a camera"
            )
        self._set_options(options)

    def read(self) -> BgrFrame | None:
        found, bgr = self._capture.read()
        if not found:
            return None
        captured_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000  # the driver's, monotonic
        return BgrFrame(bgr, captured_s if captured_s > 0 else None)  # type: ignore[arg-type]

    def close(self) -> None:
        self._capture.release()

    def _set_options(self, options: dict[str, Any]) -> None:
        """Set format, size and rate, in this order, and check what the camera made of them."""
        if "format" in options:
            code = cv2.VideoWriter_fourcc(*options["format"])  # type: ignore[attr-defined]
            self._capture.set(cv2.CAP_PROP_FOURCC, code)
            got = int(self._capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little", signed=True)
            if got != options["format"].encode():
                actual = got.decode("ascii", "replace")
                self._refuse_option(f"format {options['format']} becomes {actual}")
        if "size" in options:
            width, height = options["size"]
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
            got_size = (
                int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
                int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            )
            if got_size != (width, height):
                self._refuse_option(f"size {width}x{height} becomes {got_size[0]}x{got_size[1]}")
        if "fps" in options:
            self._capture.set(cv2.CAP_PROP_FPS, options["fps"])

    def _refuse_option(self, why: str) -> None:
        self._capture.release()
        raise SourceError(
            f"{self.label} does not support this: {why}; `v4l2-ctl --list-formats-ext` lists what"
            " it supports"
        )


def _find_stable_path(device: Path) -> Path:
    """Find the path that stays the same when the camera is plugged in again as another number."""
    if _BY_ID.is_dir():
        for link in sorted(_BY_ID.iterdir()):
            if link.resolve() == device.resolve():
                return link
    return device
