"""A stream from the network (RTSP, MPEG-TS over UDP, MJPEG over HTTP) as a live source."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import cv2

from crackscan.core.errors import SourceError
from crackscan.edge.capture import options
from crackscan.edge.capture.camera import hide_warnings
from crackscan.edge.capture.device import BgrPicture
from crackscan.edge.capture.options import Option
from crackscan.edge.capture.supervisor import Deadlines, LiveSource

OPTIONS = {
    "transport": Option(
        options.one_of("tcp", "udp"), "udp", "of RTSP; udp is quicker over a bad link, and blurs"
    ),
    "timeout": Option(
        options.positive, "5", "longest wait for a picture, seconds; twice that for the first"
    ),
    **options.GIVE_UP,
}
_SCHEMES = {"rtsp", "rtsps", "udp", "http", "https"}
_FFMPEG_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_READ_S = 5.0
_SAME_S = 15.0
"""An encoder may send a still scene as pictures that are all alike."""


def is_stream(name: str) -> bool:
    """Whether a source's name is the address of a stream."""
    return name.partition("://")[0] in _SCHEMES and "://" in name


def open_stream(name: str, source: str, text: str, every: int = 1) -> LiveSource:
    """A stream by its address, with options.

    Raises SourceError at once for an address without a host or port, or a wrong option; that
    nothing answers shows at the first frame. Passwords in the address are in no message.
    """
    shown, shown_name = (re.sub(r"//[^/@]*@", "//", one) for one in (source, name))
    wanted = options.parse(shown, text, OPTIONS)
    try:
        parts = urlsplit(source)
        complete = bool(parts.hostname) and (parts.port or parts.scheme != "udp")
    except ValueError:
        complete = False
    if not complete:
        raise SourceError(
            f"{shown} is no address of a stream: give rtsp://host/path, udp://0.0.0.0:port or "
            "http://host/path"
        )
    if "transport" in wanted and not source.startswith("rtsp"):
        raise SourceError(f"{shown} has no choice of transport; only RTSP has")
    read_s = wanted.get("timeout", _READ_S)
    # FFmpeg's own limits come first: they give the socket back.
    deadlines = Deadlines(first_s=2 * read_s + 2, next_s=read_s + 2, same_s=_SAME_S)
    transport = wanted.get("transport", "tcp")
    return LiveSource(
        shown_name,
        shown,
        lambda: Stream(source, shown, transport, read_s),
        every,
        deadlines,
        wanted.get("giveup"),
    )


@contextmanager
def _ffmpeg_options(wanted: str) -> Iterator[None]:
    """What OpenCV tells FFmpeg when it opens anything, video files too; so only for a while."""
    os.environ[_FFMPEG_OPTIONS] = wanted
    try:
        yield
    finally:
        os.environ.pop(_FFMPEG_OPTIONS, None)


class Stream:
    """An open network stream. Raises SourceError if nothing answers, or what does is no video."""

    def __init__(self, address: str, label: str, transport: str, read_s: float) -> None:
        hide_warnings()
        os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
        limits = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            round(2 * read_s * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            round(read_s * 1000),
        ]
        with _ffmpeg_options(f"rtsp_transport;{transport}|fflags;nobuffer"):
            self._capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, limits)
        if not self._capture.isOpened():
            self._capture.release()
            raise SourceError(f"{label} cannot be opened: nothing answers there, or no video comes")

    def read(self) -> BgrPicture | None:
        found, bgr = self._capture.read()
        return BgrPicture(bgr) if found else None  # type: ignore[arg-type]

    def close(self) -> None:
        self._capture.release()
