"""Frames from anywhere: a string names a camera, a video file, a folder or a picture."""

from pathlib import Path

from crackscan.edge.source.base import Condition, Gap, Skipped, Source, State
from crackscan.edge.source.camera import open_camera
from crackscan.edge.source.pictures import PictureFile, PictureFolder
from crackscan.edge.source.video import VideoFile, is_video
from crackscan.errors import SourceError
from crackscan.picture import is_picture

__all__ = ["Condition", "Gap", "Skipped", "Source", "State", "open_source"]


def open_source(name: str, every: int = 1) -> Source:
    """Open what a user names as a stream of frames.

    Args:
        name: a camera's number (`0`) or device (`/dev/video0`), a video file, a picture, or a
            folder of pictures (with its subfolders).
        every: give only each so manieth frame.

    Raises:
        SourceError: there is nothing of that name, or nothing in it, or it is no source.
        ValueError: `every` is below 1.
    """
    if every < 1:
        raise ValueError(f"every must be at least 1, not {every}")
    path = Path(name)
    if (name.isascii() and name.isdigit()) or name.startswith("/dev/video"):
        return open_camera(name, every)
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
        f"{name} {what}: give a camera (0), a video, a picture or a folder of pictures"
    )
