"""What is measured of a crack: length, widths, centre lines, and the scale."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LineArray = NDArray[np.float32]
"""float32 (N, 4): x, y of a centre line in frame px, width and its uncertainty in px or NaN."""


@dataclass(frozen=True)
class Measured:
    """A measured figure in px, with the half-width of its 90 % interval."""

    value_px: float
    uncertainty_px: float


@dataclass(frozen=True)
class Measures:
    """Length and widths of a finding; None is not measurable, and `why` says the reason."""

    length: Measured | None = None
    width_median: Measured | None = None
    width_p95: Measured | None = None
    width_max: Measured | None = None
    width_max_at: tuple[float, float] | None = None
    """x, y in frame px."""
    why: str = ""


@dataclass(frozen=True)
class KnownScale:
    """Millimetres per px on the wall, the 90 % half-width relative to it, and its origin."""

    mm_per_px: float
    relative_uncertainty: float
    source: str
