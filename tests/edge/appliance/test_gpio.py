"""Button and light on gpiozero's own mock pins: the real library, no board."""

import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from crackscan.core.errors import CrackscanError
from crackscan.edge.appliance.gpio import (
    MARK,
    Light,
    Panel,
    PanelParameters,
    choose_light,
)
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.web.live.commands import Command, Mark, Pause, Resume
from crackscan.edge.web.live.hub import Hub
from crackscan.edge.web.live.values import ListedFinding, Status

gpiozero = pytest.importorskip("gpiozero", reason="python3-gpiozero is not installed")
mock = pytest.importorskip("gpiozero.pins.mock")

BUTTON, LED = 17, 27
LONGEST_S = 30.0


@pytest.fixture
def pins() -> Iterator[Any]:
    factory = mock.MockFactory()
    before, gpiozero.Device.pin_factory = gpiozero.Device.pin_factory, factory
    yield factory
    factory.reset()
    gpiozero.Device.pin_factory = before


@pytest.fixture
def hub() -> Hub:
    made = Hub()
    made.publish_status(Status("picamera:0", "crack-s"))
    return made


def asked(hub: Hub, count: int = 1) -> list[Command]:
    """What was asked for, once so much has been."""
    found: list[Command] = []
    until_s = time.monotonic() + LONGEST_S
    while len(found) < count and time.monotonic() < until_s:
        found += [one.command for one in hub.take_commands()]
        time.sleep(0.01)
    return found


def test_a_short_press_marks(pins: Any, hub: Hub) -> None:
    with Panel(hub, BUTTON, 0, PanelParameters(hold_s=LONGEST_S)):
        for _ in range(2):
            pins.pin(BUTTON).drive_low()
            time.sleep(0.1)
            pins.pin(BUTTON).drive_high()
            time.sleep(0.1)
        assert asked(hub, 2) == [Mark(MARK), Mark(MARK)]


def test_a_long_press_pauses_the_next_one_resumes_and_neither_marks(pins: Any, hub: Hub) -> None:
    with Panel(hub, BUTTON, 0, PanelParameters(hold_s=0.1)):
        for paused, wanted in ((False, Pause()), (True, Resume())):
            hub.publish_status(Status("picamera:0", "crack-s", paused=paused))
            pins.pin(BUTTON).drive_low()
            assert asked(hub) == [wanted]
            pins.pin(BUTTON).drive_high()
            time.sleep(0.1)
        assert hub.take_commands() == []


def test_the_light_shines_as_long_as_the_panel_is_open(pins: Any, hub: Hub) -> None:
    hub.list_finding(ListedFinding(1, 0.9, BoundingBox(0, 0, 9, 9), 0.0, "frame#1"))
    with Panel(hub, 0, LED):
        hub.list_finding(ListedFinding(2, 0.9, BoundingBox(0, 0, 9, 9), 0.0, "frame#2"))
        until_s = time.monotonic() + LONGEST_S
        while not pins.pin(LED).state and time.monotonic() < until_s:
            time.sleep(0.01)
        assert pins.pin(LED).state, "a new finding lights it"
    assert not pins.pin(LED).state


FINE = Status("0", "crack-s")


@pytest.mark.parametrize(
    ("status", "found_ago_s", "told_ago_s", "light"),
    [
        (None, 99, 0, Light.SCANNING),
        (FINE, 99, 0, Light.SCANNING),
        (FINE, 1, 0, Light.FINDING),
        (Status("0", "m", paused=True), 1, 0, Light.PAUSED),
        (Status("0", "m", condition="lost"), 1, 0, Light.PROBLEM),
        (Status("0", "m", trouble="the disk is full", paused=True), 99, 0, Light.PROBLEM),
        (FINE, 1, 60, Light.PROBLEM),
    ],
)
def test_the_light_says_what_matters_most(
    status: Status | None, found_ago_s: float, told_ago_s: float, light: Light
) -> None:
    quiet = Hub()
    if status is not None:
        quiet.publish_status(status)
    now_s = quiet.read_state().status_monotonic_s + told_ago_s
    assert choose_light(quiet.read_state(), now_s - found_ago_s, now_s) is light
    quiet.end_view()
    assert choose_light(quiet.read_state(), now_s - found_ago_s, now_s) is Light.OFF


@pytest.mark.parametrize(
    ("light", "share", "changes"),
    [
        (Light.SCANNING, 0.05, 2),
        (Light.FINDING, 1.0, 0),
        (Light.PAUSED, 0.5, 2),
        (Light.PROBLEM, 0.5, 20),
        (Light.OFF, 0.0, 0),
    ],
)
def test_each_pattern_is_its_own(light: Light, share: float, changes: int) -> None:
    lit = [light.is_lit(100 + (step + 0.5) / 100) for step in range(200)]
    assert sum(lit) / len(lit) == pytest.approx(share)
    assert sum(one != other for one, other in zip(lit, lit[1:] + lit[:1], strict=True)) == changes


@pytest.mark.usefixtures("pins")
def test_a_pin_that_is_none_or_in_use_is_refused_in_one_line(hub: Hub) -> None:
    with pytest.raises(CrackscanError, match="GPIO99 cannot be used: "):
        Panel(hub, 99, 0)
    with pytest.raises(CrackscanError, match="GPIO17 cannot be used: "):
        Panel(hub, BUTTON, BUTTON)
    with Panel(hub, BUTTON, LED):  # the pins of the failed one were given back
        pass
    with Panel(hub, BUTTON, LED):
        pass


def test_a_machine_without_pins_is_told_so(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "native")
    with pytest.raises(CrackscanError, match="GPIO17 cannot be used: "):
        Panel(hub, BUTTON, 0)


def test_without_the_library_the_way_to_get_it_is_told(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(CrackscanError, match="apt install python3-gpiozero"):
        Panel(hub, BUTTON, 0)
    with Panel(hub, 0, 0):
        pass
