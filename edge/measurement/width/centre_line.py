"""Centre lines: which of them belong to a crack, and their smoothing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.parameters import RIDGE
from crackscan.edge.measurement.width.values import FloatArray


@dataclass(frozen=True)
class CentreLine:
    """One centre line, before its widths are measured; one row for each point."""

    position: FloatArray
    """(n, 2) x, y."""
    strength: FloatArray
    """(n,) ridge response, as `RidgePoints.strength`."""
    level: FloatArray
    """(n,) pyramid level, as `RidgePoints.level`."""

    @property
    def length(self) -> float:
        step = self.position[1:] - self.position[:-1]
        return float(np.hypot(step[:, 0], step[:, 1]).sum())

    @property
    def mean_strength(self) -> float:
        return float(self.strength.sum()) / len(self.strength)

    @property
    def mean_level(self) -> float:
        return float(self.level.sum()) / len(self.level)


def select_significant(
    lines: list[CentreLine], crack_strength: float, wall_strength: float
) -> list[CentreLine]:
    """Select the lines that are strong enough for their length to be crack and not texture.

    A short line must be nearly as strong as the crack; a long one may be a fine branch.

    Args:
        lines: the candidates.
        crack_strength: ridge response along most of the crack.
        wall_strength: ridge response of an arbitrary point of the wall.
    """
    kept = []
    for line in lines:
        length = line.length
        if length < RIDGE.shortest_px:
            continue
        short = float(np.exp(-(length - RIDGE.shortest_px) / 25))
        needed = max((0.25 + 0.55 * short) * crack_strength, (2.0 + 2.0 * short) * wall_strength)
        if line.mean_strength >= needed:
            kept.append(line)
    return kept


def resample_line(line: CentreLine, step_px: float = 1.0) -> CentreLine:
    """Resample a line at even steps of about `step_px`, and smooth it; coarse levels more."""
    position = line.position.astype(np.float64)
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(position, axis=0).T))])
    count = max(round(float(arc[-1]) / step_px) + 1, 2)
    even = np.linspace(0, arc[-1], count)
    columns = [
        np.interp(even, arc, column)
        for column in (position[:, 0], position[:, 1], line.strength, line.level)
    ]
    sigma = 1.5 * 2.0 ** round(line.mean_level) / step_px
    x, y = (smooth_values(column, sigma) for column in columns[:2])
    return CentreLine(
        np.stack([x, y], axis=1).astype(np.float32),
        columns[2].astype(np.float32),
        columns[3].astype(np.float32),
    )


def smooth_values(values: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Smooth values (n,) with a Gaussian; they are extrapolated by point reflection at the ends."""
    radius = min(int(np.ceil(2.5 * sigma)), len(values) - 1)
    if radius < 1:
        return values
    head = 2 * values[0] - values[radius:0:-1]
    tail = 2 * values[-1] - values[-2 : -radius - 2 : -1]
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.convolve(np.concatenate([head, values, tail]), kernel / kernel.sum(), "valid")
