"""A Raspberry Pi camera (picamera2): a small picture for the network, a large one as evidence.

The image signal processor (ISP) makes both from one exposure: the sensor's full resolution and a
reduced one, so scaling costs no processor time. Both are YUV 4:2:0, which is the only format of
the reduced stream on a Raspberry Pi 4 and half as large as RGB; only pictures that are used are
converted. (The format "RGB888" of picamera2 is BGR in memory.)
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from crackscan.core.errors import SourceError
from crackscan.core.pictures import RGB
from crackscan.edge.capture.capture_device import Pixels
from crackscan.edge.capture.options import Size


@dataclass(frozen=True)
class PiCameraParameters:
    """Constants of the Raspberry Pi camera."""

    width_px: int = 1280
    """Default width of the picture for the network."""
    buffers: int = 5
    """One is at the sensor, one in the ISP, one waits, one is in use, one is spare."""
    request_s: float = 4.0
    """Longest wait for a picture: shorter than the supervisor's deadline, so that a camera that
    hangs is closed in order."""
    shortest_frame_us: int = 33_333
    """Frame duration at 30 frames per second, the highest automatic rate."""
    longest_frame_us: int = 1_000_000
    """Longest frame duration that the automatic exposure may choose in the dark."""


PARAMETERS = PiCameraParameters()


def import_picamera2() -> Any:
    """Import the class Picamera2. Raises SourceError, with the remedy, if this fails."""
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")  # libcamera reads it at the import
    try:
        from picamera2 import Picamera2
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in ("picamera2", "libcamera"):
            message = " ".join(str(error).split())
            raise SourceError(f"picamera2 cannot be imported: {message}") from None
        raise SourceError(
            f"the Python package {missing} is missing: apt install python3-picamera2, and make the "
            "environment with: python3 -m venv --system-site-packages"
        ) from None
    return Picamera2


def query_cameras() -> list[dict[str, Any]]:
    """List `number`, `model` and `id` of each camera that libcamera finds.

    Raises SourceError if picamera2 cannot be imported.
    """
    cameras = import_picamera2().global_camera_info()
    return [
        {"number": number, "model": str(one.get("Model", "")), "id": str(one.get("Id", ""))}
        for number, one in enumerate(cameras)
    ]


class PiCamera:
    """An open, running camera. Raises SourceError if it is missing or lacks an option."""

    def __init__(self, index: int, label: str, options: dict[str, Any]) -> None:
        picamera2 = import_picamera2()
        picamera2.set_logging(level=_LOG_ERROR)
        cameras = picamera2.global_camera_info()
        if index >= len(cameras):
            raise SourceError(
                f"there is no {label}: {len(cameras)} cameras are found; check the ribbon cable, "
                "and `rpicam-hello --list-cameras`"
            )
        self.label = label
        self._camera = picamera2(index)
        try:
            self._start_camera(options)
        except BaseException:
            self.close()
            raise

    def read(self) -> "PiFrame":
        """Wait for a picture; raises SourceError after a deadline, which picamera2 lacks."""
        wait_s = PARAMETERS.request_s
        try:
            request = self._camera.capture_request(wait=wait_s)
        except (TimeoutError, FutureTimeout):
            self._camera.cancel_all_and_flush()
            raise SourceError(
                f"{self.label} gave no picture for {wait_s:g} s: check the ribbon cable and power"
            ) from None
        return PiFrame(request)

    def close(self) -> None:
        self._camera.close()

    def _start_camera(self, options: dict[str, Any]) -> None:
        camera = self._camera
        full: Size = options.get("full") or _round_even(*camera.sensor_resolution)
        width = min(int(options.get("width", PARAMETERS.width_px)), full[0])
        small = _round_even(width, round(width * full[1] / full[0]))
        configuration = camera.create_video_configuration(
            main={"format": "YUV420", "size": full},
            lores={"format": "YUV420", "size": small},
            buffer_count=PARAMETERS.buffers,
            controls=self._choose_controls(options),
        )
        # The YUV that OpenCV converts from: BT.601, 16 to 235.
        configuration["colour_space"] = _colour_space()
        camera.configure(configuration)
        camera.start()

    def _choose_controls(self, options: dict[str, Any]) -> dict[str, Any]:
        """Translate the options to libcamera's controls; the camera must have each of them."""
        chosen: dict[str, Any] = {}
        available = self._camera.camera_controls
        if "fps" in options:
            frame_us = round(1e6 / options["fps"])
            chosen["FrameDurationLimits"] = (frame_us, frame_us)
        elif "FrameDurationLimits" in available:
            chosen["FrameDurationLimits"] = (
                PARAMETERS.shortest_frame_us,
                PARAMETERS.longest_frame_us,
            )
        if "shutter" in options:
            chosen["ExposureTime"] = round(options["shutter"] * 1e6)
        elif "AeExposureMode" in available:
            chosen["AeExposureMode"] = _AE_SHORT
        if "gain" in options:
            chosen["AnalogueGain"] = options["gain"]
        if options.get("focus") == "auto":
            chosen["AfMode"] = _AF_CONTINUOUS
        elif "focus" in options:
            chosen |= {"AfMode": _AF_MANUAL, "LensPosition": 1 / options["focus"]}  # dioptres
        lacking = [name for name in chosen if name not in available]
        if lacking:
            option = _OPTION_OF_CONTROL[lacking[0]]
            raise SourceError(
                f"{self.label} has no adjustable {option}: leave the option {option} out"
            )
        return chosen


