"""A finding as JSON: the same keys in every command and file."""

from typing import Any, Protocol

from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.measurement.scale.measures import figure_text, measurements_dict
from crackscan.edge.measurement.values import Measurements, Scale


class ShownFinding(Protocol):
    """What a finding in a picture and a finding in a record have in common."""

    @property
    def box(self) -> BoundingBox: ...
    @property
    def cells(self) -> tuple[tuple[int, int], ...]: ...
    @property
    def area_px(self) -> int: ...
    @property
    def probability(self) -> float: ...
    @property
    def peak(self) -> float: ...
    @property
    def mean(self) -> float: ...
    @property
    def measures(self) -> Measurements | None: ...
    @property
    def scale(self) -> Scale | None: ...


def finding_dict(finding: ShownFinding) -> dict[str, Any]:
    """For JSON: the bounding box as [left, top, right, bottom] in px of the picture, the cells as
    [row, column] of its 16 px cells, and each measurement as [value, half of its 90 % interval].
    """
    box, measures = finding.box, finding.measures or Measurements()
    return {
        "box": [box.left, box.top, box.right, box.bottom],
        "area_px": finding.area_px,
        "probability": round(finding.probability, 4),
        "peak": round(finding.peak, 4),
        "mean": round(finding.mean, 4),
        "cells": [list(cell) for cell in finding.cells],
        "width": width_label(finding),
        **measurements_dict(measures, finding.scale),
    }


def width_label(finding: ShownFinding) -> str:
    """The width for a list, `0.42 ± 0.10 mm`; empty if it was not measured."""
    measures = finding.measures
    if measures is None or measures.width_p95 is None:
        return ""
    return figure_text(measures.width_p95, finding.scale)
