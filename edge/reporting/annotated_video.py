"""Writes annotated frames as an MP4 and detects failures, which OpenCV does not report."""

import shutil
from pathlib import Path

import cv2

from crackscan.core.errors import CrackscanError
from crackscan.core.pictures import RGB
from crackscan.core.stderr_capture import capture_library_messages

DEFAULT_FPS = 25.0
"""For a source that states no frame rate."""
RESERVE_BYTES = 32 * 2**20
"""Free space at which a video is ended: the index, which players need, is written last."""


class AnnotatedVideo:
    """An MP4 (MPEG-4 part 2, which every OpenCV can write) of frames of one size."""

    def __init__(self, path: Path, rate_fps: float | None) -> None:
        self.path = path
        self.rate_fps = rate_fps or DEFAULT_FPS
        self.count = 0
        """Frames written."""
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def add(self, rgb: RGB, at_s: float | None = None) -> None:
        """Append a frame once, or as often as needed to bring the video to the time `at_s`.

        Raises CrackscanError if the disk is full or nearly full.
        """
        writer = self._writer or self._open_writer(rgb)
        if shutil.disk_usage(self.path.parent).free < RESERVE_BYTES:
            raise CrackscanError(
                f"the disk is nearly full: less than {RESERVE_BYTES >> 20} MB left for {self.path}"
            )
        if (rgb.shape[1], rgb.shape[0]) != self._size:
            rgb = cv2.resize(rgb, self._size)  # type: ignore[assignment]
        bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
        copies = 1 if at_s is None else max(0, round(at_s * self.rate_fps) + 1 - self.count)
        for _ in range(copies):
            with capture_library_messages() as messages:
                writer.write(bgr)
            if any("Failed to write" in text for text in messages):
                raise CrackscanError(f"cannot write {self.path}: is the disk full?")
            self.count += 1

    def close(self) -> None:
        """Write the index and check that the file holds every frame; raises CrackscanError."""
        if self._writer is None:
            return
        with capture_library_messages():
            self._writer.release()
            self._writer = None
            check = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG)
            readable = int(check.get(cv2.CAP_PROP_FRAME_COUNT)) if check.isOpened() else 0
            check.release()
        if readable < self.count:
            raise CrackscanError(
                f"cannot write {self.path}: it holds {readable} of {self.count} frames; disk full?"
            )

    def _open_writer(self, rgb: RGB) -> cv2.VideoWriter:
        self._size = rgb.shape[1], rgb.shape[0]
        codec = int.from_bytes(b"mp4v", "little")
        with capture_library_messages():
            writer = cv2.VideoWriter(
                str(self.path), cv2.CAP_FFMPEG, codec, self.rate_fps, self._size
            )
        self._writer = writer
        if not writer.isOpened():
            raise CrackscanError(f"cannot write {self.path}: OpenCV cannot create the video")
        return writer
