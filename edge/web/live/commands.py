"""What a viewer may ask of the scan, and reading it from a request."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crackscan.core.errors import CrackscanError

MOST_TEXT = 120
"""Characters of a mark or a survey's name."""
MOST_MM = 1_000_000.0
_FURTHEST_PX = 100_000.0
_LEAST_APART_PX = 5.0


class CommandError(CrackscanError):
    """A command that makes no sense, told in one line to the viewer who sent it."""


@dataclass(frozen=True)
class Mark:
    """Note something in the survey, at this place and time."""

    text: str
    """One line, at most MOST_TEXT characters; may be empty."""


@dataclass(frozen=True)
class Snapshot:
    """Keep the present frame as a picture."""


@dataclass(frozen=True)
class Pause:
    """Go on showing frames, but look for no cracks and record nothing."""


@dataclass(frozen=True)
class Resume:
    """End a pause."""


@dataclass(frozen=True)
class Choose:
    """Use another operating point of the model."""

    name: str


@dataclass(frozen=True)
class NewSurvey:
    """End the present survey and begin another one."""

    name: str
    """One line, 1 to MOST_TEXT characters, no slash and no leading dot; not yet a folder's name."""


@dataclass(frozen=True)
class SetScale:
    """Two points of the wall whose distance is known."""

    one: tuple[float, float]
    other: tuple[float, float]
    """x, y in px of a frame, at least 5 px apart."""
    frame_width: int
    frame_height: int
    """Of the frame on which they were set: the scale holds for frames of this size."""
    distance_mm: float
    """Above 0."""


Command = Mark | Snapshot | Pause | Resume | Choose | NewSurvey | SetScale


@dataclass(frozen=True)
class Asked:
    """A command on its way, to be answered with `Hub.answer`."""

    id: int
    command: Command


def parse(said: Mapping[str, Any]) -> Command:
    """The command in a request: `{"do": "mark", "text": …}` and so on.

    Raises:
        CommandError: it is none, or with values that make no sense.
    """
    match said.get("do"):
        case "mark":
            return Mark(_line(said.get("text", ""), "a mark"))
        case "snapshot":
            return Snapshot()
        case "pause":
            return Pause()
        case "resume":
            return Resume()
        case "choose":
            return Choose(_line(said.get("name"), "an operating point", least=1))
        case "new survey":
            name = _line(said.get("name"), "a survey's name", least=1)
            if name.startswith(".") or "/" in name or "\\" in name:
                raise CommandError("a survey's name has no slash and does not begin with a dot")
            return NewSurvey(name)
        case "scale":
            return _scale(said)
    raise CommandError("no such command")


def _line(text: object, what: str, least: int = 0) -> str:
    if not isinstance(text, str):
        raise CommandError(f"{what} is a text")
    one = " ".join(text.split())
    if not one.isprintable():
        raise CommandError(f"{what} has characters that cannot be shown")
    if not least <= len(one) <= MOST_TEXT:
        raise CommandError(f"{what} has {least} to {MOST_TEXT} characters, not {len(one)}")
    return one


def _scale(said: Mapping[str, Any]) -> SetScale:
    one, other = _point(said.get("one")), _point(said.get("other"))
    width, height = (_size(said.get(side)) for side in ("frame_width", "frame_height"))
    distance_mm = _number(said.get("distance_mm"), MOST_MM)
    if not distance_mm > 0:
        raise CommandError("the distance must be above 0 mm")
    if math.dist(one, other) < _LEAST_APART_PX:
        raise CommandError("the two points are too close to each other")
    if any(not (0 <= x <= width and 0 <= y <= height) for x, y in (one, other)):
        raise CommandError("a point lies outside the picture")
    return SetScale(one, other, width, height, distance_mm)


def _point(value: object) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise CommandError("a point is [x, y]")
    return _number(value[0], _FURTHEST_PX), _number(value[1], _FURTHEST_PX)


def _size(value: object) -> int:
    number = _number(value, _FURTHEST_PX)
    if number != int(number) or number < 1:
        raise CommandError("the frame's size is in whole pixels")
    return int(number)


def _number(value: object, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CommandError("a number is missing")
    if not (abs(value) <= most):
        raise CommandError(f"a number is too large: at most {most:g}")
    return float(value)
