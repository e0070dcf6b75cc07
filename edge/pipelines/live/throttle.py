"""Throttling: fewer frames when the machine is hot, coarser frames when it is slow."""

import statistics
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from crackscan.edge.capture.frame import Frame
from crackscan.edge.device.health import Health


@dataclass(frozen=True)
class ThrottleParameters:
    """Constants of the throttling. The values are hand-tuned."""

    slower: float = 1.5
    """Factor of the rest between frames, at each check of a hot machine."""
    faster: float = 0.8
    """Factor of the rest between frames, at each check of a machine that has cooled down."""
    first_rest_s: float = 0.2
    """Rest between frames at the first sign of heat, seconds."""
    longest_rest_s: float = 2.0
    """Longest rest between frames, seconds."""
    judged_frames: int = 15
    """Frames whose median duration decides about the resolution."""
    most_halvings: int = 2
    """How often the resolution is halved at most."""
    least_px: int = 240
    """Shorter side of a frame, below which the resolution is not reduced."""


DEFAULTS = ThrottleParameters()


class Throttle:
    """Sets the frame rate by the machine's heat, and the resolution by its speed."""

    def __init__(
        self,
        report: Callable[[str], object],
        most_fps: float = 0.0,
        least_fps: float = 0.0,
        parameters: ThrottleParameters = DEFAULTS,
    ) -> None:
        """
        Args:
            report: is called with one line whenever the throttling changes.
            most_fps: the scan is never faster; 0: as fast as it can be.
            least_fps: a scan that is slower gets coarser frames; 0: never.
        """
        self.health = Health(None, None)
        self.halvings = 0
        self._report = report
        self._period_s = 1 / most_fps if most_fps else 0.0
        self._slowest_s = 1 / least_fps if least_fps else 0.0
        self._parameters = parameters
        self._rest_s = 0.0
        self._durations_s: deque[float] = deque(maxlen=parameters.judged_frames)

    @property
    def message(self) -> str:
        """What the screen shows about it; empty at full speed and resolution."""
        parts = []
        if self._rest_s:
            parts.append(f"slowed down: {_describe_heat(self.health)}")
        if self.halvings:
            parts.append(f"1/{2**self.halvings} resolution")
        return ", ".join(parts)

    def update_health(self, health: Health) -> None:
        """Adapt the frame rate to the state of the machine."""
        p = self._parameters
        self.health = health
        before = self._rest_s
        if health.hot:
            self._rest_s = min(max(before * p.slower, p.first_rest_s), p.longest_rest_s)
        elif before:
            self._rest_s = before * p.faster if before > p.first_rest_s / 2 else 0.0
        if self._rest_s and not before:
            self._report(f"scanning more slowly: {_describe_heat(health)}")
        elif before and not self._rest_s:
            self._report("scanning at full speed again")

    def resize_frame(self, frame: Frame) -> Frame:
        """The frame at the present resolution."""
        if not self.halvings:
            return frame
        size = frame.width >> self.halvings, frame.height >> self.halvings
        rgb = np.asarray(cv2.resize(frame.rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        return replace(frame, rgb=rgb)

    def note_duration(self, seconds: float, frame: Frame) -> bool:
        """Take note of how long a frame took.

        Returns:
            Whether the resolution is lower from the next frame on.
        """
        p = self._parameters
        self._durations_s.append(seconds)
        judged = len(self._durations_s) >= p.judged_frames
        if not self._slowest_s or not judged or self.halvings >= p.most_halvings:
            return False
        usual_s = statistics.median(self._durations_s)
        if usual_s <= self._slowest_s or min(frame.width, frame.height) < 2 * p.least_px:
            return False
        self._durations_s.clear()
        self.halvings += 1
        self._report(
            f"scanning at 1/{2**self.halvings} of the resolution: "
            f"a frame took {usual_s * 1000:.0f} ms"
        )
        return True

    def next_due_s(self, began_s: float, now_s: float) -> float:
        """The monotonic time from which on the next frame is due.

        Args:
            began_s: when the processing of the last frame began.
            now_s: the present time.
        """
        return max(began_s + self._period_s, now_s + self._rest_s)


def _describe_heat(state: Health) -> str:
    if state.throttling is not None and state.throttling.now:
        words = ", ".join(state.throttling.now.words)
        return words if state.temperature_c is None else f"{state.temperature_c:.0f} °C, {words}"
    if state.temperature_c is None:
        return "the processor is hot"
    return f"the processor has {state.temperature_c:.0f} °C"
