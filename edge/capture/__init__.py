"""Frames from any source: a string names a camera, a stream, a video, a folder or a picture.

    with open_source("picamera:0#shutter=1/1000") as source:
        for frame in source:
            ...  # frame.rgb is for the network; frame.full, if present, is for evidence pictures
            for gap in source.gaps[recorded:]:
                ...  # periods without usable pictures that have ended
        # any thread may read source.condition at any time, for example to show it

A live source that fails is closed and opened again; `source.Source` describes what a caller sees.
"""

from pathlib import Path

from crackscan.core.errors import SourceError
from crackscan.core.pictures import is_picture
from crackscan.edge.capture.condition import Condition, Gap, SourceState
from crackscan.edge.capture.network_stream import is_stream, open_stream
from crackscan.edge.capture.options import split_options
from crackscan.edge.capture.picamera import is_picamera, open_picamera
from crackscan.edge.capture.pictures import PictureFile, PictureFolder
from crackscan.edge.capture.source import SkippedItem, Source
from crackscan.edge.capture.v4l2 import is_v4l2, open_v4l2
from crackscan.edge.capture.video import VideoFile, is_video
from crackscan.edge.capture.watched_folder import is_watched_folder, open_watched_folder

__all__ = [
    "Condition",
    "Gap",
    "SkippedItem",
    "Source",
    "SourceState",
    "open_source",
    "stored_pictures",
]

_LIVE = (
    (is_v4l2, open_v4l2),
    (is_picamera, open_picamera),
    (is_stream, open_stream),
    (is_watched_folder, open_watched_folder),
)


def open_source(name: str, every: int = 1) -> Source:
    """Open the source that a user names.

    Args:
        name: one of `source_kinds.SOURCE_KINDS`: a camera number (`0`) or device (`/dev/video0`),
            a Raspberry Pi camera (`picamera:0`), an address (`rtsp://...`, `udp://...`,
            `http://...`), a video file, a picture, a folder of pictures (with its subfolders), or
            a folder that pictures are copied into (`watch:folder`). Options of live sources
            follow a `#`.
        every: yield every Nth frame only.

    Raises:
        SourceError: the source does not exist, is empty or is of no known kind, or an option is
            wrong.
        ValueError: `every` is below 1.
    """
    if every < 1:
        raise ValueError(f"every must be at least 1, not {every}")
    source, option_text = split_options(name)
    for is_kind, open_kind in _LIVE:
        if is_kind(source):
            return open_kind(name, source, option_text, every)
    return _open_files(name, every)


def stored_pictures(name: str) -> Path | None:
    """The picture, or the folder of pictures, that a source's name stands for; None for others."""
    source, _ = split_options(name)
    if any(is_kind(source) for is_kind, _ in _LIVE):
        return None
    path = Path(name)
    return path if path.is_dir() or (path.is_file() and is_picture(path)) else None


def _open_files(name: str, every: int) -> Source:
    path = Path(name)
    try:
        if path.is_dir():
            return PictureFolder(name, path, every)
        if path.is_file() and is_picture(path):
            return PictureFile(name, path)
        if path.is_file() and is_video(path):
            return VideoFile(name, path, every)
    except OSError as error:
        raise SourceError(f"{name} cannot be opened: {error.strerror}") from None
    problem = "is neither a picture nor a video" if path.exists() else "does not exist"
    raise SourceError(
        f"{name} {problem}: give a camera (0), a video, a picture or a folder of pictures;"
        " `crackscan sources` lists all kinds"
    )
