"""A double of picamera2 0.3.38 and libcamera, faithful in what the source depends on.

It copies these properties: frames use a fixed number of buffers, and none arrives while all are
held (`CompletedRequest.release` returns one); a request is released once; streams are I420 with
padded rows (`Helpers._make_array_shared`); "RGB888" is BGR in memory; `capture_request` waits
without end, or raises TimeoutError after `wait` seconds and leaves its job in the queue, which
takes a request from the camera unless it is cancelled; controls that a camera lacks are refused.
"""

import sys
import threading
import time
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from crackscan.edge.capture.capture_device import Pixels

CONTROLS = {
    "AeExposureMode": (0, 3, 0),
    "AfMode": (0, 2, 0),
    "AnalogueGain": (1.0, 16.0, 1.0),
    "ExposureTime": (20, 1_000_000, 20_000),
    "FrameDurationLimits": (10_000, 1_000_000, 33_333),
    "LensPosition": (0.0, 32.0, 1.0),
}
PADDING = 64


@dataclass
class Bench:
    """Properties and behaviour of the cameras, and those that were opened."""

    cameras: int = 1
    sensor: tuple[int, int] = (1024, 768)
    controls: dict[str, Any] = field(default_factory=lambda: dict(CONTROLS))
    stalled: bool = False
    age_s: float = 0.0
    opened: list["Picamera2"] = field(default_factory=list)


class Request:
    def __init__(self, camera: "Picamera2", number: int) -> None:
        self.camera = camera
        self.number = number
        self.config = camera.configuration
        self.released = 0

    def make_array(self, name: str) -> Pixels:
        assert not self.released, "its memory is the camera's again"
        config = self.config[name]
        width, height = config["size"]
        if config["format"] == "RGB888":
            return np.ascontiguousarray(scene(width, height, self.number)[..., ::-1])
        assert config["format"] == "YUV420"
        return padded(scene(width, height, self.number))

    def get_metadata(self) -> dict[str, Any]:
        now_s = time.clock_gettime(time.CLOCK_BOOTTIME)
        return {"SensorTimestamp": int((now_s - self.camera.bench.age_s) * 1e9)}

    def release(self) -> None:
        self.released += 1
        assert self.released == 1, "CompletedRequest: lock now has negative ref_count"
        self.camera.buffers.release()


class Picamera2:
    bench: ClassVar[Bench]

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        return [
            {"Model": "imx708", "Location": 2, "Rotation": 180, "Id": f"/base/i2c@{n}", "Num": n}
            for n in range(Picamera2.bench.cameras)
        ]

    @staticmethod
    def set_logging(level: int = 30) -> None:
        assert level == 40

    def __init__(self, camera_num: int = 0) -> None:
        if camera_num >= len(self.global_camera_info()):
            raise RuntimeError(f"No camera number {camera_num} found")
        self.sensor_resolution = self.bench.sensor
        self.camera_controls = self.bench.controls
        self.configuration: dict[str, Any] = {}
        self.number = 0
        self.closed = threading.Event()
        self.jobs_left = 0
        self.bench.opened.append(self)

    def create_video_configuration(
        self, main: Any, lores: Any, buffer_count: int, controls: dict[str, Any]
    ) -> dict[str, Any]:
        assert lores["format"] == "YUV420", "the only one that a Raspberry Pi 4 makes"
        assert lores["size"][0] <= main["size"][0] and lores["size"][1] <= main["size"][1]
        for stream in (main, lores):
            assert not any(side % 2 for side in stream["size"]), "width and height should be even"
        for name in controls:
            if name not in self.camera_controls:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
        self.buffers = threading.Semaphore(buffer_count - 1)  # one is always at the sensor
        return {"main": main, "lores": lores, "controls": controls, "colour_space": "Rec709"}

    def configure(self, configuration: dict[str, Any]) -> None:
        assert configuration["colour_space"] == "Smpte170m", "what OpenCV takes YUV for"
        self.configuration = configuration

    def start(self) -> None:
        assert self.configuration

    def capture_request(self, wait: float | None = None) -> Request:
        until_s = time.monotonic() + (1e9 if wait is None else wait)
        while self.bench.stalled or not self.buffers.acquire(timeout=0.02):
            if self.closed.wait(0.02):
                raise RuntimeError("Camera is closed")
            if time.monotonic() > until_s:
                self.jobs_left += 1
                raise TimeoutError
        time.sleep(0.01)
        self.number += 1
        return Request(self, self.number)

    def cancel_all_and_flush(self) -> None:
        self.jobs_left = 0

    def close(self) -> None:
        self.closed.set()


def scene(width: int, height: int, number: int) -> Pixels:
    """Red left, blue right, RGB; below, a white bar that moves."""
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[:, : width // 2], rgb[:, width // 2 :] = (220, 20, 20), (20, 20, 220)
    at = width * (number % 15) // 16
    rgb[height * 3 // 4 :, at : at + width // 16] = 250
    return rgb


def padded(rgb: Pixels) -> Pixels:
    """I420 whose rows the ISP padded with arbitrary values."""
    height, width = rgb.shape[:2]
    stride = -(-width // PADDING) * PADDING
    i420 = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420)
    chroma = i420[height:].reshape(2, height // 2, width // 2)
    out = np.full((height * 3 // 2, stride), 77, np.uint8)
    out[:height, :width] = i420[:height]
    planes = out[height:].reshape(2, height // 2, stride // 2)
    planes[:, :, : width // 2] = chroma
    return out


class _ColorSpace:
    @staticmethod
    def Smpte170m() -> str:  # noqa: N802 - libcamera's name
        return "Smpte170m"


def install(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Replace picamera2 and libcamera by the double."""
    bench = Bench()
    package, library = ModuleType("picamera2"), ModuleType("libcamera")
    Picamera2.bench = bench
    package.Picamera2 = Picamera2  # type: ignore[attr-defined]
    library.ColorSpace = _ColorSpace  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", package)
    monkeypatch.setitem(sys.modules, "libcamera", library)
    return bench
