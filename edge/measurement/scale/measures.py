"""From a measured crack and a scale to texts, JSON and the record: always px, mm if known."""

from typing import Any

from crackscan.edge.measurement.values import Length, LineArray, Measurement, Measurements, Scale
from crackscan.edge.measurement.width import CrackMeasure, Width


def measures_of(measure: CrackMeasure) -> Measurements:
    """The figures of a measured crack; None with a reason if they cannot be measured."""
    spread = measure.width
    if not measure.branches:
        return Measurements(why=str(spread.median.not_measurable))
    return Measurements(
        length=Measurement(measure.length_px, measure.length_uncertainty_px),
        width_median=_measured(spread.median),
        width_p95=_measured(spread.percentile95),
        width_max=_measured(spread.maximum),
        width_max_at=spread.maximum_at,
        why="" if spread.median.not_measurable is None else str(spread.median.not_measurable),
    )


def lines_of(measure: CrackMeasure) -> tuple[LineArray, ...]:
    """The centre lines of a measured crack for the record."""
    return tuple(branch.line for branch in measure.branches)


def in_mm(figure: Measurement, scale: Scale) -> Length:
    """A figure in mm, with its own and the scale's uncertainty."""
    return scale.millimetres(figure.value_px, figure.uncertainty_px)


def width_text(measures: Measurements, scale: Scale | None) -> str:
    """The 95th percentile of the widths as text: in mm if the scale is known, else in px."""
    figure = measures.width_p95
    if figure is None:
        return f"width not measurable ({measures.why})"
    return figure_text(figure, scale)


def figure_text(figure: Measurement, scale: Scale | None) -> str:
    """`0.32 ± 0.05 mm`, without a scale `3.2 ± 0.5 px`; from 10 on without decimals."""
    if scale is None:
        value, uncertainty, unit = figure.value_px, figure.uncertainty_px, "px"
        digits = 1 if value < 100 else 0
    else:
        length = in_mm(figure, scale)
        value, uncertainty, unit = length.value_mm, length.uncertainty_mm, "mm"
        digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{digits}f} ± {uncertainty:.{digits}f} {unit}"


def measurements_dict(measures: Measurements, scale: Scale | None) -> dict[str, Any]:
    """For JSON: each figure as [value, ±] in px and, if the scale is known, in mm.

    Without a scale the mm are null; if a width cannot be measured both are, and `not_measurable`
    has the reason.
    """
    figures: dict[str, Any] = {}
    for name in ("length", "width_median", "width_p95", "width_max"):
        figure: Measurement | None = getattr(measures, name)
        figures[f"{name}_px"] = figures[f"{name}_mm"] = None
        if figure is not None:
            figures[f"{name}_px"] = [round(figure.value_px, 2), round(figure.uncertainty_px, 2)]
            if scale is not None:
                length = in_mm(figure, scale)
                figures[f"{name}_mm"] = [round(length.value_mm, 3), round(length.uncertainty_mm, 3)]
    place = measures.width_max_at
    figures["width_max_at"] = None if place is None else [round(place[0], 1), round(place[1], 1)]
    figures["not_measurable"] = measures.why or None
    figures["scale"] = None if scale is None else scale_dict(scale)
    return figures


def scale_dict(scale: Scale) -> dict[str, Any]:
    """For JSON."""
    return {
        "mm_per_px": float(f"{scale.mm_per_px:.5g}"),
        "relative_uncertainty": round(scale.relative_uncertainty, 4),
        "source": scale.source,
    }


def _measured(width: Width) -> Measurement | None:
    if width.value_px is None or width.uncertainty_px is None:
        return None
    return Measurement(width.value_px, width.uncertainty_px)
