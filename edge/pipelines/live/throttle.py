"""How fast and how finely a scan goes: less when the machine is hot or slow, and it says so."""

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from crackscan.edge.capture.frame import Frame
from crackscan.edge.device.health import Health, health

CHECK_S = 5.0
"""How often the machine's state is asked."""
_SLOWER, _FASTER = 1.5, 0.8
_FIRST_S, _LONGEST_S = 0.2, 2.0
"""Rest between frames at the first sign of heat, and at most."""
_JUDGED = 15
"""Frames after which the speed is judged."""
_MOST_HALVINGS = 2
_LEAST_PX = 240
"""A frame's shorter side is not made smaller than this."""
_SLICE_S = 0.1


class Pace:
    """Sets the rate by the machine's heat, and the resolution by its speed."""

    def __init__(
        self,
        tell: Callable[[str], object],
        most_fps: float = 0.0,
        least_fps: float = 0.0,
        ask: Callable[[], Health] = health,
    ) -> None:
        """
        Args:
            tell: is given one line whenever the pace changes.
            most_fps: the scan never goes faster; 0: as fast as it can.
            least_fps: a scan that is slower is made coarser; 0: never.
            ask: gives the machine's state.
        """
        self.health = Health(None, None)
        self.halvings = 0
        self._tell = tell
        self._period_s = 1 / most_fps if most_fps else 0.0
        self._slowest_s = 1 / least_fps if least_fps else 0.0
        self._ask = ask
        self._rest_s = 0.0
        self._took_s: deque[float] = deque(maxlen=_JUDGED)

    @property
    def told(self) -> str:
        """What the screen says of it; empty at full speed and resolution."""
        parts = []
        if self._rest_s:
            parts.append(f"slowed down: {_why(self.health)}")
        if self.halvings:
            parts.append(f"1/{2**self.halvings} resolution")
        return ", ".join(parts)

    def check(self) -> None:
        """Ask the machine how it is; to be called every CHECK_S, from any thread."""
        self.health = self._ask()
        before = self._rest_s
        if self.health.hot:
            self._rest_s = min(max(before * _SLOWER, _FIRST_S), _LONGEST_S)
        elif before:
            self._rest_s = before * _FASTER if before > _FIRST_S / 2 else 0.0
        if self._rest_s and not before:
            self._tell(f"scanning more slowly: {_why(self.health)}")
        elif before and not self._rest_s:
            self._tell("scanning at full speed again")

    def fit(self, frame: Frame) -> Frame:
        """The frame at the present resolution."""
        if not self.halvings:
            return frame
        size = frame.width >> self.halvings, frame.height >> self.halvings
        rgb = np.asarray(cv2.resize(frame.rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        return replace(frame, rgb=rgb)

    def took(self, seconds: float, frame: Frame) -> bool:
        """A frame took so long; whether the resolution is lower from the next one on."""
        self._took_s.append(seconds)
        if not self._slowest_s or len(self._took_s) < _JUDGED or self.halvings >= _MOST_HALVINGS:
            return False
        usual_s = statistics.median(self._took_s)
        if usual_s <= self._slowest_s or min(frame.width, frame.height) < 2 * _LEAST_PX:
            return False
        self._took_s.clear()
        self.halvings += 1
        self._tell(
            f"scanning at 1/{2**self.halvings} of the resolution: "
            f"a frame took {usual_s * 1000:.0f} ms"
        )
        return True

    def rest(self, began_s: float, ended: Callable[[], bool]) -> None:
        """Wait until the next frame is due.

        Args:
            began_s: when the last one was begun, monotonic.
            ended: ends the wait early.
        """
        until_s = max(began_s + self._period_s, time.monotonic() + self._rest_s)
        if not self._period_s and not self._rest_s:
            return
        while (left_s := until_s - time.monotonic()) > 0 and not ended():
            time.sleep(min(left_s, _SLICE_S))


def _why(state: Health) -> str:
    if state.throttling is not None and state.throttling.now:
        words = ", ".join(state.throttling.now.words)
        return words if state.temperature_c is None else f"{state.temperature_c:.0f} °C, {words}"
    return (
        "the processor is hot"
        if state.temperature_c is None
        else (f"the processor has {state.temperature_c:.0f} °C")
    )
