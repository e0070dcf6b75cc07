"""What the machine says of itself: its name, how hot it is, whether its power supply suffices."""

import os
import platform
import subprocess
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

ROOT = Path("/")
HOT_C = 80.0
"""A Raspberry Pi lowers its clock from here on, and stops at 85 °C."""
_FIRMWARE = "sys/devices/platform/soc*/*firmware*/get_throttled"
_TIMEOUT_S = 2.0


class Throttling(IntFlag):
    """Why a Raspberry Pi runs slower than it could: the bits of `vcgencmd get_throttled`."""

    UNDERVOLTAGE = 1 << 0
    """The supply is below 4.63 V now."""
    CAPPED = 1 << 1
    """The clock is capped now."""
    THROTTLED = 1 << 2
    """The clock is lowered now, because of heat or low voltage."""
    HOT = 1 << 3
    """The soft temperature limit is at work now (Pi 3B+)."""
    UNDERVOLTAGE_BEFORE = 1 << 16
    """It was, since the machine started; and so on."""
    CAPPED_BEFORE = 1 << 17
    THROTTLED_BEFORE = 1 << 18
    HOT_BEFORE = 1 << 19

    @property
    def now(self) -> "Throttling":
        """What is the case at present."""
        return self & _NOW

    @property
    def words(self) -> list[str]:
        """For people, one for each bit that is known: what is, then what was."""
        return [text for bit, text in _WORDS.items() if bit in self]


_NOW = Throttling.UNDERVOLTAGE | Throttling.CAPPED | Throttling.THROTTLED | Throttling.HOT
_WORDS = {
    Throttling.UNDERVOLTAGE: "undervoltage now",
    Throttling.CAPPED: "clock capped now",
    Throttling.THROTTLED: "throttled now",
    Throttling.HOT: "soft temperature limit now",
    Throttling.UNDERVOLTAGE_BEFORE: "undervoltage since start",
    Throttling.CAPPED_BEFORE: "clock capped since start",
    Throttling.THROTTLED_BEFORE: "throttled since start",
    Throttling.HOT_BEFORE: "soft temperature limit since start",
}


@dataclass(frozen=True)
class Health:
    """How the machine is at a moment; what cannot be known is None."""

    temperature_c: float | None
    """Of the processor."""
    throttling: Throttling | None
    """None on a machine that is not a Raspberry Pi."""

    @property
    def hot(self) -> bool:
        """Whether the machine slows itself down, or is about to, because of heat."""
        slowed = self.throttling is not None and bool(
            self.throttling & (Throttling.HOT | Throttling.THROTTLED)
        )
        return slowed or (self.temperature_c is not None and self.temperature_c >= HOT_C)

    @property
    def undervoltage(self) -> bool:
        return self.throttling is not None and Throttling.UNDERVOLTAGE in self.throttling


def read_health(root: Path = ROOT) -> Health:
    """Ask the machine; below 1 ms from the kernel, some 10 ms where `vcgencmd` must be run.

    Never raises. `root` is where /sys is.
    """
    return Health(temperature_c(root), read_throttling(root))


def temperature_c(root: Path = ROOT) -> float | None:
    """Temperature of the processor, °C; the highest where there are several."""
    found = []
    for zone in (root / "sys/class/thermal").glob("thermal_zone*"):
        kind = _text(zone / "type").lower()
        if any(word in kind for word in ("cpu", "soc", "x86_pkg")):
            found.append(_thousandths(zone / "temp"))
    for chip in (root / "sys/class/hwmon").glob("hwmon*"):
        if _text(chip / "name") in ("coretemp", "k10temp"):
            found += [_thousandths(one) for one in chip.glob("temp*_input")]
    return max((one for one in found if one is not None), default=None)


def read_throttling(root: Path = ROOT) -> Throttling | None:
    """What slows a Raspberry Pi down; None elsewhere.

    Asks the kernel of Raspberry Pi OS, then `vcgencmd`, then the mainline kernel, which knows
    undervoltage only.
    """
    for path in sorted(root.glob(_FIRMWARE)):
        bits = _hexadecimal(_text(path))
        if bits is not None:
            return Throttling(bits)
    bits = _vcgencmd() if root == ROOT else None
    if bits is not None:
        return Throttling(bits)
    for chip in (root / "sys/class/hwmon").glob("hwmon*"):
        if _text(chip / "name") == "rpi_volt":
            alarm = _text(chip / "in0_lcrit_alarm") == "1"
            return Throttling.UNDERVOLTAGE if alarm else Throttling(0)
    return None


def read_board_name(root: Path = ROOT) -> str:
    """The board's name, `Raspberry Pi 5 Model B Rev 1.0`; on a PC the processor's."""
    name = _text(root / "proc/device-tree/model")
    if name:
        return name
    for line in _text(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() in ("model name", "model") and not value.strip().isdecimal():
            return value.strip()
    return platform.machine() or "unknown"


def resident_mb(root: Path = ROOT) -> float | None:
    """Memory that this process occupies now, MB (10^6 bytes)."""
    for line in _text(root / "proc/self/status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip("\0 \n")
    except OSError:
        return ""


def _thousandths(path: Path) -> float | None:
    try:
        return int(_text(path)) / 1000
    except ValueError:
        return None


def _hexadecimal(text: str) -> int | None:
    try:
        return int(text, 16)
    except ValueError:
        return None


def _vcgencmd() -> int | None:
    """`throttled=0x50005`; None where the tool is missing or may not be used."""
    try:
        done = subprocess.run(
            ["vcgencmd", "get_throttled"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    name, _, value = done.stdout.strip().partition("=")
    return _hexadecimal(value) if name == "throttled" else None
