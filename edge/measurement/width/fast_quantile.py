"""Medians and quantiles of short rows of numbers, without numpy's overhead for general ones."""

import numpy as np
from numpy.typing import NDArray


def quantile(values: NDArray[np.generic], share: float) -> float:
    """The quantile of (n,) numbers, none of them NaN; between two it is linear, as in numpy."""
    at = share * (values.size - 1)
    low = int(at)
    high = min(low + 1, values.size - 1)
    ordered = np.partition(values, (low, high))
    below = float(ordered[low])
    return below + (float(ordered[high]) - below) * (at - low)


def median(values: NDArray[np.generic]) -> float:
    """The median of (n,) numbers, none of them NaN."""
    return quantile(values, 0.5)
