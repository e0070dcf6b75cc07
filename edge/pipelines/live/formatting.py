"""What people and programs are told of a finding beside the record."""

from crackscan.edge.detection.finding import Finding
from crackscan.edge.measurement.scale.measures import figure_text, mm_dict
from crackscan.edge.positioning import Geotag
from crackscan.edge.survey import Measures, Scale, Sighting


def line_of(number: int, finding: Finding, sighting: Sighting) -> dict[str, object]:
    """A finding's line in `findings.jsonl`: what its best frame shows, and its measures."""
    told: dict[str, object] = {"id": number, **finding.to_dict()}
    told["frames_seen"] = sighting.frames_seen
    measures = sighting.measures or Measures()
    told |= {"width": width_of(measures, sighting.scale), **mm_dict(measures, sighting.scale)}
    position = sighting.geotag.position
    told["lat"] = None if position is None else position.lat
    told["lon"] = None if position is None else position.lon
    return told


def width_of(measures: Measures, scale: Scale | None) -> str:
    """The width for a list, `0.42 ± 0.10 mm`; empty where it was not measured."""
    return "" if measures.width_p95 is None else figure_text(measures.width_p95, scale)


def place_of(geotag: Geotag) -> str:
    """The place for a list, `47.50000, 9.25000`; empty where it is not known."""
    position = geotag.position
    return "" if position is None else f"{position.lat:.5f}, {position.lon:.5f}"
