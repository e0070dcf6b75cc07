"""A button and a light on the pins of a Raspberry Pi, for a scan without a screen (gpiozero)."""

import time
import warnings
from dataclasses import dataclass
from enum import Enum
from typing import Any

from crackscan.core.errors import CrackscanError
from crackscan.edge.pipelines.background_thread import BackgroundThread
from crackscan.edge.web.live.commands import Command, Mark, Pause, Resume
from crackscan.edge.web.live.hub import Hub, HubState

MARK = "button"
"""Text of a mark that is set with the button."""


@dataclass(frozen=True)
class PanelParameters:
    """Times of the button and the light."""

    hold_s: float = 1.5
    """A button that is held for this time pauses the scan; released sooner, it marks."""
    bounce_s: float = 0.05
    """Changes of the button within this time are its contact's bouncing."""
    found_s: float = 3.0
    """How long the light reports a new finding."""
    silent_s: float = 10.0
    """A scan that has reported nothing for this long has a problem."""
    tick_s: float = 0.1
    """Time between two changes of the light; the times of `Light` are not shorter."""


PARAMETERS = PanelParameters()


class Light(Enum):
    """Meaning of the light, with the time it is on and its period, s."""

    SCANNING = (0.1, 2.0)
    FINDING = (1.0, 1.0)
    PAUSED = (1.0, 2.0)
    PROBLEM = (0.1, 0.2)
    OFF = (0.0, 1.0)

    def is_lit(self, now_s: float) -> bool:
        """Whether it is on at a moment of the monotonic clock."""
        on_s, period_s = self.value
        return bool(now_s % period_s < on_s)


def choose_light(snap: HubState, found_s: float, now_s: float) -> Light:
    """What the light should show: the most important state first.

    Args:
        found_s: when the list of findings last changed, monotonic; now_s likewise the present.
    """
    status = snap.status
    if snap.ended:
        return Light.OFF
    silent = now_s - snap.status_monotonic_s > PARAMETERS.silent_s
    if silent or (status is not None and (status.condition or status.trouble)):
        return Light.PROBLEM
    if status is not None and status.paused:
        return Light.PAUSED
    if now_s - found_s < PARAMETERS.found_s:
        return Light.FINDING
    return Light.SCANNING


class Panel(BackgroundThread):
    """Sends the button's commands to the scan and shows its state; use it in a `with` block.

    The button connects its pin with ground. A short press is a mark in the survey, a long one
    pauses the scan and resumes it.
    """

    def __init__(
        self, hub: Hub, button_pin: int, led_pin: int, parameters: PanelParameters = PARAMETERS
    ) -> None:
        """Take the pins, by their Broadcom numbers (GPIO17 is 17); 0: there is none.

        Raises:
            CrackscanError: gpiozero is missing, this machine has no such pins, or they are in use.
        """
        self._hub = hub
        self._parameters = parameters
        self._held = False
        self._devices: list[Any] = []
        self._led: Any = None
        try:
            self._button = self._open_device(
                "Button",
                button_pin,
                hold_time=parameters.hold_s,
                bounce_time=parameters.bounce_s,
            )
            self._led = self._open_device("LED", led_pin)
        except BaseException:
            self.close()
            raise
        if self._button is not None:
            self._button.when_pressed = self._begin_press
            self._button.when_held = self._toggle_pause
            self._button.when_released = self._end_press
        super().__init__("light", enabled=self._led is not None)

    def _finish(self) -> None:
        self.close()

    def close(self) -> None:
        """Put the light out and give the pins back."""
        if self._led is not None:
            self._led.off()
        for device in self._devices:
            device.close()

    def _open_device(self, kind: str, pin: int, **settings: float) -> Any:
        if not pin:
            return None
        try:
            import gpiozero
        except ModuleNotFoundError:
            raise CrackscanError(
                "a button or a light needs gpiozero: apt install python3-gpiozero python3-lgpio,"
                " in an environment made with --system-site-packages"
            ) from None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", gpiozero.PinFactoryFallback)
                device = getattr(gpiozero, kind)(pin, **settings)
        except (gpiozero.GPIOZeroError, OSError, RuntimeError) as error:
            raise CrackscanError(f"GPIO{pin} cannot be used: {error}") from None
        self._devices.append(device)
        return device

    def _begin_press(self) -> None:
        self._held = False

    def _toggle_pause(self) -> None:
        self._held = True
        status = self._hub.read_state().status
        self._offer_command(Resume() if status is not None and status.paused else Pause())

    def _end_press(self) -> None:
        if not self._held:
            self._offer_command(Mark(MARK))

    def _offer_command(self, command: Command) -> None:
        """Too many commands waiting: the scan does not listen, and the light shows it."""
        self._hub.offer_command(command)

    def _run(self) -> None:
        found_s, version = float("-inf"), self._hub.read_state().found_version
        while not self._ended.wait(self._parameters.tick_s):
            snap, now_s = self._hub.read_state(), time.monotonic()
            if snap.found_version != version:
                found_s, version = now_s, snap.found_version
            self._led.value = choose_light(snap, found_s, now_s).is_lit(now_s)
