"""A lens as geometry: from places in a frame to directions, and how well it is known."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.errors import ScaleError

Places = NDArray[np.float64]
"""float64 (n, 2): x, y, pixel centres at whole numbers."""
LONG_LENS, LONG_LENS_SHARE = 0.9, 0.35
"""Focal length, in frame widths, where the lens is not known: that of an ordinary camera."""
BENT = 0.06
"""90 % bound of the distortion (k1) of a lens that was not calibrated."""
_SAME_SHAPE = 0.01
"""So much may the ratio of a frame's sides differ from that of the calibrated one."""


@dataclass(frozen=True)
class Lens:
    """A camera and its lens for frames of one size.

    Distortion is Brown's (1971) in OpenCV's order: k1, k2, p1, p2, k3; empty where it is not known.
    """

    width_px: int
    height_px: int
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    relative_uncertainty: float
    """Of the focal length: half of the 90 % interval."""
    name: str
    """For messages and the record."""
    distortion: tuple[float, ...] = ()

    @property
    def focal_px(self) -> float:
        return (self.fx_px + self.fy_px) / 2

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(3, 3) from directions to places."""
        return np.array(
            [[self.fx_px, 0, self.cx_px], [0, self.fy_px, self.cy_px], [0, 0, 1]], np.float64
        )

    def for_size(self, width_px: int, height_px: int) -> "Lens":
        """The same lens for frames that show the same, larger or smaller.

        Raises ScaleError for frames of another shape, which show another part of the view.
        """
        if (width_px, height_px) == (self.width_px, self.height_px):
            return self
        factor = width_px / self.width_px
        if abs(height_px / self.height_px / factor - 1) > _SAME_SHAPE:
            raise ScaleError(
                f"the camera {self.name} was calibrated at {self.width_px}x{self.height_px}, the "
                f"frame has {width_px}x{height_px}, which is another shape: calibrate it so"
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

    def bent(self, places: Places) -> NDArray[np.float64]:
        """By what share the scale may be off at places (n, 2) from unknown distortion, (n,).

        Distortion k1 changes lengths by 3 k1 r² along the radius and by k1 r² across it.
        """
        if self.distortion:
            return np.zeros(len(places))
        away = (places - (self.cx_px, self.cy_px)) / self.focal_px
        return np.asarray(2 * BENT * (away**2).sum(axis=1))

    def undistorted(self, places: Places) -> Places:
        """Where places (n, 2) would lie in a picture without distortion and of the same size."""
        if not self.distortion or not len(places):
            return places
        found = cv2.undistortPoints(
            np.array(places, np.float64).reshape(-1, 1, 2),
            self.matrix,
            np.array(self.distortion),
            P=self.matrix,
        )
        return np.asarray(found, np.float64).reshape(-1, 2)


def plain_lens(
    width_px: int, height_px: int, focal_px: float, relative_uncertainty: float, name: str
) -> Lens:
    """A lens without distortion that looks through the middle of the frame."""
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


def unknown_lens(width_px: int, height_px: int) -> Lens:
    """An ordinary lens, where nothing is known of it: good for uncertainties, not for a scale."""
    focal_px = LONG_LENS * max(width_px, height_px)
    return plain_lens(width_px, height_px, focal_px, LONG_LENS_SHARE, "unknown lens")