_OPTION_OF_CONTROL = {
    "FrameDurationLimits": "fps",
    "ExposureTime": "shutter",
    "AnalogueGain": "gain",
    "AfMode": "focus",
    "LensPosition": "focus",
}
_LOG_ERROR = 40
"""Level ERROR of the module logging."""
_AF_MANUAL, _AF_CONTINUOUS = 0, 2
"""Values of libcamera's AfModeEnum."""
_AE_SHORT = 1
"""Value of libcamera's AeExposureModeEnum that prefers gain to a long exposure."""


def _colour_space() -> Any:
    import libcamera

    return libcamera.ColorSpace.Smpte170m()


def _round_even(width: int, height: int) -> Size:
    return width // 2 * 2, height // 2 * 2


class PiFrame:
    """A completed request; its memory belongs to the camera and must be returned."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._sizes = {name: request.config[name]["size"] for name in ("main", "lores")}
        self._small: Pixels = request.make_array("lores")
        self.pixels = self._small[: self._sizes["lores"][1]]
        captured_ns = request.get_metadata().get("SensorTimestamp")
        self.captured_s = None if captured_ns is None else _to_monotonic(captured_ns / 1e9)

    def retrieve(self) -> tuple[RGB, Callable[[], RGB]]:
        large: Pixels = self._request.make_array("main")
        self.release()
        size = self._sizes["main"]
        return convert_yuv(self._small, self._sizes["lores"]), lambda: convert_yuv(large, size)

    def release(self) -> None:
        self._request.release()


def convert_yuv(yuv: Pixels, size: Size) -> RGB:
    """Convert a planar YUV 4:2:0 picture (I420), whose rows may be padded, to RGB.

    Args:
        yuv: uint8 (height * 3 / 2, row length): the luma plane, then the chroma planes.
        size: width and height, px.

    Returns:
        uint8 (height, width, 3).
    """
    width, height = size
    rgb = cv2.cvtColor(yuv[: height * 3 // 2], cv2.COLOR_YUV2RGB_I420)
    return np.ascontiguousarray(rgb[:, :width], np.uint8)


def _to_monotonic(boottime_s: float) -> float:
    """Convert libcamera's clock, which counts suspended time, to Python's monotonic clock."""
    return boottime_s - time.clock_gettime(time.CLOCK_BOOTTIME) + time.monotonic()
