"""What other programs took of the cores while the contenders ran."""

import os
import resource
from pathlib import Path
from types import TracebackType

BUSY_SHARE = 0.05
"""Of all cores' time, below which a machine is still called quiet."""


class Others:
    """Watches the cores in a `with` block, in which all children that are started also end."""

    own_s = 0.0
    """Of this program and its children in the block."""
    share = 0.0
    """What others took of all cores' time in the block."""

    def __enter__(self) -> "Others":
        self._busy_s, self._all_s, self._before_s = *_cores_s(), _own_s()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        busy_s, all_s = _cores_s()
        self.own_s = _own_s() - self._before_s
        others_s = busy_s - self._busy_s - self.own_s
        self.share = max(others_s, 0.0) / max(all_s - self._all_s, 1e-9)

    @property
    def warnings(self) -> list[str]:
        """Why times taken in the block are not what the machine can do."""
        if self.share <= BUSY_SHARE:
            return []
        return [f"other programs used {self.share:.0%} of the cores' time meanwhile"]


def _cores_s() -> tuple[float, float]:
    """Busy and all seconds of all cores (proc(5)); what the host steals is busy too."""
    values = [int(one) for one in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    return (sum(values) - values[3] - values[4]) * tick_s, sum(values) * tick_s


def _own_s() -> float:
    """Of this program and its children that have ended."""
    used = [resource.getrusage(one) for one in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
