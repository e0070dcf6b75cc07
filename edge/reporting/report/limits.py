"""Limits of crack width: those that codes name, and a measured width judged against one."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from crackscan.edge.measurement.values import Length

WIDTH_CLASSES_MM = (0.1, 0.2, 0.3, 0.4)
"""Edges of the classes in which widths are counted: the limits of EN 1992-1-1 and finer ones."""
DEFAULT_LIMIT_MM = 0.3
"""EN 1992-1-1, table 7.1N, for most exposure classes."""


@dataclass(frozen=True)
class CodeLimit:
    """One row of such a table."""

    exposure: str
    limit_mm: float


@dataclass(frozen=True)
class Code:
    """The table of crack widths in a design code."""

    name: str
    meaning: str
    rows: tuple[CodeLimit, ...]


CODES = (
    Code(
        "EN 1992-1-1, table 7.1N",
        "recommended limit of the calculated width, reinforced members, quasi-permanent load;"
        " national annexes may differ",
        (
            CodeLimit("X0, XC1", 0.4),
            CodeLimit("XC2, XC3, XC4", 0.3),
            CodeLimit("XD1, XD2, XS1, XS2, XS3", 0.3),
        ),
    ),
    Code(
        "ACI 224R, table 4.1",
        "guide to reasonable widths, reinforced concrete under service loads",
        (
            CodeLimit("dry air or protective membrane", 0.41),
            CodeLimit("humidity, moist air, soil", 0.30),
            CodeLimit("de-icing chemicals", 0.18),
            CodeLimit("seawater and its spray, wetting and drying", 0.15),
            CodeLimit("water-retaining structures", 0.10),
        ),
    ),
)


class LimitJudgement(StrEnum):
    """How a width with its 90 % interval compares with a limit; the worst first."""

    ABOVE = "above"
    """The whole interval is above."""
    UNDECIDED = "undecided"
    """The limit lies within the interval."""
    UNKNOWN = "unknown"
    """There is no width in millimetres."""
    BELOW = "below"
    """The whole interval is below."""

    @property
    def description(self) -> str:
        return {
            LimitJudgement.ABOVE: "above the limit",
            LimitJudgement.UNDECIDED: "limit within the uncertainty",
            LimitJudgement.UNKNOWN: "no width in mm",
            LimitJudgement.BELOW: "below the limit",
        }[self]


def judge_width(width: Length | None, limit_mm: float) -> LimitJudgement:
    """Compare a width with a limit, both in millimetres."""
    if width is None:
        return LimitJudgement.UNKNOWN
    if width.value_mm - width.uncertainty_mm > limit_mm:
        return LimitJudgement.ABOVE
    if width.value_mm + width.uncertainty_mm <= limit_mm:
        return LimitJudgement.BELOW
    return LimitJudgement.UNDECIDED


@dataclass(frozen=True)
class WidthClass:
    """How many widths lie in [`low_mm`, `high_mm`); None means no upper end."""

    low_mm: float
    high_mm: float | None
    count: int

    @property
    def description(self) -> str:
        if self.high_mm is None:
            return f"{self.low_mm:g} mm and wider"
        if self.low_mm == 0:
            return f"below {self.high_mm:g} mm"
        return f"{self.low_mm:g} to {self.high_mm:g} mm"


def count_widths(widths_mm: Sequence[float], limit_mm: float) -> list[WidthClass]:
    """Count widths by class; the limit is the edge between two classes."""
    edges = sorted({0.0, limit_mm, *WIDTH_CLASSES_MM})
    upper: list[float | None] = [*edges[1:], None]
    return [
        WidthClass(
            low, high, sum(low <= width and (high is None or width < high) for width in widths_mm)
        )
        for low, high in zip(edges, upper, strict=True)
    ]
