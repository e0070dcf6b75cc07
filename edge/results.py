"""The folder that one scan writes: settings, findings as they come, pictures or a video."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crackscan.edge.annotated_video import AnnotatedVideo
from crackscan.edge.finding import Finding
from crackscan.edge.frame import Frame
from crackscan.edge.source import Source
from crackscan.edge.source.pictures import RESULTS_MARK
from crackscan.errors import CrackscanError
from crackscan.picture import RGB, write_file, write_picture

FINDINGS, PICTURES, VIDEO = "findings.jsonl", "annotated", "annotated.mp4"
LIVE_FPS = 15.0
"""Rate of the video made from a live source, whose frames come unevenly."""
_JPEG = {".jpg", ".jpeg", ".jpe"}


class Results:
    """Where a scan puts what it finds; everything in it is valid at any instant.

    `scan.json` holds the settings and, once closed, the summary; `findings.jsonl` one line a
    finding, written whole or not at all; `annotated/` the pictures or `annotated.mp4` the video.
    Raises CrackscanError when the disk does not take it.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], overwrite: bool = False) -> None:
        """Prepare the folder.

        Raises CrackscanError if it cannot be written, holds anything but a scan, or holds a scan
        and `overwrite` is not set; `overwrite` removes what the earlier scan wrote, nothing else.
        """
        self.folder = folder
        self.settings = dict(settings)
        self.video: AnnotatedVideo | None = None
        self._started_s: float | None = None
        if folder.exists() and not folder.is_dir():
            raise CrackscanError(f"cannot write into {folder}: it is no folder")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _clear(folder, overwrite)
            self._write_state("running", {})
            self._findings = _Lines(folder / FINDINGS)
        except OSError as error:
            raise CrackscanError(f"cannot write into {folder}: {error.strerror}") from None

    def add_finding(self, finding: Finding) -> None:
        """Append a finding; when this returns it is in the file."""
        self._findings.add(json.dumps(finding.to_dict(), allow_nan=False))

    def add_picture(self, frame: Frame, annotated: RGB) -> None:
        """Keep an annotated picture under its frame's name, as JPEG."""
        name = frame.name if Path(frame.name).suffix.lower() in _JPEG else f"{frame.name}.jpg"
        path = self.folder / PICTURES / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CrackscanError(f"cannot write {path}: {error.strerror}") from None
        write_picture(path, annotated, quality=90)

    def add_video_frame(self, frame: Frame, annotated: RGB, source: Source) -> None:
        """Add a frame to the video: one by one from a file, in real time from a live source."""
        if self.video is None or self._started_s is None:
            rate_fps = LIVE_FPS if source.live else source.rate_fps
            self.video = AnnotatedVideo(self.folder / VIDEO, rate_fps)
            self._started_s = frame.monotonic_s
        self.video.add(annotated, frame.monotonic_s - self._started_s if source.live else None)

    def close(self, state: str, summary: Mapping[str, Any]) -> None:
        """Finish the video and write how the scan ended: `done`, `interrupted` or `failed`.

        Raises CrackscanError if the video is not whole; the scan has then failed.
        """
        try:
            if self.video is not None:
                self.video.close()
        except CrackscanError as error:
            state, summary = "failed", {"error": str(error), **summary}
            raise
        finally:
            self._findings.close()
            self._write_state(state, summary)

    def _write_state(self, state: str, summary: Mapping[str, Any]) -> None:
        text = json.dumps({**self.settings, "state": state, **summary}, indent=2)
        write_file(self.folder / RESULTS_MARK, text.encode() + b"\n")


def _clear(folder: Path, overwrite: bool) -> None:
    present = {path.name for path in folder.iterdir()}
    if present and RESULTS_MARK not in present:
        raise CrackscanError(f"{folder} is not empty and holds no scan: name another folder")
    if present and not overwrite:
        raise CrackscanError(
            f"{folder} holds an earlier scan: name another folder, or replace it with --overwrite"
        )
    if PICTURES in present:
        shutil.rmtree(folder / PICTURES)
    for name in {FINDINGS, VIDEO} & present:
        (folder / name).unlink()


class _Lines:
    """A file of lines of which the last is never half written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        self._good = os.fstat(self._file).st_size

    def add(self, line: str) -> None:
        data = line.encode() + b"\n"
        try:
            written = 0
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError as error:
            os.ftruncate(self._file, self._good)
            raise CrackscanError(f"cannot write {self.path}: {error.strerror}") from None
        self._good += len(data)

    def close(self) -> None:
        os.close(self._file)
