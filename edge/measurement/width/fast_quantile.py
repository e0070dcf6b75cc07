"""Medians and quantiles of short arrays, without the overhead of numpy's general functions."""

import numpy as np
from numpy.typing import NDArray


def compute_quantile(values: NDArray[np.generic], share: float) -> float:
    """Return the quantile of values (n,) without NaN, with linear interpolation as in numpy."""
    rank = share * (values.size - 1)
    low = int(rank)
    high = min(low + 1, values.size - 1)
    ordered = np.partition(values, (low, high))
    below = float(ordered[low])
    return below + (float(ordered[high]) - below) * (rank - low)


def compute_median(values: NDArray[np.generic]) -> float:
    """Return the median of values (n,) without NaN."""
    return compute_quantile(values, 0.5)
