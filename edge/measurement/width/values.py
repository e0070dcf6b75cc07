"""What a measurement says: centre lines, widths with their uncertainty, millimetres."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.values import Length, Scale

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]


class Reason(StrEnum):
    """Why a width cannot be measured."""

    NO_CONTRAST = "no contrast"
    SHADOW = "shadow"
    TOO_THIN = "too thin"
    BLUR = "blur"


@dataclass(frozen=True)
class Width:
    """A width in pixels, or the reason why there is none.

    `uncertainty_px` is the half-width of the 90 % interval. Where `not_measurable` is set, both
    numbers are None.
    """

    value_px: float | None
    uncertainty_px: float | None
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
class Spread:
    """The widths along a line in three numbers, and the place (x, y) of the largest."""

    median: Width
    percentile95: Width
    maximum: Width
    maximum_at: tuple[float, float] | None


@dataclass(frozen=True)
class Branch:
    """One unforked piece of a crack.

    `line` is float32 (N, 4): x, y of the centre line in frame pixels (pixel centres at whole
    numbers) at steps of about one pixel, width and its 90 % half-width in px; both are NaN where
    the width cannot be measured.
    """

    line: FloatArray
    length_px: float
    width: Spread


@dataclass(frozen=True)
class CrackMeasure:
    """The length and the widths of one crack in one frame.

    `blur_px` is the standard deviation of the picture's blur as seen at the crack's own edges, None
    where there is no line.
    """

    branches: tuple[Branch, ...]
    length_px: float
    length_uncertainty_px: float
    width: Spread
    blur_px: float | None

    def length(self, scale: Scale) -> Length:
        return scale.millimetres(self.length_px, self.length_uncertainty_px)
