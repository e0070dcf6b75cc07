"""The length and widths of a recorded finding, as the record keeps them."""

import numpy as np

from crackscan.edge.finding import Finding
from crackscan.edge.survey.values import LineArray, Measured, Measures
from crackscan.edge.width import Width, measure_crack
from crackscan.picture import RGB


def measures_of(rgb: RGB, finding: Finding, cell_px: int) -> tuple[Measures, tuple[LineArray, ...]]:
    """Measure a finding in the frame that shows it, uint8 (height, width, 3).

    Returns:
        What is recorded of it in px, and its centre lines; what could not be measured is None and
        `why` says the reason.
    """
    rows, cols = np.array(finding.cells).T
    cells = np.zeros((-(-rgb.shape[0] // cell_px), -(-rgb.shape[1] // cell_px)), np.bool_)
    cells[rows, cols] = True
    found = measure_crack(rgb, cells, cell_px)
    width = found.width
    reason = width.median.not_measurable
    measures = Measures(
        length=Measured(found.length_px, found.length_uncertainty_px) if found.branches else None,
        width_median=_measured(width.median),
        width_p95=_measured(width.percentile95),
        width_max=_measured(width.maximum),
        width_max_at=width.maximum_at,
        why="" if reason is None else str(reason),
    )
    return measures, tuple(branch.line for branch in found.branches)


def _measured(width: Width) -> Measured | None:
    if width.value_px is None or width.uncertainty_px is None:
        return None
    return Measured(width.value_px, width.uncertainty_px)
