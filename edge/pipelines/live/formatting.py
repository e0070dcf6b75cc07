"""Texts and lines of a finding, for people and programs."""

from crackscan.edge.detection.finding import Finding
from crackscan.edge.measurement.scale.measures import figure_text, mm_dict
from crackscan.edge.positioning import Geotag
from crackscan.edge.survey import Measures, Scale, Sighting


def make_finding_line(number: int, finding: Finding, sighting: Sighting) -> dict[str, object]:
    """The line of a finding in `findings.jsonl`: its best view, and its measurement."""
    line: dict[str, object] = {"id": number, **finding.to_dict()}
    line["frames_seen"] = sighting.frames_seen
    measures = sighting.measures or Measures()
    line |= {"width": format_width(measures, sighting.scale), **mm_dict(measures, sighting.scale)}
    position = sighting.geotag.position
    line["lat"] = None if position is None else position.lat
    line["lon"] = None if position is None else position.lon
    return line


def format_width(measures: Measures, scale: Scale | None) -> str:
    """The width for a list, `0.42 ± 0.10 mm`; empty if it was not measured."""
    return "" if measures.width_p95 is None else figure_text(measures.width_p95, scale)


def format_position(geotag: Geotag) -> str:
    """The position for a list, `47.50000, 9.25000`; empty if it is not known."""
    position = geotag.position
    return "" if position is None else f"{position.lat:.5f}, {position.lon:.5f}"
