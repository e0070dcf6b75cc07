"""The time and its source: most Raspberry Pis have no clock that runs while they are off."""

import ctypes
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from crackscan.edge.positioning.source import SatelliteTime

EARLIEST_S = 1_767_225_600
"""2026-01-01: an earlier time of a receiver is a rollover of its week number (1024 or 4096)."""
_UNSYNCHRONIZED, _ERROR = 0x0040, 5


class ClockSource(IntEnum):
    """The source of the wall clock's time; the larger, the more trustworthy."""

    UNKNOWN = 0
    """Not set since the machine was started, as far as the machine knows."""
    RTC = 1
    """Set from a clock chip at start."""
    GPS = 2
    NTP = 3

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Instant:
    """A moment on both clocks."""

    monotonic_s: float
    """On a clock that never jumps, and that starts again with the machine."""
    wall_s: float
    """Unix time."""
    wall_from: ClockSource


class Clock:
    """Gives the time of the best source: NTP, then satellites, then a clock chip.

    If the system's clock is not set by NTP and a receiver has reported the time, wall times are
    computed from that; the system's clock itself is not changed.
    """

    def __init__(
        self,
        satellite_time: Callable[[], SatelliteTime | None] = lambda: None,
        root: Path = Path("/"),
    ) -> None:
        """`satellite_time` gives the latest received time; `root` holds /run, /sys and /proc."""
        self._satellite_time = satellite_time
        self._root = root
        self._has_rtc = _is_set_by_rtc(root)

    def now(self) -> Instant:
        return self.instant_at(time.monotonic(), time.time())

    def instant_at(self, monotonic_s: float, wall_s: float) -> Instant:
        """The moment at which the system's two clocks showed these times."""
        if is_synchronized(self._root):
            return Instant(monotonic_s, wall_s, ClockSource.NTP)
        received = self._satellite_time()
        if received is not None and received.unix_s >= EARLIEST_S:
            by_satellite_s = received.unix_s + (monotonic_s - received.monotonic_s)
            return Instant(monotonic_s, by_satellite_s, ClockSource.GPS)
        return Instant(
            monotonic_s, wall_s, ClockSource.RTC if self._has_rtc else ClockSource.UNKNOWN
        )


def read_boot_id(root: Path = Path("/")) -> str:
    """The identifier of the machine's current run, to which monotonic times belong."""
    try:
        return (root / "proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def is_synchronized(root: Path = Path("/")) -> bool:
    """Whether a time service disciplines the system's clock.

    Asks the kernel (adjtimex(2)), which every service informs; if that is not allowed, the file
    of systemd-timesyncd decides.
    """
    if root == Path("/"):
        state = _ask_kernel()
        if state is not None:
            return state
    return (root / "run/systemd/timesync/synchronized").exists()


class _Timex(ctypes.Structure):
    """The first fields of `struct timex`, and space for the others."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 32),
    )


def _ask_kernel() -> bool | None:
    if _LIBC is None:
        return None
    timex = _Timex(modes=0)
    state = _LIBC.adjtimex(ctypes.byref(timex))
    if state < 0:
        return None
    return state != _ERROR and not timex.status & _UNSYNCHRONIZED


def _is_set_by_rtc(root: Path) -> bool:
    """Whether the kernel took the time from a clock chip when the machine started."""
    for mark in (root / "sys/class/rtc").glob("*/hctosys"):
        try:
            if mark.read_text().strip() == "1":
                return True
        except OSError:
            continue
    return False


def _load_libc() -> ctypes.CDLL | None:
    if os.name != "posix":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    return libc if hasattr(libc, "adjtimex") else None


_LIBC = _load_libc()
