"""What time it is, and who says so: a Raspberry Pi has no clock that runs while it is off."""

import ctypes
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from crackscan.edge.positioning.base import SatelliteTime

EARLIEST_S = 1_767_225_600
"""2026-01-01: a receiver that tells an earlier time has lost count of its weeks (1024 or 4096)."""
_UNSYNCHRONIZED, _ERROR = 0x0040, 5


class ClockSource(IntEnum):
    """Where the wall clock's time comes from; the larger, the more trustworthy."""

    UNKNOWN = 0
    """Nobody has set it since the machine was started, as far as the machine knows."""
    RTC = 1
    """A clock chip set it at start."""
    GPS = 2
    NTP = 3

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Instant:
    """A moment on both clocks."""

    monotonic_s: float
    """On a clock that never jumps and begins anew when the machine is started."""
    wall_s: float
    """Unix time."""
    wall_from: ClockSource


@dataclass(frozen=True)
class Boot:
    """The run of the machine that a monotonic time belongs to."""

    id: str

    @classmethod
    def current(cls, root: Path = Path("/")) -> "Boot":
        try:
            return cls((root / "proc/sys/kernel/random/boot_id").read_text().strip())
        except OSError:
            return cls("unknown")


class Clock:
    """Tells the time as the best source has it: NTP, then satellites, then a clock chip.

    Where the system's clock is not set by NTP and a receiver has told the time, wall times are
    reckoned from that; the system's clock itself is left alone.
    """

    def __init__(
        self,
        satellite_time: Callable[[], SatelliteTime | None] = lambda: None,
        root: Path = Path("/"),
    ) -> None:
        """`satellite_time` gives the last time heard; `root` is where /run, /sys and /proc are."""
        self._satellite_time = satellite_time
        self._root = root
        self._has_rtc = _set_by_rtc(root)

    def now(self) -> Instant:
        return self.instant_at(time.monotonic(), time.time())

    def instant_at(self, monotonic_s: float, wall_s: float) -> Instant:
        """The moment when the system's two clocks showed these times."""
        if synchronized(self._root):
            return Instant(monotonic_s, wall_s, ClockSource.NTP)
        heard = self._satellite_time()
        if heard is not None and heard.unix_s >= EARLIEST_S:
            by_satellite_s = heard.unix_s + (monotonic_s - heard.monotonic_s)
            return Instant(monotonic_s, by_satellite_s, ClockSource.GPS)
        return Instant(
            monotonic_s, wall_s, ClockSource.RTC if self._has_rtc else ClockSource.UNKNOWN
        )


def synchronized(root: Path = Path("/")) -> bool:
    """Whether a time service disciplines the system's clock.

    Asks the kernel (adjtimex(2)), which every service tells; where that is not allowed, the mark
    of systemd-timesyncd.
    """
    if root == Path("/"):
        state = _kernel_clock()
        if state is not None:
            return state
    return (root / "run/systemd/timesync/synchronized").exists()


class _Timex(ctypes.Structure):
    """The head of `struct timex` and room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 32),
    )


def _kernel_clock() -> bool | None:
    if _LIBC is None:
        return None
    timex = _Timex(modes=0)
    state = _LIBC.adjtimex(ctypes.byref(timex))
    if state < 0:
        return None
    return state != _ERROR and not timex.status & _UNSYNCHRONIZED


def _set_by_rtc(root: Path) -> bool:
    """Whether the kernel took its time from a clock chip when the machine started."""
    for mark in (root / "sys/class/rtc").glob("*/hctosys"):
        try:
            if mark.read_text().strip() == "1":
                return True
        except OSError:
            continue
    return False


def _libc() -> ctypes.CDLL | None:
    if os.name != "posix":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    return libc if hasattr(libc, "adjtimex") else None


_LIBC = _libc()
