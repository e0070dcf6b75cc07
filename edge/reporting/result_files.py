"""The files of a scan besides the record: findings, annotated pictures, the summary."""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crackscan.core.durable_files import free_disk_bytes, write_atomically
from crackscan.core.errors import CrackscanError
from crackscan.core.folder_log import LOG_FILE
from crackscan.core.pictures import RGB
from crackscan.edge.capture import Source
from crackscan.edge.capture.frame import Frame
from crackscan.edge.capture.pictures import RESULTS_MARK
from crackscan.edge.detection.finding_json import finding_dict
from crackscan.edge.reporting.annotated_video import AnnotatedVideo
from crackscan.edge.survey.database import DATABASE
from crackscan.edge.survey.folder import lock_folder
from crackscan.edge.survey.pictures import FRAMES
from crackscan.edge.survey.reading import CARD, SETTINGS
from crackscan.edge.survey.values import Sighting

FINDINGS, PICTURES, VIDEO = "findings.jsonl", "annotated", "annotated.mp4"
LIVE_FPS = 15.0
"""Rate of the video made from a live source, whose frames come unevenly."""
_JPEG = {".jpg", ".jpeg", ".jpe"}
_MB = 1_000_000


class Results:
    """What a user finds in the folder of a scan; everything in it is valid at any instant.

    `scan.json` holds the settings and, once closed, the summary; `findings.jsonl` one line a
    finding, written whole or not at all; `annotated/` the pictures or `annotated.mp4` the video.
    A full disk does not end the scan: `trouble` has the reason, and the record goes on while it
    can.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Any],
        annotate: bool = True,
        reserve_bytes: int = 0,
        session: int = 1,
    ) -> None:
        """Begin in a folder that is there, see `prepare_folder`.

        Args:
            annotate: whether pictures or a video are made.
            reserve_bytes: below this free space they are made no more.
            session: of the survey; what an earlier one left stays: `scan.json` as `scan-1.json`,
                its video under its name, its findings before the new ones.

        Raises CrackscanError if the folder cannot be written.
        """
        self.folder = folder
        self.settings = dict(settings)
        self.annotate = annotate
        self.reserve_bytes = reserve_bytes
        self.trouble: str | None = None
        """Why annotated pictures or lines are missing."""
        self.video: AnnotatedVideo | None = None
        self.video_file = folder / video_name(session)
        self._started_s: float | None = None
        try:
            if session > 1:
                _keep_state(folder, session - 1)
            self._write_state("running", {})
            self._findings = _Lines(folder / FINDINGS)
        except OSError as error:
            raise CrackscanError(f"cannot write into {folder}: {error.strerror}") from None

    def add_finding(self, line: Mapping[str, Any]) -> None:
        """Append a finding; when this returns it is in the file, or `trouble` has the reason."""
        try:
            self._findings.add(json.dumps(line, allow_nan=False))
        except CrackscanError as error:
            self.trouble = self.trouble or str(error)

    def replace_findings(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Write the file of findings new; it is complete, or as before, at any instant."""
        self._findings.close()
        text = "".join(f"{json.dumps(line, allow_nan=False)}\n" for line in lines)
        try:
            write_atomically(self.folder / FINDINGS, text.encode())
        except CrackscanError as error:
            self.trouble = self.trouble or str(error)
        self._findings = _Lines(self.folder / FINDINGS)

    def add_picture(self, name: str, jpeg: bytes) -> None:
        """Keep an annotated picture under its photograph's name."""
        name = name if Path(name).suffix.lower() in _JPEG else f"{name}.jpg"
        path = self.folder / PICTURES / name
        try:
            self._demand_room(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, jpeg)
        except CrackscanError as error:
            self._give_up(str(error))
        except OSError as error:
            self._give_up(f"cannot write {path}: {error.strerror}")

    def add_video_frame(self, frame: Frame, annotated: RGB, source: Source) -> None:
        """Add a frame to the video: one by one from a file, in real time from a live source."""
        try:
            self._demand_room(self.video_file)
            if self.video is None or self._started_s is None:
                rate_fps = LIVE_FPS if source.live else source.rate_fps
                self.video = AnnotatedVideo(self.video_file, rate_fps)
                self._started_s = frame.monotonic_s
            self.video.add(annotated, frame.monotonic_s - self._started_s if source.live else None)
        except CrackscanError as error:
            self._give_up(str(error))
            self._close_video()

    def close(self, state: str, summary: Mapping[str, Any]) -> None:
        """Finish the video and write how the scan ended: `done`, `interrupted` or `failed`.

        Raises CrackscanError where not even that can be written.
        """
        self._close_video()
        self._findings.close()
        incomplete = {} if self.trouble is None else {"incomplete": self.trouble}
        self._write_state(state, {**summary, **incomplete})

    def _demand_room(self, path: Path) -> None:
        free = free_disk_bytes(self.folder)
        if free < self.reserve_bytes:
            raise CrackscanError(
                f"{path} is not written on: only {free / _MB:.0f} MB are free on the disk"
            )

    def _give_up(self, why: str) -> None:
        self.annotate = False
        self.trouble = self.trouble or why

    def _close_video(self) -> None:
        video, self.video = self.video, None
        try:
            if video is not None:
                video.close()
        except CrackscanError as error:
            self._give_up(str(error))

    def _write_state(self, state: str, summary: Mapping[str, Any]) -> None:
        text = json.dumps({**self.settings, "state": state, **summary}, indent=2)
        write_atomically(self.folder / RESULTS_MARK, text.encode() + b"\n")


