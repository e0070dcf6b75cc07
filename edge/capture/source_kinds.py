"""The kinds of sources that a user can name, with the options of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crackscan.edge.capture import network_stream, picamera, v4l2, watched_folder
from crackscan.edge.capture.options import SourceOption


@dataclass(frozen=True)
class SourceKind:
    """One kind of source."""

    name: str
    """How a user writes it; variable parts are in capitals."""
    example: str
    help: str
    options: Mapping[str, SourceOption] = field(default_factory=dict)


SOURCE_KINDS = (
    SourceKind(
        "picamera:N",
        "picamera:0#shutter=1/1000,focus=0.5",
        "Raspberry Pi camera: scaled in hardware, evidence pictures in full resolution",
        picamera.OPTIONS,
    ),
    SourceKind(
        "N or /dev/videoN",
        "/dev/video0#size=1280x720,format=MJPG",
        "USB or other V4L2 camera, by number, device, or /dev/v4l/by-id/NAME",
        v4l2.OPTIONS,
    ),
    SourceKind(
        "rtsp://..., udp://..., http://...",
        "rtsp://user:password@192.168.1.20/stream",
        "drone or network camera: RTSP, MPEG-TS over UDP, MJPEG over HTTP",
        network_stream.OPTIONS,
    ),
    SourceKind("VIDEO", "clip.mp4", "video file: every frame"),
    SourceKind("FOLDER or PICTURE", "photos/", "one picture, or a folder and its subfolders"),
    SourceKind(
        "watch:FOLDER",
        "watch:incoming/#settle=60",
        "folder that another device copies pictures into: each picture once, on arrival",
        watched_folder.OPTIONS,
    ),
)
