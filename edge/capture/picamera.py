"""Raspberry Pi cameras as a source: `picamera:0` and its options."""

import re

from crackscan.core.errors import SourceError
from crackscan.edge.capture.live_source import LiveSource
from crackscan.edge.capture.options import (
    GIVE_UP,
    SourceOption,
    parse_options,
    parse_positive,
    parse_seconds,
    parse_size,
)
from crackscan.edge.capture.picamera_device import PARAMETERS, PiCamera, import_picamera2


def _parse_focus(text: str) -> float | str:
    return text if text == "auto" else parse_positive(text)


OPTIONS = {
    "width": SourceOption(
        parse_positive, "1280", "width of the picture for the network, px; its height follows"
    ),
    "full": SourceOption(
        parse_size, "4056x3040", "size of evidence pictures; default: the whole sensor"
    ),
    "fps": SourceOption(
        parse_positive, "10", "frames per second; default: the sensor's rate, at most 30"
    ),
    "shutter": SourceOption(
        parse_seconds, "1/1000", "exposure time, seconds; default: automatic, short if possible"
    ),
    "gain": SourceOption(parse_positive, "4", "analogue gain; default: automatic"),
    "focus": SourceOption(_parse_focus, "0.5", "distance to the wall in metres, fixed; or auto"),
    **GIVE_UP,
}


def is_picamera(name: str) -> bool:
    """Whether the name is that of a Raspberry Pi camera."""
    return name.startswith("picamera:")


def open_picamera(name: str, source: str, option_text: str, every: int = 1) -> LiveSource:
    """Open `picamera:0`.

    Raises SourceError at once if picamera2 is missing or an option is wrong. If there is no such
    camera, or it lacks an option, the first frame raises it.
    """
    number = re.fullmatch(r"picamera:(\d+)", source)
    if not number:
        raise SourceError(f"{source} is not a Raspberry Pi camera: give picamera:0")
    options = parse_options(name, option_text, OPTIONS)
    width_px = options.get("width", PARAMETERS.width_px)
    if width_px % 2 or width_px < 64:
        raise SourceError(f"{name} has a wrong width: give an even number from 64, such as 1280")
    import_picamera2()
    index = int(number[1])
    return LiveSource(
        name,
        source,
        lambda: PiCamera(index, source, options),
        every,
        give_up_s=options.get("giveup"),
    )
