"""Makes the values that viewers see from the scan's own: frames, the list of findings, status."""

from collections.abc import Callable
from dataclasses import replace

from crackscan.core.model_card import Card
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Finding, Rule
from crackscan.edge.pipelines.live.formatting import format_position, format_width
from crackscan.edge.survey import Measurements, Sighting
from crackscan.edge.tracking.track import Track
from crackscan.edge.tracking.wall_tracker import TrackedFrame
from crackscan.edge.web.live.values import (
    ListedFinding,
    LiveFrame,
    OperatingPointChoice,
    VisibleFinding,
)


def make_live_frame(
    frame: Frame,
    tracked: TrackedFrame | None,
    number_of: Callable[[Track], int],
    rule: Rule,
    message: str,
) -> LiveFrame:
    """A frame with its evidence and the findings in view; `tracked` is None during a pause."""
    visible = () if tracked is None else tracked.update.visible
    findings = tuple(
        VisibleFinding(number_of(track), track.probability, finding.box)
        for track, finding in visible
    )
    light = frame if frame.full is None else replace(frame, full=None)
    evidence_map = None if tracked is None else tracked.evidence_map
    return LiveFrame(light, evidence_map, rule.cell, rule.cell_px, findings, message)


def make_list_entry(number: int, sighting: Sighting) -> ListedFinding:
    """A finding for the list."""
    return ListedFinding(
        number=number,
        probability=sighting.probability,
        box=sighting.box,
        wall_s=sighting.first.wall_s,
        frame=sighting.frame,
        width=format_width(sighting.measures or Measurements(), sighting.scale),
        place=format_position(sighting.geotag),
    )


def list_choices(card: Card) -> tuple[OperatingPointChoice, ...]:
    """The operating points that a viewer can choose."""
    return tuple(
        OperatingPointChoice(name, point.finding_threshold)
        for name, point in card.operating_points.items()
    )


def visible_findings(tracked: TrackedFrame | None) -> list[Finding]:
    """The findings of a frame, each with the probability that all frames of its track give."""
    if tracked is None:
        return []
    return [
        replace(finding, probability=track.probability) for track, finding in tracked.update.visible
    ]
