"""Frames from anywhere: a string names a camera, a stream, a video, a folder or a picture.

    with open_source("picamera:0#shutter=1/1000") as source:
        for frame in source:
            ...  # frame.rgb for the network, frame.full for evidence, where there is one
            for gap in source.gaps[noted:]:
                ...  # times without usable pictures that ended since
        # source.condition, for the screen, may be read by any thread at any time

What breaks is opened again and again; see `base.Source` for what a caller sees of it.
"""

from pathlib import Path

from crackscan.core.errors import SourceError
from crackscan.core.pictures import is_picture
from crackscan.edge.capture import options
from crackscan.edge.capture.base import Condition, Gap, Skipped, Source, State
from crackscan.edge.capture.camera import is_camera, open_camera
from crackscan.edge.capture.network_stream import is_stream, open_stream
from crackscan.edge.capture.picamera import is_picamera, open_picamera
from crackscan.edge.capture.pictures import PictureFile, PictureFolder
from crackscan.edge.capture.video import VideoFile, is_video
from crackscan.edge.capture.watched_folder import is_watch, open_watch

__all__ = ["Condition", "Gap", "Skipped", "Source", "State", "open_source"]

_LIVE = (
    (is_camera, open_camera),
    (is_picamera, open_picamera),
    (is_stream, open_stream),
    (is_watch, open_watch),
)


def open_source(name: str, every: int = 1) -> Source:
    """Open what a user names as a stream of frames.

    Args:
        name: one of `kinds.KINDS`: a camera's number (`0`) or device (`/dev/video0`), a Raspberry
            Pi camera (`picamera:0`), an address (`rtsp://...`, `udp://...`, `http://...`), a video
            file, a picture, a folder of pictures (with its subfolders), or a folder into which they
            will come (`watch:folder`). Options of live sources follow a `#`.
        every: give only each so manieth frame.

    Raises:
        SourceError: there is nothing of that name, or nothing in it, or it is no source, or an
            option is wrong.
        ValueError: `every` is below 1.
    """
    if every < 1:
        raise ValueError(f"every must be at least 1, not {every}")
    source, text = options.split(name)
    for is_kind, open_kind in _LIVE:
        if is_kind(source):
            return open_kind(name, source, text, every)
    return _open_files(name, every)


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
    what = "is neither a picture nor a video" if path.exists() else "does not exist"
    raise SourceError(
        f"{name} {what}: give a camera (0), a video, a picture or a folder of pictures;"
        " `crackscan sources` lists all kinds"
    )
