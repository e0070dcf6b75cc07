"""The result of a width measurement: centre lines, and widths with their uncertainty."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.values import Length, Scale

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]


class Reason(StrEnum):
    """Why a width cannot be measured."""

    NO_CONTRAST = "no contrast"
    SHADOW = "shadow"
    TOO_THIN = "too thin"
    BLUR = "blur"


@dataclass(frozen=True)
class Width:
    """A width in pixels, or the reason why it cannot be measured; then both numbers are None."""

    value_px: float | None
    uncertainty_px: float | None
    """Half of the 90 % interval."""
    not_measurable: Reason | None = None

    def millimetres(self, scale: Scale) -> Length | None:
        if self.value_px is None or self.uncertainty_px is None:
            return None
        return scale.millimetres(self.value_px, self.uncertainty_px)

    def __str__(self) -> str:
        if self.value_px is None:
            return f"not measurable ({self.not_measurable})"
        return f"{self.value_px:.1f} ± {self.uncertainty_px:.1f} px"


@dataclass(frozen=True)
class WidthStatistics:
    """The widths along a line in three numbers."""

    median: Width
    percentile95: Width
    maximum: Width
    maximum_at: tuple[float, float] | None
    """x, y of the maximum in the frame, px."""


@dataclass(frozen=True)
class Branch:
    """A part of a crack without forks."""

    line: FloatArray
    """float32 (N, 4): x, y of the centre line in frame px (pixel centres at whole numbers) in
    steps of about one pixel, and the width with half of its 90 % interval, px; both are NaN where
    the width cannot be measured."""
    length_px: float
    width: WidthStatistics


@dataclass(frozen=True)
class CrackMeasure:
    """Length and widths of one crack in one frame."""

    branches: tuple[Branch, ...]
    length_px: float
    length_uncertainty_px: float
    width: WidthStatistics
    blur_px: float | None
    """Standard deviation of the blur at the crack's own edges; None without a centre line."""

    def length(self, scale: Scale) -> Length:
        return scale.millimetres(self.length_px, self.length_uncertainty_px)
