"""A button and a light on the pins of a Raspberry Pi, for a scan without a screen (gpiozero)."""

import time
import warnings
from enum import Enum
from typing import Any

from crackscan.core.errors import CrackscanError
from crackscan.edge.pipelines.background_thread import BackgroundThread
from crackscan.edge.web.live.commands import Command, Mark, Pause, Resume
from crackscan.edge.web.live.hub import Hub, HubState

HOLD_S = 1.5
"""A button that is held for this time pauses the scan; released sooner, it marks."""
MARK = "button"
FOUND_S = 3.0
"""How long the light reports a new finding."""
_SILENT_S = 10.0
"""A scan that has reported nothing for this long has a problem."""
_BOUNCE_S, _TICK_S = 0.05, 0.1


class Light(Enum):
    """Meaning of the light, with the time it is on and its period, s."""

    SCANNING = (0.1, 2.0)
    FINDING = (1.0, 1.0)
    PAUSED = (1.0, 2.0)
    PROBLEM = (0.1, 0.2)
    OFF = (0.0, 1.0)

    def lit(self, now_s: float) -> bool:
        """Whether it is on at a moment of the monotonic clock."""
        on_s, period_s = self.value
        return bool(now_s % period_s < on_s)


def light_of(snap: HubState, found_s: float, now_s: float) -> Light:
    """What the light should say: what matters most first.

    Args:
        found_s: when the list of findings last changed, monotonic; now_s likewise the present.
    """
    status = snap.status
    if snap.ended:
        return Light.OFF
    silent = now_s - snap.status_monotonic_s > _SILENT_S
    if silent or (status is not None and (status.condition or status.trouble)):
        return Light.PROBLEM
    if status is not None and status.paused:
        return Light.PAUSED
    if now_s - found_s < FOUND_S:
        return Light.FINDING
    return Light.SCANNING


class Panel(BackgroundThread):
    """Asks the scan what its button says and shows how it goes; use it in a `with` block.

    The button connects its pin with ground. A short press is a mark in the survey, a long one
    pauses the scan and resumes it.
    """

    def __init__(self, hub: Hub, button_pin: int, led_pin: int) -> None:
        """Take the pins, by their Broadcom numbers (GPIO17 is 17); 0: there is none.

        Raises:
            CrackscanError: gpiozero is missing, this machine has no such pins, or they are in use.
        """
        self._hub = hub
        self._held = False
        self._devices: list[Any] = []
        self._led: Any = None
        try:
            self._button = self._take("Button", button_pin, hold_time=HOLD_S, bounce_time=_BOUNCE_S)
            self._led = self._take("LED", led_pin)
        except BaseException:
            self.close()
            raise
        if self._button is not None:
            self._button.when_pressed = self._pressed
            self._button.when_held = self._long
            self._button.when_released = self._released
        super().__init__("light", enabled=self._led is not None)

    def _finish(self) -> None:
        self.close()

    def close(self) -> None:
        """Put the light out and give the pins back."""
        if self._led is not None:
            self._led.off()
        for device in self._devices:
            device.close()

    def _take(self, kind: str, pin: int, **settings: float) -> Any:
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

    def _pressed(self) -> None:
        self._held = False

    def _long(self) -> None:
        self._held = True
        status = self._hub.read_state().status
        self._ask(Resume() if status is not None and status.paused else Pause())

    def _released(self) -> None:
        if not self._held:
            self._ask(Mark(MARK))

    def _ask(self, command: Command) -> None:
        """Too many commands waiting: the scan does not listen, and the light says so."""
        self._hub.offer_command(command)

    def _run(self) -> None:
        found_s, version = float("-inf"), self._hub.read_state().found_version
        while not self._ended.wait(_TICK_S):
            snap, now_s = self._hub.read_state(), time.monotonic()
            if snap.found_version != version:
                found_s, version = now_s, snap.found_version
            self._led.value = light_of(snap, found_s, now_s).lit(now_s)
