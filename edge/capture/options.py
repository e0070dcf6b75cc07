"""What a source's name says besides the source: `picamera:0#shutter=1/1000,focus=0.5`."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crackscan.core.errors import SourceError

Size = tuple[int, int]
"""Width and height, px."""


@dataclass(frozen=True)
class Option:
    """Something that can be chosen for a kind of source."""

    parse: Callable[[str], Any]
    """From the text to the value; raises ValueError for a text that is none."""
    example: str
    help: str


def split(name: str) -> tuple[str, str]:
    """The source and its options, which follow the last `#`; no options are "".

    A `#` that no `key=` follows belongs to the source, so that folders may be called so.
    """
    found = re.search(r"#(\w+=.*|)$", name)
    return (name[: found.start()], found.group(1)) if found else (name, "")


def parse(name: str, text: str, known: Mapping[str, Option]) -> dict[str, Any]:
    """The values of options `key=value,key=value`.

    Raises SourceError, naming `name`, for an option that is unknown, twice there, or wrong.
    """
    values: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if key not in known:
            there = ", ".join(known)
            raise SourceError(f"{name} has an unknown option {key!r}; there are: {there}")
        if key in values:
            raise SourceError(f"{name} names the option {key} twice")
        try:
            if not equals:
                raise ValueError
            values[key] = known[key].parse(value)
        except (ValueError, ZeroDivisionError):
            example = f"{key}={known[key].example}"
            raise SourceError(
                f"{name} has a wrong {key}: {value!r}; give for example {example}"
            ) from None
    return values


def size(text: str) -> Size:
    """`1280x720`, both even, as video formats want."""
    found = re.fullmatch(r"(\d{2,5})x(\d{2,5})", text)
    if not found:
        raise ValueError
    width, height = int(found[1]), int(found[2])
    if width % 2 or height % 2 or min(width, height) < 32:
        raise ValueError
    return width, height


def positive(text: str) -> float:
    """A number above 0."""
    value = float(text)
    if not (math.isfinite(value) and value > 0):
        raise ValueError
    return value


def seconds(text: str) -> float:
    """`1/1000` or `0.001`."""
    above, slash, below = text.partition("/")
    return positive(above) / positive(below) if slash else positive(text)


def fourcc(text: str) -> str:
    """A pixel format's four characters: `MJPG`, `YUYV`."""
    if not re.fullmatch(r"[A-Z0-9]{4}", text):
        raise ValueError
    return text


def one_of(*words: str) -> Callable[[str], str]:
    """One of some words."""

    def parse_word(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return parse_word


GIVE_UP = {
    "giveup": Option(
        positive, "600", "end with an error after so many seconds without pictures; never otherwise"
    )
}