def prepare_folder(folder: Path, overwrite: bool = False) -> None:
    """See that a scan can write into a folder, which need not be there yet.

    Raises CrackscanError if it cannot be written, holds anything but a scan, holds one that is
    being written, or holds one and `overwrite` is not set; `overwrite` removes what the earlier
    scan wrote, nothing else.
    """
    if folder.exists() and not folder.is_dir():
        raise CrackscanError(f"cannot write into {folder}: it is not a folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists():
            _clear(folder, overwrite)
    except OSError as error:
        raise CrackscanError(f"cannot write into {folder}: {error.strerror}") from None


def _clear(folder: Path, overwrite: bool) -> None:
    present = {path.name for path in folder.iterdir()}
    if present and not present & {RESULTS_MARK, DATABASE}:
        raise CrackscanError(f"{folder} is not empty and holds no scan: name another folder")
    if present and not overwrite:
        raise CrackscanError(
            f"{folder} holds an earlier scan: name another folder, go on with it with --continue,"
            " or replace it with --overwrite"
        )
    os.close(lock_folder(folder))
    # The record first: what is left of a removal that was cut short is a scan still.
    record = {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", SETTINGS, CARD}
    of_sessions = {
        path.name
        for name in (RESULTS_MARK, VIDEO, CARD)
        for path in folder.glob(session_file(name, "*"))
        if path.stem.rpartition("-")[2].isdecimal()
    }
    for name in sorted(record & present) + sorted(
        {FINDINGS, VIDEO, LOG_FILE, f"{LOG_FILE}.1"} & present | of_sessions
    ):
        (folder / name).unlink()
    for name in {PICTURES, FRAMES} & present:
        shutil.rmtree(folder / name)


def video_name(session: int) -> str:
    """The name of a session's annotated video."""
    return VIDEO if session == 1 else session_file(VIDEO, session)


def session_file(name: str, session: int | str) -> str:
    """What a session calls a file of its own: `annotated-2.mp4`."""
    stem, point, suffix = name.rpartition(".")
    return f"{stem}-{session}{point}{suffix}"


def _keep_state(folder: Path, session: int) -> None:
    """Copy the summary of an earlier session, so that the present one can write its own."""
    try:
        state = (folder / RESULTS_MARK).read_bytes()
    except FileNotFoundError:  # cut off before it was written
        return
    kept = folder / session_file(RESULTS_MARK, session)
    if not kept.exists():
        write_atomically(kept, state)


def finding_line(
    number: int,
    sighting: Sighting,
    wall_s: float,
    taken: tuple[float | None, str | None] | None = None,
) -> dict[str, Any]:
    """A finding's line in `findings.jsonl`: what its best frame shows, and its measurements.

    Args:
        number: of the finding in the record.
        sighting: as recorded.
        wall_s: Unix time at which its best frame was read.
        taken: of a photograph, the capture: Unix time and local time, if they are known.
    """
    position = sighting.geotag.position
    return {
        "id": number,
        "frame": sighting.frame,
        "frame_index": sighting.frame_index,
        "clip_s": None if sighting.clip_s is None else round(sighting.clip_s, 3),
        "wall_s": round(wall_s, 3),
        **({} if taken is None else {"taken_s": taken[0], "taken_local": taken[1]}),
        "frames_seen": sighting.frames_seen,
        **finding_dict(sighting),
        "lat": None if position is None else position.lat,
        "lon": None if position is None else position.lon,
    }


class _Lines:
    """A file of lines of which the last is never half written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        self._good = _whole_lines(path)
        os.ftruncate(self._file, self._good)

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


def _whole_lines(path: Path) -> int:
    """How many bytes of a file are lines that were written to their end."""
    size = 0
    with path.open("rb") as file:
        for line in file:
            size += len(line) if line.endswith(b"\n") else 0
    return size
