"""One frame's scale: from places in the frame to millimetres on the wall, place by place."""

from dataclasses import dataclass
from math import cos, hypot, sqrt, tan

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.scale.lens import Lens, Places
from crackscan.edge.measurement.values import Scale
from crackscan.edge.measurement.width import CrackMeasure

UNKNOWN_TILT_RAD = np.deg2rad(10.0)
"""A wall that was not measured is believed, with 90 %, to be tilted by at most so much."""
MOST_PLACES = 200
_90 = 1.645


@dataclass(frozen=True)
class View:
    """A frame's geometry, or none; `why` says what is missing where there is none."""

    to_mm: NDArray[np.float64] | None = None
    """(3, 3) homography from undistorted frame places to mm on the wall."""
    relative_uncertainty: float = 0.0
    """90 % half-width of the scale at `sure_at`, relative."""
    sure_at: tuple[float, float] = (0.0, 0.0)
    """The place in the frame where the scale was measured."""
    source: str = ""
    lens: Lens | None = None
    """Undoes the distortion, if it is known; set wherever `to_mm` is."""
    tilt_rad: float = 0.0
    """90 % bound of the wall's unknown tilt; 0 where `to_mm` has it in."""
    covariance: NDArray[np.float64] | None = None
    """(8, 8) of the homography's first eight numbers, where it was fitted."""
    why: str = ""

    @property
    def known(self) -> bool:
        return self.to_mm is not None

    def on_wall_mm(self, places: Places) -> Places:
        """Places (n, 2) of the frame, in mm on the wall, (n, 2), from some origin."""
        assert self.to_mm is not None and self.lens is not None
        return _mapped(self.to_mm, self.lens.undistorted(places))

    def mm_per_px(self, places: Places, along: Places) -> NDArray[np.float64]:
        """mm per px (n,) at places (n, 2) in the directions `along` (n, 2), unit vectors."""
        ahead, behind = self.on_wall_mm(places + along / 2), self.on_wall_mm(places - along / 2)
        return np.asarray(np.hypot(*(ahead - behind).T))

    def scale_at(self, x: float, y: float) -> Scale | None:
        """The scale at a place of the frame, the mean of all directions; None where unknown."""
        if not self.known:
            return None
        both = np.eye(2)
        here = np.array([[x, y], [x, y]], np.float64)
        ahead, behind = self.on_wall_mm(here + both / 2), self.on_wall_mm(here - both / 2)
        mean = sqrt(abs(float(np.linalg.det(ahead - behind))))
        return self._told(mean, (x, y), 0.0)

    def scale_of(self, measure: CrackMeasure) -> Scale | None:
        """The scale across a crack: what turns its widths into mm, tilt and distortion included.

        Where the scale changes along the crack, that is part of its uncertainty. None where the
        frame has no scale or the measure no line.
        """
        if not self.known or not measure.branches:
            return None
        places, across = _places(measure)
        if not len(places):
            return None
        each = self.mm_per_px(places, across)
        middle = float(np.median(each))
        changes = _90 * float(np.std(each)) / middle
        x, y = np.median(places, axis=0)
        return self._told(middle, (float(x), float(y)), changes)

    def _told(self, mm_per_px: float, at: tuple[float, float], changes: float) -> Scale | None:
        assert self.lens is not None
        aside = hypot(at[0] - self.sure_at[0], at[1] - self.sure_at[1]) / self.lens.focal_px
        here, there = self.lens.bent(np.array([at, self.sure_at]))
        share = sqrt(
            self.relative_uncertainty**2
            + changes**2
            + (tan(self.tilt_rad) * aside) ** 2
            + (1 / cos(self.tilt_rad) - 1) ** 2
            + float(here - there) ** 2
            + (_90 * self._fitted(at)) ** 2
        )
        if not (0 < mm_per_px < float("inf")) or not share < 1:
            return None
        return Scale(mm_per_px, share, self.source)

    def _fitted(self, at: tuple[float, float]) -> float:
        """Standard deviation of the scale's logarithm at a place from the fit of `to_mm`."""
        if self.covariance is None or self.to_mm is None or self.lens is None:
            return 0.0
        x, y = at
        around = self.lens.undistorted(np.array([[x - 1, y], [x + 1, y], [x, y - 1], [x, y + 1]]))

        def log_scale(numbers: NDArray[np.float64]) -> float:
            left, right, above, below = _mapped(np.append(numbers, 1.0).reshape(3, 3), around)
            return float(np.log(abs(np.linalg.det(np.stack([right - left, below - above])))) / 2)

        numbers = (self.to_mm / self.to_mm[2, 2]).ravel()[:8]
        steps = 0.01 * np.sqrt(np.diag(self.covariance))
        slope = np.array(
            [
                (log_scale(numbers + move) - log_scale(numbers - move)) / (2 * step)
                for move, step in zip(np.diag(steps), steps, strict=True)
            ]
        )
        return sqrt(max(float(slope @ self.covariance @ slope), 0.0))


def _mapped(homography: NDArray[np.float64], places: Places) -> Places:
    full = np.column_stack([places, np.ones(len(places))]) @ homography.T
    return np.asarray(full[:, :2] / full[:, 2:])


def _places(measure: CrackMeasure) -> tuple[Places, Places]:
    """Places along a crack, (n, 2), and the unit vectors across, (n, 2)."""
    parts = [np.empty((0, 4))]
    total = sum(len(branch.line) for branch in measure.branches)
    step = max(total // MOST_PLACES, 1)
    for branch in measure.branches:
        line = branch.line[:, :2].astype(np.float64)
        if len(line) < 2:
            continue
        way = np.gradient(line, axis=0)
        way /= np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)[:, None]
        parts.append(np.column_stack([line, -way[:, 1], way[:, 0]])[::step])
    rows = np.concatenate(parts)
    return rows[:, :2], rows[:, 2:]
