"""A video file as a source: every frame, in order, upright."""

import os
from collections.abc import Iterator
from pathlib import Path

import cv2

from crackscan.core.errors import SourceError
from crackscan.core.pictures import RGB
from crackscan.core.stderr_capture import capture_library_messages
from crackscan.edge.capture.frame import Frame
from crackscan.edge.capture.source import Source

_SUFFIXES = {
    ".mp4", ".m4v", ".mov", ".3gp", ".avi", ".mkv", ".webm", ".wmv",
    ".mts", ".m2ts", ".ts", ".mpg", ".mpeg", ".mjpeg", ".mjpg",
}  # fmt: skip
_DECODER_THREADS = 2
"""Each thread holds several frames; FFmpeg's default is one per core."""
_COMPLETE_SHARE = 0.95
"""Containers may estimate their frame count; a file with a smaller share of it is damaged."""


def is_video(path: str | os.PathLike[str]) -> bool:
    """Whether the suffix is that of a video; FFmpeg would even open a text file as a video."""
    return Path(path).suffix.lower() in _SUFFIXES


class VideoFile(Source):
    """Every frame of a video file, or every Nth; no frame is dropped.

    The rotation that phones store in a video is applied. Raises SourceError at once if the file is
    not a video.
    """

    kind = "video"

    def __init__(self, name: str, path: Path, every: int = 1) -> None:
        super().__init__(name)
        self.path = path
        self.every = every
        with capture_library_messages():
            self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, _decoder_options())
        if not self._capture.isOpened():
            raise SourceError(f"{path} is not a readable video: it is damaged or another format")
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.count = count if count > 0 else None
        if self.count:
            self.length = -(-self.count // every)
        rate_fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate_fps = rate_fps / every if 0 < rate_fps <= 1000 else None
        rotated = self._capture.get(cv2.CAP_PROP_ORIENTATION_META) in (90, 270)
        # OpenCV 4.6.0 of Raspberry Pi OS Bookworm rotates the wrong way (opencv/opencv#22088).
        self._upside_down = rotated and cv2.__version__.startswith("4.6.0")

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while not self.stopped:
            wanted = index % self.every == 0
            with capture_library_messages():
                found = self._capture.grab()
                rgb = self._decode_frame() if found and wanted else None
            if not found:
                break
            if wanted and rgb is None:
                self.record_skip(f"{self.path.name}#{index}", "cannot be decoded")
            if rgb is not None:
                clip_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                yield self._make_frame(rgb, index, f"{self.path.name}#{index}", clip_s)
            index += 1
        if self.stopped:
            return
        if index == 0:
            raise SourceError(f"{self.path} holds no readable frame: it is damaged")
        if self.count and index < _COMPLETE_SHARE * self.count:
            reason = f"ends early: {index} of {self.count} frames can be read"
            self.record_skip(self.path.name, reason)

    def close(self) -> None:
        self._capture.release()

    def _decode_frame(self) -> RGB | None:
        found, bgr = self._capture.retrieve()
        if not found:
            return None
        if self._upside_down:
            bgr = cv2.rotate(bgr, cv2.ROTATE_180)
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)  # type: ignore[return-value]


def _decoder_options() -> list[int]:
    """Limit the decoder's threads; OpenCV before 4.7 (Raspberry Pi OS Bookworm) cannot."""
    threads = getattr(cv2, "CAP_PROP_N_THREADS", None)
    return [] if threads is None else [threads, _DECODER_THREADS]
