"""How fast a layer runs, and how fast bytes are copied."""

import time
from dataclasses import dataclass

import numpy as np

COPIED_BYTES = 200_000
"""As much as a layer of crack-s moves: it stays in the core's own cache."""


@dataclass(frozen=True)
class Rate:
    """How fast a layer, or a whole network, runs."""

    name: str
    made: tuple[int, ...]
    macs: int
    bytes: int
    ms: float
    of_best: float
    """Its multiply-adds a second by the best of the runtime."""

    @property
    def gmacs(self) -> float:
        """Multiply-adds a second, in thousand millions."""
        return self.macs / self.ms / 1e6 if self.ms > 0 else 0.0


def copy_rate(rounds: int) -> float:
    """Bytes a second, read and written, of copies within the cache."""
    source = np.zeros(COPIED_BYTES // 2, np.uint8)
    target = np.empty_like(source)
    taken = []
    for _ in range(rounds):
        began_s = time.thread_time()
        for _ in range(100):
            np.copyto(target, source)
        taken.append((time.thread_time() - began_s) / 100)
    return COPIED_BYTES / float(np.median(taken))
