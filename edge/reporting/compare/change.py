"""How a crack changed between two surveys, judged by the uncertainties of both measurements."""

from dataclasses import dataclass
from enum import StrEnum
from math import hypot

from crackscan.edge.measurement.values import Measurement, Scale
from crackscan.edge.reporting.report.entry import ReportEntry


@dataclass(frozen=True)
class ChangeParameters:
    """Uncertainties of a comparison beyond those of the two measurements."""

    length_uncertainty: float = 0.1
    """90 % half-width, as a share of a length: how far the faint ends of a crack are detected
    again."""
    alignment_uncertainty: float = 0.03
    """90 % half-width, as a share of a size in pixels that the alignment carries from one picture
    to another."""


PARAMETERS = ChangeParameters()


class Change(StrEnum):
    """How a crack changed; the most important first."""

    GROWN = "grown"
    """Wider or longer by more than the uncertainty."""
    NEW = "new"
    GONE = "gone"
    SMALLER = "smaller"
    """Narrower or shorter by more than the uncertainty."""
    SAME = "same"
    """Without a significant difference."""


@dataclass(frozen=True)
class Difference:
    """The difference of one figure between two surveys."""

    before: float
    after: float
    uncertainty: float
    """Half-width of the 90 % interval of the difference."""
    unit: str

    @property
    def value(self) -> float:
        return self.after - self.before

    @property
    def sign(self) -> int:
        """1 or -1 if the difference is significant, else 0."""
        return 0 if abs(self.value) <= self.uncertainty else 1 if self.value > 0 else -1


@dataclass(frozen=True)
class CrackChange:
    """A crack that is in one survey or in both."""

    change: Change
    before: ReportEntry | None
    after: ReportEntry | None
    width: Difference | None = None
    """Of the characteristic width; None if it cannot be compared."""
    length: Difference | None = None
    """None if it cannot be compared."""
    matched_by: str = ""
    """`picture` or `position`; empty if the crack is in one survey only."""
    is_place_covered: bool = True
    """Whether a picture of the other survey is known to show the place of a new or gone crack."""


def compute_difference(
    before: Measurement | None,
    after: Measurement | None,
    scales: tuple[Scale | None, Scale | None],
    zoom: float | None,
    further_uncertainty: float = 0.0,
) -> Difference | None:
    """Compare two figures in pixels; in millimetres if both scales are known.

    Without scales, the figures are compared in pixels of the later picture, if its `zoom` against
    the earlier one is known; else the result is None. The figures are independent, so that the
    half-widths of their intervals add in quadrature, together with `further_uncertainty`, a share
    of the larger figure.
    """
    if before is None or after is None:
        return None
    if scales[0] is not None and scales[1] is not None:
        factors = scales[0].mm_per_px, scales[1].mm_per_px
        shares = scales[0].relative_uncertainty, scales[1].relative_uncertainty
        unit, alignment = "mm", 0.0
    elif zoom is not None:
        factors, shares = (zoom, 1.0), (0.0, 0.0)
        unit, alignment = "px", PARAMETERS.alignment_uncertainty
    else:
        return None
    values = before.value_px * factors[0], after.value_px * factors[1]
    uncertainties = [
        hypot(figure.uncertainty_px * factor, value * share)
        for figure, factor, value, share in zip(
            (before, after), factors, values, shares, strict=True
        )
    ]
    combined = hypot(*uncertainties, (further_uncertainty + alignment) * max(values))
    return Difference(values[0], values[1], combined, unit)


def classify_change(width: Difference | None, length: Difference | None) -> Change:
    """Grown if one of the two grew; smaller if one shrank and none grew."""
    signs = [difference.sign for difference in (width, length) if difference is not None]
    if 1 in signs:
        return Change.GROWN
    return Change.SMALLER if -1 in signs else Change.SAME
