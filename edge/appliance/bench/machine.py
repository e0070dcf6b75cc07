"""On what machine a figure was measured, and whether others used it at the time."""

import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crackscan import __version__
from crackscan.edge.device.health import (
    ROOT,
    Throttling,
    read_board_name,
    read_throttling,
    temperature_c,
)

BUSY_SHARE = 0.05
"""Share of all cores that others may use while it is still called quiet."""
_LISTENING_S = 0.5


@dataclass(frozen=True)
class Surroundings:
    """The machine and its load. Nothing here identifies its owner."""

    board: str
    system: str
    cores: tuple[int, ...]
    """Numbers of the cores that this process may use."""
    governor: str
    """Governor of the clock, for example `ondemand`; empty if unknown."""
    most_mhz: float | None
    memory_mb: float | None
    python: str
    crackscan: str
    others_share: float
    """Of all cores' time, used by other programs before the measurement."""
    temperature_c: float | None
    throttling: tuple[str, ...]

    @property
    def warnings(self) -> list[str]:
        """Why figures taken now are not what the machine can do."""
        found = []
        if self.others_share > BUSY_SHARE:
            found.append(
                f"the machine is not quiet: other programs use {self.others_share:.0%} of its cores"
            )
        found += [f"the board says: {one}" for one in self.throttling if one.endswith("now")]
        if self.governor == "powersave":
            found.append("the clock is set to powersave")
        return found

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "warnings": self.warnings}


def describe_surroundings(root: Path = ROOT) -> Surroundings:
    """Describe the machine; takes half a second, in which this process must be idle."""
    busy_before, all_before = _ticks(root)
    time.sleep(_LISTENING_S)
    busy_after, all_after = _ticks(root)
    cpu = root / "sys/devices/system/cpu/cpu0/cpufreq"
    most_khz = _text(cpu / "cpuinfo_max_freq")
    slowed = read_throttling(root) or Throttling(0)
    return Surroundings(
        board=read_board_name(root),
        system=f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}",
        cores=tuple(sorted(os.sched_getaffinity(0))),
        governor=_text(cpu / "scaling_governor"),
        most_mhz=int(most_khz) / 1000 if most_khz.isdecimal() else None,
        memory_mb=_memory_mb(root),
        python=platform.python_version(),
        crackscan=__version__,
        others_share=round((busy_after - busy_before) / max(all_after - all_before, 1), 3),
        temperature_c=temperature_c(root),
        throttling=tuple(slowed.words),
    )


def _ticks(root: Path) -> tuple[int, int]:
    """Busy and all clock ticks of all cores (proc(5)); what the host steals is busy too."""
    for line in _text(root / "proc/stat").splitlines():
        if line.startswith("cpu "):
            values = [int(one) for one in line.split()[1:9]]
            idle = values[3] + values[4]
            return sum(values) - idle, sum(values)
    return 0, 0


def _memory_mb(root: Path) -> float | None:
    for line in _text(root / "proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return round(int(line.split()[1]) * 1024 / 1e6)
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
