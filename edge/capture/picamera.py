"""A Raspberry Pi camera (picamera2): one picture for the network, its twin for the evidence.

The camera's own image processor (ISP) makes both from one exposure: the sensor's full resolution
and a small one, so scaling costs no processor time. Both come as YUV 4:2:0, the only format of the
small one on a Raspberry Pi 4 and half as large as RGB; RGB is made of what is wanted. (picamera2's
"RGB888" would be blue first in memory.)
"""

import os
import re
import time
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

import cv2
import numpy as np

from crackscan.core.errors import SourceError
from crackscan.core.pictures import RGB
from crackscan.edge.capture import options
from crackscan.edge.capture.device import Pixels
from crackscan.edge.capture.options import Option, Size
from crackscan.edge.capture.supervisor import LiveSource


def _focus(text: str) -> float | str:
    return text if text == "auto" else options.positive(text)


OPTIONS = {
    "width": Option(
        options.positive, "1280", "of the picture for the network, px; its height follows"
    ),
    "full": Option(options.size, "4056x3040", "size of evidence pictures; else the whole sensor"),
    "fps": Option(options.positive, "10", "frames a second; else what the sensor can, up to 30"),
    "shutter": Option(
        options.seconds, "1/1000", "exposure, seconds; else automatic, rather short than long"
    ),
    "gain": Option(options.positive, "4", "analogue gain; else automatic"),
    "focus": Option(_focus, "0.5", "metres to the wall, locked; or auto"),
    **options.GIVE_UP,
}
_WIDTH = 1280
_BUFFERS = 5
"""One at the sensor, one in the ISP, one waiting, one taken, one to spare."""
_GRAB_S = 4.0
"""Below the deadline from picture to picture, so that a hung camera is closed in order."""


def is_picamera(name: str) -> bool:
    """Whether a source's name is a Raspberry Pi camera's."""
    return name.startswith("picamera:")


def open_picamera(name: str, source: str, text: str, every: int = 1) -> LiveSource:
    """`picamera:0` with options.

    Raises SourceError at once if picamera2 is missing or an option is wrong; that there is no such
    camera, or that it lacks an option, shows at the first frame.
    """
    number = re.fullmatch(r"picamera:(\d+)", source)
    if not number:
        raise SourceError(f"{source} is no Raspberry Pi camera: give picamera:0")
    wanted = options.parse(name, text, OPTIONS)
    if wanted.get("width", _WIDTH) % 2 or wanted.get("width", _WIDTH) < 64:
        raise SourceError(f"{name} has a wrong width: give an even number from 64, such as 1280")
    import_picamera2()
    index = int(number[1])
    return LiveSource(
        name, source, lambda: PiCamera(index, source, wanted), every, give_up_s=wanted.get("giveup")
    )


def import_picamera2() -> Any:
    """The class Picamera2. Raises SourceError, with what to do, if it cannot be imported."""
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")  # read at the import
    try:
        from picamera2 import Picamera2
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in ("picamera2", "libcamera"):
            told = " ".join(str(error).split())
            raise SourceError(f"picamera2 cannot be used: {told}") from None
        raise SourceError(
            f"the Python package {missing} is missing: apt install python3-picamera2, and make the "
            "environment with: python3 -m venv --system-site-packages"
        ) from None
    return Picamera2


def cameras() -> list[dict[str, Any]]:
    """What libcamera finds: `number`, `model`, `id` of each. Raises SourceError as above."""
    found = import_picamera2().global_camera_info()
    return [
        {"number": number, "model": str(one.get("Model", "")), "id": str(one.get("Id", ""))}
        for number, one in enumerate(found)
    ]


