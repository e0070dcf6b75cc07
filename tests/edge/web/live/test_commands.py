"""What a viewer sends becomes a command, or one line about what is wrong."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crackscan.edge.web.live.commands import (
    ChooseOperatingPoint,
    Command,
    CommandError,
    Mark,
    NewSurvey,
    Pause,
    Resume,
    SetScale,
    Snapshot,
    parse_command,
)

SCALE: dict[str, Any] = {
    "do": "scale",
    "one": [10, 20],
    "other": [110.5, 20],
    "frame_width": 640,
    "frame_height": 480,
    "distance_mm": 50,
}


@pytest.mark.parametrize(
    ("message", "command"),
    [
        ({"do": "mark", "text": "  rust \n stain "}, Mark("rust stain")),
        ({"do": "mark"}, Mark("")),
        ({"do": "snapshot"}, Snapshot()),
        ({"do": "pause"}, Pause()),
        ({"do": "resume"}, Resume()),
        ({"do": "choose", "name": "high-recall"}, ChooseOperatingPoint("high-recall")),
        ({"do": "new survey", "name": "Brücke 12"}, NewSurvey("Brücke 12")),
        (SCALE, SetScale((10, 20), (110.5, 20), 640, 480, 50)),
    ],
)
def test_commands_are_read(message: dict[str, Any], command: Command) -> None:
    assert parse_command(message) == command


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ({}, "no such command"),
        ({"do": ["mark"]}, "no such command"),
        ({"do": "mark", "text": "x" * 121}, "0 to 120 characters, not 121"),
        ({"do": "mark", "text": "bell \x07"}, "cannot be shown"),
        ({"do": "mark", "text": "\ud800"}, "cannot be shown"),
        ({"do": "mark", "text": 5}, "must be a text"),
        ({"do": "new survey", "name": " "}, "1 to 120 characters, not 0"),
        ({"do": "new survey", "name": "../other"}, "no slash"),
        ({"do": "new survey", "name": ".hidden"}, "dot"),
        ({"do": "new survey", "name": "a\\b"}, "no slash"),
        (SCALE | {"distance_mm": 0}, "above 0"),
        (SCALE | {"distance_mm": float("nan")}, "too large"),
        (SCALE | {"distance_mm": True}, "a number is missing"),
        (SCALE | {"distance_mm": 10**400}, "too large"),
        (SCALE | {"other": [12, 21]}, "too close"),
        (SCALE | {"other": [641, 20]}, "outside"),
        (SCALE | {"other": [1]}, r"\[x, y\]"),
        (SCALE | {"frame_width": 640.5}, "whole pixels"),
        (SCALE | {"frame_width": None}, "a number is missing"),
    ],
)
def test_an_invalid_command_is_refused_in_one_line(message: dict[str, Any], why: str) -> None:
    with pytest.raises(CommandError, match=why) as error:
        parse_command(message)
    assert "\n" not in str(error.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


# Neither a deadline nor a limit on making examples: both would measure the machine.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["mark", "choose", "new survey", "scale", "snapshot", "?"]),
    st.dictionaries(st.sampled_from([*SCALE, "text", "name"]), anything),
)
def test_whatever_is_sent_is_a_command_or_a_line(do: str, rest: dict[str, Any]) -> None:
    message = json.loads(json.dumps(SCALE | rest | {"do": do}))
    try:
        command = parse_command(message)
    except CommandError as error:
        assert str(error)
    else:
        assert isinstance(command, Command)
