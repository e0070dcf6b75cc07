"""What can be set, in one TOML file; the environment stands over it, and flags over both."""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from crackscan.errors import CrackscanError

SYSTEM_FILE = Path("/etc/crackscan/settings.toml")
ENVIRONMENT = "CRACKSCAN_"
ANNOTATE = ("auto", "yes", "no")

Check = Callable[[Any], str | None]
"""Says what is wrong with a value, or None."""


def _set(default: Any, help_text: str, check: Check = lambda _: None, example: Any = None) -> Any:
    told = {"help": help_text, "check": check, "example": default if example is None else example}
    return field(default=default, metadata=told)


def _at_least(least: float) -> Check:
    return lambda value: None if value >= least else f"must be at least {least:g}"


def _pin(value: int) -> str | None:
    """Pins 0 and 1 are kept for boards on top."""
    return None if value == 0 or 2 <= value <= 27 else "must be 2 to 27, or 0 for none"


def _one_of(*known: str) -> Check:
    return lambda value: None if value in known else f"must be one of: {', '.join(known)}"


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
    threads: int = _set(
        0, "Threads of the model; 0: one a core, four at the most.", _at_least(0), 4
    )
    every: int = _set(1, "Scan only every so manieth frame.", _at_least(1))
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
    stale_s: float = _set(5.0, "A live position older than this, in s, is none.", _at_least(0.1))
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
        0, "Pictures of a survey fill at most so many MB; 0: no limit.", _at_least(0), 8000
    )
    reserve_mb: int = _set(
        500, "Below so many MB free on the disk no picture is kept.", _at_least(0)
    )
    most_fps: float = _set(
        0.0, "Scan at most so many frames a second; 0: as many as can be.", _at_least(0), 10.0
    )
    least_fps: float = _set(
        2.0,
        "A live source that is scanned more slowly is scanned at half its resolution; 0: never.",
        _at_least(0),
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


def load(
    file: Path | None = None,
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """The settings in effect: flags, then the environment, then the file, then the defaults.

    Args:
        file: must be there if it is named; None: the first of `default_files` that is there.
        flags: values of settings, None where a flag was not given.
        environment: `os.environ`, if None.

    Raises:
        CrackscanError: with one line for each mistake: what was set, where, and what is wrong.
    """
    environment = os.environ if environment is None else environment
    wrong: list[str] = []
    values: dict[str, Any] = {}
    path = file or next((one for one in default_files(environment) if one.is_file()), None)
    if path is not None:
        _take(_read(path), str(path), values, wrong)
    told = {
        name.removeprefix(ENVIRONMENT).lower(): text
        for name, text in environment.items()
        if name.startswith(ENVIRONMENT)
    }
    for key, text in sorted(told.items()):
        if key in KEYS:
            _take({key: text}, f"{ENVIRONMENT}{key.upper()}", values, wrong, from_text=True)
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    _take(given, "flags", values, wrong)
    if wrong:
        raise CrackscanError("\n".join(wrong))
    return replace(Settings(), **values)


def default_files(environment: Mapping[str, str] | None = None) -> list[Path]:
    """Where settings are looked for, in this order."""
    environment = os.environ if environment is None else environment
    home = environment.get("XDG_CONFIG_HOME") or f"{environment.get('HOME', '')}/.config"
    return [Path(home) / "crackscan" / "settings.toml", SYSTEM_FILE]


def example() -> str:
    """A settings file with every key, its default and what it means, commented out."""
    parts = [
        "# Settings of crackscan, read from ~/.config/crackscan/settings.toml, or else from\n"
        f"# {SYSTEM_FILE}. Take away the # before a key to set it. {ENVIRONMENT}KEY in the\n"
        "# environment stands over this file, and flags over both: crackscan settings\n"
    ]
    for one in KEYS.values():
        text = "".join(f"# {line}\n" for line in one.metadata["help"].splitlines())
        parts.append(f"{text}# {one.name} = {toml_of(one.metadata['example'])}\n")
    return "\n".join(parts)


def toml_of(value: str | float) -> str:
    """A value as it stands in TOML."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CrackscanError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CrackscanError(f"{path} is no TOML: {error}") from None


def _take(
    told: Mapping[str, Any],
    where: str,
    values: dict[str, Any],
    wrong: list[str],
    from_text: bool = False,
) -> None:
    """Put what was told into `values`, and what is wrong with it into `wrong`."""
    for key, value in told.items():
        if key not in KEYS:
            near = get_close_matches(key, KEYS, n=1)
            hint = f": did you mean {near[0]}?" if near else "; see: crackscan settings --example"
            wrong.append(f"{where}: there is no setting {key}{hint}")
            continue
        kind = type(KEYS[key].default)
        try:
            fit = _fitted(value, kind, from_text)
        except ValueError:
            noun = {int: "a whole number", float: "a number", str: "a text"}[kind]
            wrong.append(f"{where}: {key} must be {noun}, not {value!r}")
            continue
        refusal = KEYS[key].metadata["check"](fit)
        if refusal is not None:
            wrong.append(f"{where}: {key} {refusal}, not {value!r}")
        else:
            values[key] = fit


def _fitted(value: Any, kind: type, from_text: bool) -> Any:
    """The value as its setting's kind; raises ValueError."""
    if from_text and kind is not str:
        return kind(value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {str: isinstance(value, str), int: type(value) is int, float: number}[kind]
    if not fits or value != value:
        raise ValueError
    return kind(value)
