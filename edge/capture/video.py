"""A video file as a source: every frame, in order, upright."""

import os
from collections.abc import Iterator
from pathlib import Path

import cv2

from crackscan.core.errors import SourceError
from crackscan.core.native_output import library_messages
from crackscan.core.pictures import RGB
from crackscan.edge.capture.base import Source
from crackscan.edge.capture.frame import Frame

_SUFFIXES = {
    ".mp4", ".m4v", ".mov", ".3gp", ".avi", ".mkv", ".webm", ".wmv",
    ".mts", ".m2ts", ".ts", ".mpg", ".mpeg", ".mjpeg", ".mjpg",
}  # fmt: skip
_THREADS = 2
"""Of the decoder, each of which holds some frames; FFmpeg would take one a core."""
_ENDS_EARLY = 0.95
"""Containers may estimate their frame count; below this share of it a file is called damaged."""


def _options() -> list[int]:
    """Of a film that is opened; OpenCV before 4.7, Raspberry Pi OS Bookworm's, refuses this one."""
    threads = getattr(cv2, "CAP_PROP_N_THREADS", None)
    return [] if threads is None else [threads, _THREADS]


def is_video(path: str | os.PathLike[str]) -> bool:
    """Whether the name is a video's; FFmpeg would also make a film of a plain text file."""
    return Path(path).suffix.lower() in _SUFFIXES


class VideoFile(Source):
    """Every frame of a video file, or every so manieth; none is dropped.

    The rotation that phones write into a video is applied. Raises SourceError at once for a file
    that is no video.
    """

    kind = "video"

    def __init__(self, name: str, path: Path, every: int = 1) -> None:
        super().__init__(name)
        self.path = path
        self.every = every
        with library_messages():
            self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, _options())
        if not self._capture.isOpened():
            raise SourceError(f"{path} is no video that can be read")
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.count = count if count > 0 else None
        if self.count:
            self.length = -(-self.count // every)
        rate_fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate_fps = rate_fps / every if 0 < rate_fps <= 1000 else None
        turned = self._capture.get(cv2.CAP_PROP_ORIENTATION_META) in (90, 270)
        # OpenCV 4.6.0, Raspberry Pi OS Bookworm's, turns the wrong way (opencv/opencv#22088).
        self._upside_down = turned and cv2.__version__.startswith("4.6.0")

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while not self.stopped:
            wanted = index % self.every == 0
            with library_messages():
                found = self._capture.grab()
                rgb = self._retrieve() if found and wanted else None
            if not found:
                break
            if wanted and rgb is None:
                self.skip(f"{self.path.name}#{index}", "cannot be decoded")
            if rgb is not None:
                clip_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                yield self._frame(rgb, index, f"{self.path.name}#{index}", clip_s)
            index += 1
        if self.stopped:
            return
        if index == 0:
            raise SourceError(f"{self.path} holds no frame that can be read")
        if self.count and index < _ENDS_EARLY * self.count:
            self.skip(self.path.name, f"ends early: {index} of {self.count} frames can be read")

    def close(self) -> None:
        self._capture.release()

    def _retrieve(self) -> RGB | None:
        found, bgr = self._capture.retrieve()
        if not found:
            return None
        if self._upside_down:
            bgr = cv2.rotate(bgr, cv2.ROTATE_180)
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)  # type: ignore[return-value]
