"""Texts of a finding, for people."""

from crackscan.edge.measurement.scale.measures import figure_text
from crackscan.edge.positioning import Geotag
from crackscan.edge.survey import Measurements, Scale


def format_width(measures: Measurements, scale: Scale | None) -> str:
    """The width for a list, `0.42 ± 0.10 mm`; empty if it was not measured."""
    return "" if measures.width_p95 is None else figure_text(measures.width_p95, scale)


def format_position(geotag: Geotag) -> str:
    """The position for a list, `47.50000, 9.25000`; empty if it is not known."""
    position = geotag.position
    return "" if position is None else f"{position.lat:.5f}, {position.lon:.5f}"
