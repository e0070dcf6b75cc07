"""What a group of measured cracks comes to: errors, coverage, time."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from crackscan.convert.width_renderings import Setting
from crackscan.core.errors import DataError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """One crack, measured and true; the columns have a row for each point of the centre lines."""

    name: str
    setting: Setting | None
    """How it was drawn, None for a picture from a folder."""
    true_px: Floats
    measured_px: Floats
    """NaN if the width is not measurable."""
    uncertainty_px: Floats
    true_mean_px: float
    measured_mean_px: float
    length_ratio: float
    """Measured length over true length."""
    astray: float
    """The share of the centre lines that runs beside the crack."""
    cells: int
    seconds: float


@dataclass(frozen=True)
class WidthFigures:
    """What a group of cracks comes to; widths in px."""

    cracks: int
    points: int
    measurable: float
    """Share of the points on the crack that have a width."""
    median_error: float
    """Median absolute error of the width at a point."""
    bias: float
    """Median error."""
    coverage: float
    """Share of the points whose 90 % interval holds the truth."""
    uncertainty: float
    """Median half-width of that interval."""
    mean_error: float
    """Median absolute error of a crack's mean width."""
    mean_error_relative: float
    mean_bias: float
    mean_within: float
    """Share of the cracks whose mean width is right to 1 px or 15 %."""
    length_ratio: float
    astray: float
    seconds: float
    """Median processor time for one crack."""
    seconds_30_cells: float


def summarize_widths(cracks: Sequence[Compared]) -> WidthFigures:
    """WidthFigures over all cracks.

    Raises:
        DataError: there are none.
    """
    if not cracks:
        raise DataError("no crack to measure: the masks are empty")
    true, measured, uncertainty = (
        np.concatenate([getattr(c, name) for c in cracks])
        for name in ("true_px", "measured_px", "uncertainty_px")
    )
    known = np.isfinite(measured)
    error = (measured - true)[known]
    mean = np.array([(c.true_mean_px, c.measured_mean_px) for c in cracks])
    mean = mean[np.isfinite(mean).all(axis=1)]
    off = mean[:, 1] - mean[:, 0]
    seconds = np.array([c.seconds for c in cracks])
    return WidthFigures(
        cracks=len(cracks),
        points=len(true),
        measurable=mean_of(known),
        median_error=median_of(np.abs(error)),
        bias=median_of(error),
        coverage=mean_of(np.abs(error) <= uncertainty[known]),
        uncertainty=median_of(uncertainty[known]),
        mean_error=median_of(np.abs(off)),
        mean_error_relative=median_of(np.abs(off) / mean[:, 0]),
        mean_bias=median_of(off),
        mean_within=mean_of((np.abs(off) <= 1) | (np.abs(off) <= 0.15 * mean[:, 0])),
        length_ratio=median_of(np.array([c.length_ratio for c in cracks])),
        astray=mean_of(np.array([c.astray for c in cracks])),
        seconds=median_of(seconds),
        seconds_30_cells=30 * float(seconds.sum()) / sum(c.cells for c in cracks),
    )


def median_of(values: NDArray[np.floating]) -> float:
    """The median, NaN of nothing."""
    return float(np.median(values)) if len(values) else nan


def mean_of(values: NDArray[np.floating] | NDArray[np.bool_]) -> float:
    """The mean, NaN of nothing."""
    return float(np.mean(values)) if len(values) else nan
