"""The kinds of sources: what a user calls them, and what can be chosen for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crackscan.edge.capture import camera, network_stream, picamera, watched_folder
from crackscan.edge.capture.options import Option


@dataclass(frozen=True)
class Kind:
    """One kind of source."""

    name: str
    """What to write, with capitals for what differs."""
    example: str
    help: str
    options: Mapping[str, Option] = field(default_factory=dict)


KINDS = (
    Kind(
        "picamera:N",
        "picamera:0#shutter=1/1000,focus=0.5",
        "Raspberry Pi camera: scaled in hardware, evidence pictures in full resolution",
        picamera.OPTIONS,
    ),
    Kind(
        "N or /dev/videoN",
        "/dev/video0#size=1280x720,format=MJPG",
        "USB or other V4L2 camera, by number, device, or /dev/v4l/by-id/NAME",
        camera.OPTIONS,
    ),
    Kind(
        "rtsp://..., udp://..., http://...",
        "rtsp://user:password@192.168.1.20/stream",
        "drone or network camera: RTSP, MPEG-TS over UDP, MJPEG over HTTP",
        network_stream.OPTIONS,
    ),
    Kind("VIDEO", "clip.mp4", "video file: every frame"),
    Kind("FOLDER or PICTURE", "photos/", "pictures in a folder and its subfolders, or one"),
    Kind(
        "watch:FOLDER",
        "watch:incoming/#settle=60",
        "pictures that another device puts into a folder, each once, as they come",
        watched_folder.OPTIONS,
    ),
)
