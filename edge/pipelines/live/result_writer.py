"""Writes the user's files of a survey in a thread of its own, so that no frame waits for them."""

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from crackscan.core.errors import CrackscanError
from crackscan.edge.capture import Source
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import CrackMap, Finding
from crackscan.edge.reporting.overlay import annotate_frame
from crackscan.edge.reporting.result_files import Results

FILE_FRAMES, LIVE_FRAMES = 1, 3
"""Frames of a video file, and of a live source, that wait for the annotated video at most."""


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """What is drawn into one frame of the annotated video."""

    frame: Frame
    crack_map: CrackMap
    findings: tuple[Finding, ...]
    """The surest first."""
    cell_threshold: float
    cell_px: int
    rate_fps: float
    message: str


class ResultWriter:
    """Takes lines and video frames at once and writes them one after the other.

    The frames of a video file wait for each other, so that none is left out of the annotated video;
    a live source never waits: if the disk is too slow, frames are left out and counted.
    """

    def __init__(self, results: Results, source: Source) -> None:
        self.results = results
        self.frames_left_out = 0
        self._source = source
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._free_frames = threading.Semaphore(LIVE_FRAMES if source.live else FILE_FRAMES)
        self._thread = threading.Thread(target=self._run, name="result writer", daemon=True)
        self._thread.start()

    @property
    def annotates(self) -> bool:
        """Whether an annotated video is made, and the disk still takes it."""
        return self.results.annotate

    @property
    def trouble(self) -> str | None:
        """Why lines or frames are missing; None if none is."""
        return self.results.trouble

    def add_line(self, line: Mapping[str, Any]) -> None:
        """Append a finding to `findings.jsonl`; does not wait."""
        self._jobs.put(lambda: self.results.add_finding(line))

    def add_frame(self, video_frame: VideoFrame) -> None:
        """Draw a frame and add it to the annotated video."""
        if not self._free_frames.acquire(blocking=not self._source.live):
            self.frames_left_out += 1
            return
        self._jobs.put(lambda: self._write_frame(video_frame))

    def close(self, state: str, summary: Mapping[str, Any], timeout_s: float) -> None:
        """Write what waits, and how the scan ended.

        Raises:
            CrackscanError: the disk does not take it, or does not answer in time.
        """
        self._jobs.put(None)
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise CrackscanError(f"{self.results.folder}: the disk does not answer")
        self.results.close(state, summary)

    def _write_frame(self, one: VideoFrame) -> None:
        try:
            if self.results.annotate:
                annotated = annotate_frame(
                    one.frame.rgb,
                    one.crack_map,
                    list(one.findings),
                    one.cell_threshold,
                    one.cell_px,
                    one.rate_fps,
                    one.message,
                )
                self.results.add_video_frame(one.frame, annotated, self._source)
        finally:
            self._free_frames.release()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception as error:  # one odd frame must not end all writing
                self.results.annotate = False
                self.results.trouble = self.results.trouble or f"not written: {error}"
            del job  # it holds a frame


NO_MAP: CrackMap = np.zeros((1, 1), np.float32)
"""Drawn into frames that the model has not mapped."""
