"""What is measured of a crack: length, widths and centre lines in px, and the scale to mm."""

from dataclasses import dataclass
from math import hypot

import numpy as np
from numpy.typing import NDArray

LineArray = NDArray[np.float32]
"""float32 (N, 4): x, y of a centre line in frame px, width and its uncertainty in px or NaN."""


@dataclass(frozen=True)
class Measurement:
    """One figure in px, with the half-width of its 90 % interval."""

    value_px: float
    uncertainty_px: float


@dataclass(frozen=True)
class Measurements:
    """Length and widths of a finding; None if they cannot be measured, and `why` has the reason."""

    length: Measurement | None = None
    width_median: Measurement | None = None
    width_p95: Measurement | None = None
    width_max: Measurement | None = None
    width_max_at: tuple[float, float] | None = None
    """x, y in frame px."""
    why: str = ""


@dataclass(frozen=True)
class Length:
    """A length in millimetres; `uncertainty_mm` is the half-width of its 90 % interval."""

    value_mm: float
    uncertainty_mm: float

    def __str__(self) -> str:
        return f"{self.value_mm:.2f} ± {self.uncertainty_mm:.2f} mm"


@dataclass(frozen=True)
class Scale:
    """Millimetres per pixel on the wall, and how well that is known.

    `relative_uncertainty` is the half-width of the 90 % interval divided by the value; `source`
    names in a word or two where the scale comes from (distance, target, two points, gauge).
    """

    mm_per_px: float
    relative_uncertainty: float
    source: str

    def __post_init__(self) -> None:
        if not (0 < self.mm_per_px < float("inf") and 0 <= self.relative_uncertainty < 1):
            raise ValueError(f"no scale: {self.mm_per_px} mm/px ± {self.relative_uncertainty:.0%}")

    def millimetres(self, value_px: float, uncertainty_px: float) -> Length:
        """A length in px in mm, with its own and the scale's uncertainty (independent)."""
        value = value_px * self.mm_per_px
        own = uncertainty_px * self.mm_per_px
        return Length(value, hypot(own, value * self.relative_uncertainty))
