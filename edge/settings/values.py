"""The settings: each key with its default, its meaning and its check."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from crackscan.core.errors import ScaleError

ANNOTATE = ("auto", "yes", "no")

Check = Callable[[Any], str | None]
"""Says what is wrong with a value, or None."""


def _set(
    default: Any,
    help_text: str,
    check: Check = lambda _: None,
    example: Any = None,
    or_number: bool = False,
) -> Any:
    metadata = {
        "help": help_text,
        "check": check,
        "example": default if example is None else example,
        "or_number": or_number,
    }
    return field(default=default, metadata=metadata)


def _at_least(least: float) -> Check:
    return lambda value: None if value >= least else f"must be at least {least:g}"


def _pin(value: int) -> str | None:
    """Pins 0 and 1 are kept for boards on top."""
    return None if value == 0 or 2 <= value <= 27 else "must be 2 to 27, or 0 for none"


def _one_of(*known: str) -> Check:
    return lambda value: None if value in known else f"must be one of: {', '.join(known)}"


def _read_by(kind: str, expected: str) -> Check:
    """`kind`: a class of `edge.measurement.scale` that reads the text; `expected`: its form."""

    def check(value: str) -> str | None:
        from crackscan.edge.measurement import scale

        try:
            if value:
                getattr(scale, kind).parse(value)
        except ScaleError:
            return expected
        return None

    return check


def _camera(value: str) -> str | None:
    from crackscan.edge.measurement.scale.camera_modules import CAMERA_MODULES, find_module

    if not value or find_module(value) is not None or Path(value).suffix == ".json":
        return None
    return f"must be a .json file of `crackscan calibrate`, or one of {', '.join(CAMERA_MODULES)}"


@dataclass(frozen=True)
class Settings:
    """All settings of a scan. Each is a key of the file, CRACKSCAN_KEY in the environment, and
    where `crackscan scan --help` has it, a flag."""

    source: str = _set(
        "",
        "What is scanned where the command names nothing: picamera:0, /dev/video0, rtsp://...,\n"
        "a video, a folder of pictures.",
        example="/dev/video0",
    )
    surveys: str = _set(
        "",
        "A folder in which each scan without --out makes its survey, named by date and time.",
        example="/var/lib/crackscan/surveys",
    )
    name: str = _set("", "What the survey is called; empty: as its folder.", example="Pier 3")
    site: str = _set("", "Where that is.", example="Bridge B 12")
    model: str = _set("", "A shipped model's name, or a .tflite file; empty: the shipped one.")
    operating_point: str = _set("default", "One of the thresholds in the model's card.")
    threads: int = _set(0, "Threads of the model; 0: one per core, at most four.", _at_least(0), 4)
    every: int = _set(1, "Scan only every Nth frame.", _at_least(1))
    annotate: str = _set(
        "auto",
        "Write annotated pictures or an annotated video: yes, no, or auto, which leaves out the\n"
        "video of a live source, for it has no end.",
        _one_of(*ANNOTATE),
    )
    position: str = _set(
        "auto",
        "Where the camera is: gpsd, gpsd:HOST:PORT, mavlink:udp:HOST:PORT, mavlink:/dev/ttyX:BAUD\n"
        "exif (what photographs say) or none; auto: exif for pictures, none for all else.",
        example="gpsd",
    )
    stale_s: float = _set(5.0, "A live position older than this, in s, is ignored.", _at_least(0.1))
    live: str = _set(
        "", "Show the scan to a browser at this HOST:PORT; empty: not.", example="127.0.0.1:8080"
    )
    live_keys: str = _set(
        "",
        "Where the keys of the live view are kept, so that its links stay good; empty: new keys\n"
        "each time.",
        example="/var/lib/crackscan/live-keys",
    )
    size_budget_mb: int = _set(
        0, "Limit of the pictures of a survey, MB; 0: no limit.", _at_least(0), 8000
    )
    reserve_mb: int = _set(
        500, "No picture is kept if fewer MB are free on the disk.", _at_least(0)
    )
    most_fps: float = _set(0.0, "Limit of the frames per second; 0: no limit.", _at_least(0), 10.0)
    least_fps: float = _set(
        2.0,
        "A live source that is scanned more slowly is scanned at half its resolution; 0: never.",
        _at_least(0),
    )
    distance: str = _set(
        "",
        "From the camera to the wall, in m, like 1.5 or 1.5±0.05; ± 5 % if not given; with the\n"
        "lens it gives the mm of each pixel. Empty: not known, or measured by the drone.",
        _read_by("WallDistance", "must be metres, like 1.5 or 1.5±0.05"),
        "1.5±0.05",
        or_number=True,
    )
    camera: str = _set(
        "",
        "The lens: a file of `crackscan calibrate`, with its whole path, or a Raspberry Pi\n"
        "module: v1, v2, v3, v3-wide, hq, gs, ai.",
        _camera,
        "hq",
    )
    lens_mm: float = _set(
        0.0, "Focal length of the lens on an hq or gs module, mm; 0: none.", _at_least(0), 6.0
    )
    target: bool = _set(
        False, "Look for the printed target (`crackscan calibrate --print`) in every frame."
    )
    points: str = _set(
        "",
        "X1,Y1,X2,Y2,MM: two places in the frame, px, and how far apart they are on the wall, mm,\n"
        "for a camera that stands still.",
        _read_by("TwoPoints", "must be X1,Y1,X2,Y2,MM with places at least 10 px apart"),
        "100,200,900,200,350",
    )
    smallest_mm: float = _set(
        1.0,
        "`too far` is said where a pixel covers more than this, in mm, for cracks so wide are no\n"
        "longer seen; it needs a known scale.",
        _at_least(0.01),
    )
    button_pin: int = _set(
        0,
        "The pin (GPIO17 is 17) of a button to ground: a short press marks, a long one pauses and\n"
        "resumes; 0: none.",
        _pin,
        17,
    )
    led_pin: int = _set(
        0,
        "The pin of a light: a flash each 2 s: it scans; on: a finding; half a time on: paused;\n"
        "fast: a problem; 0: none.",
        _pin,
        27,
    )


KEYS = {one.name: one for one in fields(Settings)}
