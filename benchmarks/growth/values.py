"""One measured point of a curve."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Point:
    """What something cost at some size."""

    curve: str
    size: int
    """In the unit of the curve: pixels, findings, pictures."""
    median: float
    late: float
    """The 99th percentile."""
    unit: str = "ms"


def time_curve(
    curve: str,
    size: int,
    run: Callable[[int], object],
    times: int,
    clock: Callable[[], float] = time.perf_counter,
) -> Point:
    """The time of `run`, which is given the numbers from 0 on.

    The first call warms up and does not count.

    Args:
        clock: for what one thread does alone, `time.thread_time`: other work on the machine
            disturbs it less.
    """
    taken = []
    for number in range(times + 1):
        began_s = clock()
        run(number)
        taken.append((clock() - began_s) * 1000)
    middle, late = np.percentile(taken[1:], (50, 99))
    return Point(curve, size, float(middle), float(late))
