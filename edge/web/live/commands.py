"""The commands that a viewer can send to the scan, and their parsing."""

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
    """A command is invalid; the message is one line for the viewer who sent it."""


@dataclass(frozen=True)
class Mark:
    """Note a text in the survey, at the present position and time."""

    text: str
    """One line, at most MOST_TEXT characters; may be empty."""


@dataclass(frozen=True)
class Snapshot:
    """Save the present frame as a picture."""


@dataclass(frozen=True)
class Pause:
    """Show frames, but neither detect cracks nor record anything, until `Resume`."""


@dataclass(frozen=True)
class Resume:
    """End a pause."""


@dataclass(frozen=True)
class ChooseOperatingPoint:
    """Use another operating point of the model."""

    name: str


@dataclass(frozen=True)
class NewSurvey:
    """End the present survey and begin a new one."""

    name: str
    """One line, 1 to MOST_TEXT characters, without a slash or a leading dot."""


@dataclass(frozen=True)
class SetScale:
    """Set the scale by two points of the wall whose distance is known."""

    one: tuple[float, float]
    other: tuple[float, float]
    """x, y in px of a frame, at least 5 px apart."""
    frame_width: int
    frame_height: int
    """The size of the frame in which the points were set, px."""
    distance_mm: float
    """Above 0."""


Command = Mark | Snapshot | Pause | Resume | ChooseOperatingPoint | NewSurvey | SetScale


@dataclass(frozen=True)
class PendingCommand:
    """A command that waits to be executed and answered, see `Hub.answer_command`."""

    id: int
    command: Command


def parse_command(message: Mapping[str, Any]) -> Command:
    """The command in a request, such as `{"do": "mark", "text": "rust"}`.

    Raises:
        CommandError: there is no such command, or one of its values is invalid.
    """
    match message.get("do"):
        case "mark":
            return Mark(_parse_line(message.get("text", ""), "a mark"))
        case "snapshot":
            return Snapshot()
        case "pause":
            return Pause()
        case "resume":
            return Resume()
        case "choose":
            return ChooseOperatingPoint(
                _parse_line(message.get("name"), "an operating point", least=1)
            )
        case "new survey":
            name = _parse_line(message.get("name"), "a survey's name", least=1)
            if name.startswith(".") or "/" in name or "\\" in name:
                raise CommandError("a survey's name has no slash and does not begin with a dot")
            return NewSurvey(name)
        case "scale":
            return _parse_scale(message)
    raise CommandError("no such command")


def _parse_line(text: object, what: str, least: int = 0) -> str:
    if not isinstance(text, str):
        raise CommandError(f"{what} must be a text")
    one = " ".join(text.split())
    if not one.isprintable():
        raise CommandError(f"{what} has characters that cannot be shown")
    if not least <= len(one) <= MOST_TEXT:
        raise CommandError(f"{what} has {least} to {MOST_TEXT} characters, not {len(one)}")
    return one


def _parse_scale(message: Mapping[str, Any]) -> SetScale:
    one, other = _parse_point(message.get("one")), _parse_point(message.get("other"))
    width, height = (_parse_size(message.get(side)) for side in ("frame_width", "frame_height"))
    distance_mm = _parse_number(message.get("distance_mm"), MOST_MM)
    if not distance_mm > 0:
        raise CommandError("the distance must be above 0 mm")
    if math.dist(one, other) < _LEAST_APART_PX:
        raise CommandError("the two points are too close to each other")
    if any(not (0 <= x <= width and 0 <= y <= height) for x, y in (one, other)):
        raise CommandError("a point lies outside the picture")
    return SetScale(one, other, width, height, distance_mm)


def _parse_point(value: object) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise CommandError("a point is [x, y]")
    return _parse_number(value[0], _FURTHEST_PX), _parse_number(value[1], _FURTHEST_PX)


def _parse_size(value: object) -> int:
    number = _parse_number(value, _FURTHEST_PX)
    if number != int(number) or number < 1:
        raise CommandError("the frame's size is in whole pixels")
    return int(number)


def _parse_number(value: object, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CommandError("a number is missing")
    if not (abs(value) <= most):
        raise CommandError(f"a number is too large: at most {most:g}")
    return float(value)
