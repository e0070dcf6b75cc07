"""Options in the name of a source: `picamera:0#shutter=1/1000,focus=0.5`."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crackscan.core.errors import SourceError

Size = tuple[int, int]
"""Width and height, px."""


@dataclass(frozen=True)
class SourceOption:
    """An option that a kind of source has."""

    parse: Callable[[str], Any]
    """Converts the text to the value; raises ValueError if the text is not valid."""
    example: str
    help: str


def split_options(name: str) -> tuple[str, str]:
    """Split a name into the source and its options, which follow the last `#`; "" if none.

    A `#` that is not followed by `key=` belongs to the source, because folder names may have one.
    """
    found = re.search(r"#(\w+=.*|)$", name)
    return (name[: found.start()], found.group(1)) if found else (name, "")


def parse_options(name: str, text: str, known: Mapping[str, SourceOption]) -> dict[str, Any]:
    """Parse `key=value,key=value` and return the values by key.

    Raises SourceError, naming `name`, if an option is unknown, repeated or wrong.
    """
    values: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if key not in known:
            raise SourceError(
                f"{name} has an unknown option {key!r}; the options are: {', '.join(known)}"
            )
        if key in values:
            raise SourceError(f"{name} has the option {key} twice: give it once")
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


def parse_size(text: str) -> Size:
    """Parse `1280x720`; both numbers must be even, as video formats require."""
    found = re.fullmatch(r"(\d{2,5})x(\d{2,5})", text)
    if not found:
        raise ValueError
    width, height = int(found[1]), int(found[2])
    if width % 2 or height % 2 or min(width, height) < 32:
        raise ValueError
    return width, height


def parse_positive(text: str) -> float:
    """Parse a finite number above 0."""
    value = float(text)
    if not (math.isfinite(value) and value > 0):
        raise ValueError
    return value


def parse_seconds(text: str) -> float:
    """Parse `1/1000` or `0.001`."""
    numerator, slash, denominator = text.partition("/")
    if not slash:
        return parse_positive(text)
    return parse_positive(numerator) / parse_positive(denominator)


def parse_fourcc(text: str) -> str:
    """Check the four characters of a pixel format: `MJPG`, `YUYV`."""
    if not re.fullmatch(r"[A-Z0-9]{4}", text):
        raise ValueError
    return text


def choice_parser(*words: str) -> Callable[[str], str]:
    """Return a parser that accepts these words only."""

    def parse_word(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return parse_word


GIVE_UP = {
    "giveup": SourceOption(
        parse_positive,
        "600",
        "end with an error after this many seconds without pictures; default: never",
    )
}