class PiCamera:
    """An open, running camera. Raises SourceError if it is not there or lacks what is wanted."""

    def __init__(self, index: int, label: str, wanted: dict[str, Any]) -> None:
        kind = import_picamera2()
        kind.set_logging(level=_ERROR)
        there = kind.global_camera_info()
        if index >= len(there):
            raise SourceError(
                f"there is no {label}: {len(there)} cameras are found; check the ribbon cable, and "
                "`rpicam-hello --list-cameras`"
            )
        self.label = label
        self._camera = kind(index)
        try:
            self._start(wanted)
        except BaseException:
            self.close()
            raise

    def read(self) -> "PiPicture":
        """Raises SourceError if no picture comes: picamera2's own wait would be for ever."""
        try:
            request = self._camera.capture_request(wait=_GRAB_S)
        except (TimeoutError, FutureTimeout):
            self._camera.cancel_all_and_flush()
            raise SourceError(
                f"{self.label} gave no picture for {_GRAB_S:g} s: check the ribbon cable and power"
            ) from None
        return PiPicture(request)

    def close(self) -> None:
        self._camera.close()

    def _start(self, wanted: dict[str, Any]) -> None:
        camera = self._camera
        full: Size = wanted.get("full") or _even(*camera.sensor_resolution)
        width = min(int(wanted.get("width", _WIDTH)), full[0])
        small = _even(width, round(width * full[1] / full[0]))
        configuration = camera.create_video_configuration(
            main={"format": "YUV420", "size": full},
            lores={"format": "YUV420", "size": small},
            buffer_count=_BUFFERS,
            controls=self._controls(wanted),
        )
        # What OpenCV takes YUV for: BT.601, 16..235.
        configuration["colour_space"] = _colour_space()
        camera.configure(configuration)
        camera.start()

    def _controls(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """libcamera's names for what is wanted; each must be one that this camera has."""
        chosen: dict[str, Any] = {}
        there = self._camera.camera_controls
        if "fps" in wanted:
            frame_us = round(1e6 / wanted["fps"])
            chosen["FrameDurationLimits"] = (frame_us, frame_us)
        elif "FrameDurationLimits" in there:
            chosen["FrameDurationLimits"] = (33_333, 1_000_000)
        if "shutter" in wanted:
            chosen["ExposureTime"] = round(wanted["shutter"] * 1e6)
        elif "AeExposureMode" in there:
            chosen["AeExposureMode"] = _AE_SHORT
        if "gain" in wanted:
            chosen["AnalogueGain"] = wanted["gain"]
        if wanted.get("focus") == "auto":
            chosen["AfMode"] = _AF_CONTINUOUS
        elif "focus" in wanted:
            chosen |= {"AfMode": _AF_MANUAL, "LensPosition": 1 / wanted["focus"]}  # dioptres
        lacking = [name for name in chosen if name not in there]
        if lacking:
            options_of = {
                "FrameDurationLimits": "fps",
                "ExposureTime": "shutter",
                "AnalogueGain": "gain",
                "AfMode": "focus",
                "LensPosition": "focus",
            }
            raise SourceError(f"{self.label} has no {options_of[lacking[0]]} that can be set")
        return chosen


_ERROR = 40
"""Of the module logging."""
_AF_MANUAL, _AF_CONTINUOUS = 0, 2
"""libcamera's AfModeEnum."""
_AE_SHORT = 1
"""Of libcamera's AeExposureModeEnum: of two ways to the same brightness, the shorter exposure."""


def _colour_space() -> Any:
    import libcamera

    return libcamera.ColorSpace.Smpte170m()


def _even(width: int, height: int) -> Size:
    return width // 2 * 2, height // 2 * 2


class PiPicture:
    """A completed request: its memory is the camera's until it is taken or dropped."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._sizes = {name: request.config[name]["size"] for name in ("main", "lores")}
        self._small: Pixels = request.make_array("lores")
        self.pixels = self._small[: self._sizes["lores"][1]]
        taken_ns = request.get_metadata().get("SensorTimestamp")
        self.taken_s = None if taken_ns is None else _monotonic(taken_ns / 1e9)

    def take(self) -> tuple[RGB, Callable[[], RGB]]:
        large: Pixels = self._request.make_array("main")
        self.drop()
        size = self._sizes["main"]
        return rgb_of(self._small, self._sizes["lores"]), lambda: rgb_of(large, size)

    def drop(self) -> None:
        self._request.release()


def rgb_of(yuv: Pixels, size: Size) -> RGB:
    """RGB of a YUV 4:2:0 picture of three planes (I420), whose rows may be padded.

    Args:
        yuv: uint8 (height * 3 / 2, row length): brightness, then the colour planes.
        size: width and height, px.
    """
    width, height = size
    rgb = cv2.cvtColor(yuv[: height * 3 // 2], cv2.COLOR_YUV2RGB_I420)
    return np.ascontiguousarray(rgb[:, :width], np.uint8)


def _monotonic(boottime_s: float) -> float:
    """A time of libcamera's clock, which counts on while the machine sleeps, on Python's."""
    return boottime_s - time.clock_gettime(time.CLOCK_BOOTTIME) + time.monotonic()
