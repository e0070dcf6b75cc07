"""A lens as geometry: directions of the points in a frame, and their uncertainty."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.errors import ScaleError
from crackscan.edge.measurement.scale.parameters import PARAMETERS

Points = NDArray[np.float64]
"""float64 (n, 2): x, y; pixel centres are at whole numbers."""


@dataclass(frozen=True)
class Lens:
    """The pinhole model of a camera with distortion, for frames of one size.

    The distortion is that of Brown (1971) in the order of OpenCV: k1, k2, p1, p2, k3; it is empty
    if unknown.
    """

    width_px: int
    height_px: int
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    relative_uncertainty: float
    """Half of the 90 % interval of the focal length, relative to it."""
    name: str
    """Name of the camera for messages and the record."""
    distortion: tuple[float, ...] = ()

    @property
    def focal_px(self) -> float:
        return (self.fx_px + self.fy_px) / 2

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The camera matrix (3, 3), from directions to points of the frame."""
        return np.array(
            [[self.fx_px, 0, self.cx_px], [0, self.fy_px, self.cy_px], [0, 0, 1]], np.float64
        )

    def resize_to(self, width_px: int, height_px: int) -> "Lens":
        """Return the lens for frames that show the same view at another size.

        Raises ScaleError if the frames have another shape, because they show another view.
        """
        if (width_px, height_px) == (self.width_px, self.height_px):
            return self
        factor = width_px / self.width_px
        if abs(height_px / self.height_px / factor - 1) > PARAMETERS.same_shape_share:
            raise ScaleError(
                f"the camera {self.name} was calibrated at {self.width_px}x{self.height_px}, the "
                f"frame has another shape, {width_px}x{height_px}: calibrate with this shape"
            )
        return Lens(
            width_px,
            height_px,
            self.fx_px * factor,
            self.fy_px * factor,
            (self.cx_px + 0.5) * factor - 0.5,
            (self.cy_px + 0.5) * factor - 0.5,
            self.relative_uncertainty,
            self.name,
            self.distortion,
        )

    def bound_distortion(self, points: Points) -> NDArray[np.float64]:
        """Bound the relative error (n,) of the scale at points (n, 2) from unknown distortion.

        Distortion k1 changes lengths by 3 k1 r² along the radius and by k1 r² across it.
        """
        if self.distortion:
            return np.zeros(len(points))
        radius = (points - (self.cx_px, self.cy_px)) / self.focal_px
        return np.asarray(2 * PARAMETERS.unknown_distortion * (radius**2).sum(axis=1))

    def undistort_points(self, points: Points) -> Points:
        """Return where points (n, 2) would be in a frame of the same size without distortion."""
        if not self.distortion or not len(points):
            return points
        undistorted = cv2.undistortPoints(
            np.array(points, np.float64).reshape(-1, 1, 2),
            self.matrix,
            np.array(self.distortion),
            P=self.matrix,
        )
        return np.asarray(undistorted, np.float64).reshape(-1, 2)


def build_pinhole_lens(
    width_px: int, height_px: int, focal_px: float, relative_uncertainty: float, name: str
) -> Lens:
    """Build a lens without distortion whose principal point is the centre of the frame."""
    return Lens(
        width_px,
        height_px,
        focal_px,
        focal_px,
        (width_px - 1) / 2,
        (height_px - 1) / 2,
        relative_uncertainty,
        name,
    )


def assume_lens(width_px: int, height_px: int) -> Lens:
    """Build an ordinary lens for an unknown camera; it serves uncertainties, not a scale."""
    focal_px = PARAMETERS.assumed_focal * max(width_px, height_px)
    share = PARAMETERS.assumed_focal_share
    return build_pinhole_lens(width_px, height_px, focal_px, share, "unknown lens")
