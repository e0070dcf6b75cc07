"""What became of a crack: judged against the uncertainties of both measurements."""

from dataclasses import dataclass
from enum import StrEnum
from math import hypot

from crackscan.edge.measurement.values import Measured
from crackscan.edge.reporting.report.entry import Entry

ENDS = 0.1
"""90 % uncertainty, as a share, of how much of a crack's faint ends is found again."""
ALIGNED = 0.03
"""The same of a size in px that is carried from one picture to another."""


class Change(StrEnum):
    """What became of a crack."""

    GROWN = "grown"
    """Wider or longer, beyond the uncertainty."""
    NEW = "new"
    GONE = "gone"
    SMALLER = "smaller"
    """Narrower or shorter, beyond the uncertainty."""
    SAME = "same"
    """No significant difference."""


@dataclass(frozen=True)
class Difference:
    """Of one figure, later less earlier; `uncertainty` is the half-width of its 90 % interval."""

    before: float
    after: float
    uncertainty: float
    unit: str

    @property
    def value(self) -> float:
        return self.after - self.before

    @property
    def sign(self) -> int:
        """1 or -1 where the difference is significant, else 0."""
        return 0 if abs(self.value) <= self.uncertainty else 1 if self.value > 0 else -1


@dataclass(frozen=True)
class Changed:
    """A crack in one survey, or in both."""

    change: Change
    before: Entry | None
    after: Entry | None
    width: Difference | None = None
    """Of the characteristic width; None where it cannot be compared."""
    length: Difference | None = None
    matched_by: str = ""
    """`picture` or `position`; empty where it is in one survey only."""
    looked: bool = True
    """Of a new or a gone one: whether a picture of the other survey is known to show its place."""


def difference(
    before: tuple[Measured | None, float | None, float],
    after: tuple[Measured | None, float | None, float],
    zoom: float | None,
    more: float = 0.0,
) -> Difference | None:
    """Compare two figures, each given as (in px, mm per px, relative uncertainty of that).

    In millimetres where both have a scale; else in the later picture's px, if its `zoom` against
    the earlier one is known; else None. `more` is a share of the larger one that is uncertain
    besides. Interval half-widths add in quadrature: the figures are independent.
    """
    if before[0] is None or after[0] is None:
        return None
    if before[1] is not None and after[1] is not None:
        factors, unit, aligned = (before[1], after[1]), "mm", 0.0
        shares = (before[2], after[2])
    elif zoom is not None:
        factors, unit, aligned = (zoom, 1.0), "px", ALIGNED
        shares = (0.0, 0.0)
    else:
        return None
    values = (before[0].value_px * factors[0], after[0].value_px * factors[1])
    parts = [
        hypot(figure.uncertainty_px * factor, value * share)
        for figure, factor, value, share in zip(
            (before[0], after[0]), factors, values, shares, strict=True
        )
    ]
    whole = hypot(*parts, (more + aligned) * max(values))
    return Difference(values[0], values[1], whole, unit)


def change_of(width: Difference | None, length: Difference | None) -> Change:
    """Grown if either grew; smaller if one shrank and neither grew."""
    signs = [one.sign for one in (width, length) if one is not None]
    if 1 in signs:
        return Change.GROWN
    return Change.SMALLER if -1 in signs else Change.SAME
