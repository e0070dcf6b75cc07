"""A network stream (RTSP, MPEG-TS over UDP, MJPEG over HTTP) as a live source."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import cv2

from crackscan.core.credentials import mask_credentials
from crackscan.core.errors import SourceError
from crackscan.edge.capture.capture_device import BgrFrame, silence_opencv
from crackscan.edge.capture.live_source import LiveSource
from crackscan.edge.capture.options import (
    GIVE_UP,
    SourceOption,
    choice_parser,
    parse_options,
    parse_positive,
)
from crackscan.edge.capture.supervision import PARAMETERS

OPTIONS = {
    "transport": SourceOption(
        choice_parser("tcp", "udp"),
        "udp",
        "of RTSP; udp has less delay over a bad link, but gives damaged pictures; default: tcp",
    ),
    "timeout": SourceOption(
        parse_positive, "5", "longest wait for a picture, seconds; twice that for the first"
    ),
    **GIVE_UP,
}
_SCHEMES = {"rtsp", "rtsps", "udp", "http", "https"}
_FFMPEG_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_READ_S = 5.0
"""Default of the option `timeout`."""
_MARGIN_S = 2.0
"""Supervision waits this much longer than FFmpeg, which then closes the socket by itself."""
_FROZEN_S = 15.0
"""Longer than for cameras: an encoder may send a still scene as equal pictures."""


def is_stream(name: str) -> bool:
    """Whether the name is the address of a network stream."""
    return name.partition("://")[0] in _SCHEMES and "://" in name


def open_stream(name: str, source: str, option_text: str, every: int = 1) -> LiveSource:
    """Open a stream by its address.

    Raises SourceError at once if the address lacks a host or port, or an option is wrong. If
    nothing answers, the first frame raises it. Messages never contain the password of the address.
    """
    shown, shown_name = mask_credentials(source), mask_credentials(name)
    options = parse_options(shown, option_text, OPTIONS)
    try:
        parts = urlsplit(source)
        complete = bool(parts.hostname) and (parts.port or parts.scheme != "udp")
    except ValueError:
        complete = False
    if not complete:
        raise SourceError(
            f"{shown} is not the address of a stream: give rtsp://host/path, udp://0.0.0.0:port or "
            "http://host/path"
        )
    if "transport" in options and not source.startswith("rtsp"):
        raise SourceError(f"{shown} has no option transport: only RTSP has; leave it out")
    read_s = options.get("timeout", _READ_S)
    parameters = replace(
        PARAMETERS,
        first_picture_s=2 * read_s + _MARGIN_S,
        next_picture_s=read_s + _MARGIN_S,
        frozen_s=_FROZEN_S,
    )
    transport = options.get("transport", "tcp")
    return LiveSource(
        shown_name,
        shown,
        lambda: NetworkStream(source, shown, transport, read_s),
        every,
        parameters,
        options.get("giveup"),
    )


@contextmanager
def _ffmpeg_options(options: str) -> Iterator[None]:
    """Pass options to FFmpeg inside the block only, because video files would get them, too."""
    os.environ[_FFMPEG_OPTIONS] = options
    try:
        yield
    finally:
        os.environ.pop(_FFMPEG_OPTIONS, None)


class NetworkStream:
    """An open network stream. Raises SourceError if nothing answers, or not with a video."""

    def __init__(self, address: str, label: str, transport: str, read_s: float) -> None:
        silence_opencv()
        os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
        timeouts = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            round(2 * read_s * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            round(read_s * 1000),
        ]
        with _ffmpeg_options(f"rtsp_transport;{transport}|fflags;nobuffer"):
            self._capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, timeouts)
        if not self._capture.isOpened():
            self._capture.release()
            raise SourceError(
                f"{label} cannot be opened: nothing answers there, or it sends no video"
            )

    def read(self) -> BgrFrame | None:
        found, bgr = self._capture.read()
        return BgrFrame(bgr) if found else None  # type: ignore[arg-type]

    def close(self) -> None:
        self._capture.release()
