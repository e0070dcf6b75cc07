"""The plane of the wall in one frame: from points of the frame to millimetres on the wall."""

from dataclasses import dataclass
from math import cos, hypot, sqrt, tan

import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.interval import NORMAL_90
from crackscan.edge.measurement.scale.lens import Lens, Points
from crackscan.edge.measurement.scale.parameters import PARAMETERS
from crackscan.edge.measurement.scale.settings import TwoPoints, WallDistance
from crackscan.edge.measurement.values import Scale
from crackscan.edge.measurement.width import CrackMeasure


@dataclass(frozen=True)
class WallPlane:
    """The geometry of a frame; if it is unknown, `why` says what is missing."""

    to_mm: NDArray[np.float64] | None = None
    """(3, 3) homography from undistorted points of the frame to mm on the wall."""
    relative_uncertainty: float = 0.0
    """Half of the 90 % interval of the scale at `anchor`, relative to it."""
    anchor: tuple[float, float] = (0.0, 0.0)
    """x, y in the frame, px, where the scale was measured."""
    source: str = ""
    lens: Lens | None = None
    """Undoes the distortion, if it is known; never None if `to_mm` is given."""
    tilt_rad: float = 0.0
    """90 % bound of the wall's unknown tilt; 0 if `to_mm` contains the tilt."""
    covariance: NDArray[np.float64] | None = None
    """(8, 8) covariance of the homography's first eight elements, if it was fitted."""
    why: str = ""

    @property
    def known(self) -> bool:
        return self.to_mm is not None

    def project_points(self, points: Points) -> Points:
        """Project points (n, 2) of the frame onto the wall: (n, 2) mm from some origin."""
        assert self.to_mm is not None and self.lens is not None
        return _apply_homography(self.to_mm, self.lens.undistort_points(points))

    def compute_mm_per_px(self, points: Points, directions: Points) -> NDArray[np.float64]:
        """Return mm per px (n,) at points (n, 2) in directions (n, 2), which are unit vectors."""
        ends = self.project_points(points + directions / 2)
        starts = self.project_points(points - directions / 2)
        return np.asarray(np.hypot(*(ends - starts).T))

    def estimate_scale_at(self, x: float, y: float) -> Scale | None:
        """Estimate the scale at a point of the frame, averaged over directions; None if unknown."""
        if not self.known:
            return None
        axes = np.eye(2)
        point = np.array([[x, y], [x, y]], np.float64)
        ends, starts = self.project_points(point + axes / 2), self.project_points(point - axes / 2)
        mean = sqrt(abs(float(np.linalg.det(ends - starts))))
        return self._make_scale(mean, (x, y), 0.0)

    def estimate_crack_scale(self, measure: CrackMeasure) -> Scale | None:
        """Estimate the scale across a crack, by which its widths become mm.

        Tilt and distortion are included; the change of the scale along the crack is part of its
        uncertainty. None if the frame has no scale or the measure has no centre line.
        """
        if not self.known or not measure.branches:
            return None
        points, normals = _sample_crack(measure)
        if not len(points):
            return None
        mm_per_px = self.compute_mm_per_px(points, normals)
        median = float(np.median(mm_per_px))
        change = NORMAL_90 * float(np.std(mm_per_px)) / median
        x, y = np.median(points, axis=0)
        return self._make_scale(median, (float(x), float(y)), change)

    def _make_scale(
        self, mm_per_px: float, point: tuple[float, float], change: float
    ) -> Scale | None:
        assert self.lens is not None
        anchor = self.anchor
        offset = hypot(point[0] - anchor[0], point[1] - anchor[1]) / self.lens.focal_px
        at_point, at_anchor = self.lens.bound_distortion(np.array([point, anchor]))
        share = sqrt(
            self.relative_uncertainty**2
            + change**2
            + (tan(self.tilt_rad) * offset) ** 2
            + (1 / cos(self.tilt_rad) - 1) ** 2
            + float(at_point - at_anchor) ** 2
            + (NORMAL_90 * self._propagate_covariance(point)) ** 2
        )
        if not (0 < mm_per_px < float("inf")) or not share < 1:
            return None
        return Scale(mm_per_px, share, self.source)

    def _propagate_covariance(self, point: tuple[float, float]) -> float:
        """Standard deviation of the logarithm of the scale at a point, from the fit of `to_mm`."""
        if self.covariance is None or self.to_mm is None or self.lens is None:
            return 0.0
        x, y = point
        around = np.array([[x - 1, y], [x + 1, y], [x, y - 1], [x, y + 1]])
        around = self.lens.undistort_points(around)

        def log_scale(elements: NDArray[np.float64]) -> float:
            homography = np.append(elements, 1.0).reshape(3, 3)
            left, right, above, below = _apply_homography(homography, around)
            return float(np.log(abs(np.linalg.det(np.stack([right - left, below - above])))) / 2)

        elements = (self.to_mm / self.to_mm[2, 2]).ravel()[:8]
        steps = 0.01 * np.sqrt(np.diag(self.covariance))
        gradient = np.array(
            [
                (log_scale(elements + move) - log_scale(elements - move)) / (2 * step)
                for move, step in zip(np.diag(steps), steps, strict=True)
            ]
        )
        return sqrt(max(float(gradient @ self.covariance @ gradient), 0.0))


def assume_plane(distance: WallDistance, lens: Lens, source: str = "distance") -> WallPlane:
    """Assume a wall at a known distance that faces the camera to within `unknown_tilt_deg`."""
    mm_per_px = distance.metres * 1000 / lens.focal_px
    share = hypot(distance.uncertainty_m / distance.metres, lens.relative_uncertainty)
    return WallPlane(
        to_mm=np.diag([mm_per_px, mm_per_px, 1.0]),
        relative_uncertainty=share,
        anchor=(lens.cx_px, lens.cy_px),
        source=f"{source}, {lens.name}",
        lens=lens,
        tilt_rad=np.deg2rad(PARAMETERS.unknown_tilt_deg),
    )


def plane_from_points(points: TwoPoints, lens: Lens) -> WallPlane:
    """Return the plane on which two points of a frame have a known distance.

    If the lens is unknown, pass `assume_lens` for the size of the frame.
    """
    both = np.array([[points.x1, points.y1], [points.x2, points.y2]], np.float64)
    undistorted = lens.undistort_points(both)
    mm_per_px = points.mm / float(np.hypot(*(undistorted[1] - undistorted[0])))
    x, y = both.mean(axis=0)
    return WallPlane(
        to_mm=np.diag([mm_per_px, mm_per_px, 1.0]),
        relative_uncertainty=points.relative_uncertainty,
        anchor=(float(x), float(y)),
        source="two points",
        lens=lens,
        tilt_rad=np.deg2rad(PARAMETERS.unknown_tilt_deg),
    )


def _apply_homography(homography: NDArray[np.float64], points: Points) -> Points:
    projected = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return np.asarray(projected[:, :2] / projected[:, 2:])


def _sample_crack(measure: CrackMeasure) -> tuple[Points, Points]:
    """Return points (n, 2) along a crack and the unit normals (n, 2) of its centre line."""
    rows = [np.empty((0, 4))]
    total = sum(len(branch.line) for branch in measure.branches)
    step = max(total // PARAMETERS.crack_points, 1)
    for branch in measure.branches:
        line = branch.line[:, :2].astype(np.float64)
        if len(line) < 2:
            continue
        tangent = np.gradient(line, axis=0)
        tangent /= np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-9)[:, None]
        rows.append(np.column_stack([line, -tangent[:, 1], tangent[:, 0]])[::step])
    table = np.concatenate(rows)
    return table[:, :2], table[:, 2:]
