"""The values of motion estimation: registration images and motions."""

import cmath
import math
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Grey = NDArray[np.float32]
Matrix = NDArray[np.float64]

ALIGN_STEP = 3, 3
"""Every third row, and every third px of a row, is used to align pictures: neighbours are alike.
The step is odd so that the lines of tiles, which often lie an even number of px apart, do not all
fall between the px that are used."""


class LostReason(Enum):
    """Why the motion between two frames is not known."""

    CUT = "cut"
    """Both pictures are clear and do not belong together."""
    BLUR = "blur"
    """The newer picture is too blurred to be matched."""
    TOO_FAST = "too fast"
    """The wall was moving so fast that the pictures hardly overlap any more."""
    NO_TEXTURE = "no texture"
    """The picture is plain: there is nothing to match."""


@dataclass(frozen=True, eq=False)
class RegistrationImage:
    """The reduced pictures of a frame that motion is estimated on."""

    grey_rows: Bytes
    """Some rows of the grey frame, evenly spaced, at its full width."""
    coarse: Grey
    """float32 (rows, cols), band-passed: brightness and shading do not move with the wall."""
    texture: float
    """Standard deviation of `coarse`, grey levels."""
    edge_strength: tuple[float, float]
    """Mean difference of neighbouring px in x and in y, grey levels: a blur lowers it."""
    reduction: float
    """Frame px per px of `coarse`."""
    width: int
    """Width of the frame, px."""
    height: int
    """Height of the frame, px."""

    @cached_property
    def grey(self) -> Bytes:
        """The grey picture at twice the size of `coarse`, on which corners are followed."""
        rows, cols = self.coarse.shape
        size = 2 * cols, 2 * rows
        return np.asarray(cv2.resize(self.grey_rows, size, interpolation=cv2.INTER_AREA), np.uint8)

    @cached_property
    def alignment_basis(self) -> Grey:
        """The template of the alignment, float32 (5, rows, cols), at every ALIGN_STEP-th px.

        The first layer is `coarse` itself; the others are its derivatives with a shift in x and y,
        with zoom, and with turn about the middle.
        """
        rows, cols = self.coarse.shape
        down, across = ALIGN_STEP
        x = np.arange(0, cols, across, dtype=np.float32) - np.float32((cols - 1) / 2)
        y = np.arange(0, rows, down, dtype=np.float32)[:, None] - np.float32((rows - 1) / 2)
        gx, gy = (
            np.asarray(cv2.Sobel(self.coarse, cv2.CV_32F, *way, scale=1 / 8), np.float32)
            for way in ((1, 0), (0, 1))
        )
        gx, gy = gx[::down, ::across], gy[::down, ::across]
        some = self.coarse[::down, ::across]
        return np.stack([some, gx, gy, gx * x + gy * y, gy * x - gx * y])


@dataclass(frozen=True)
class Motion:
    """How the wall moved from one frame to a later one: a similarity about the frame's middle.

    The wall is turned and zoomed about the middle, then shifted. If the motion is not known, `lost`
    holds the reason and the other fields mean nothing.
    """

    dx: float = 0.0
    """Shift to the right, frame px."""
    dy: float = 0.0
    """Shift downwards, frame px."""
    scale: float = 1.0
    """Zoom; above 1 the camera came nearer to the wall."""
    turn_rad: float = 0.0
    """Turn from x to y, which is clockwise on the screen."""
    confidence: float = 0.0
    """Normalised correlation of the two pictures once aligned, 0..1."""
    lost: LostReason | None = None

    @property
    def length_px(self) -> float:
        """Length of the shift, frame px."""
        return math.hypot(self.dx, self.dy)

    @property
    def factor(self) -> complex:
        """Zoom and turn as one complex number.

        With points as complex numbers about the middle, x to the right and y downwards, the motion
        takes p to `factor * p + shift`.
        """
        return cmath.rect(self.scale, self.turn_rad)

    @property
    def shift(self) -> complex:
        """The shift as a complex number, frame px to the right and downwards."""
        return complex(self.dx, self.dy)

    @classmethod
    def from_factor(cls, factor: complex, shift: complex, confidence: float = 0.0) -> "Motion":
        """The motion that takes p to `factor * p + shift`."""
        return cls(shift.real, shift.imag, abs(factor), cmath.phase(factor), confidence)

    def followed_by(self, later: "Motion") -> "Motion":
        """The composition of this motion and a later one, in frames of one size."""
        shift = later.factor * self.shift
        turn_rad = math.remainder(self.turn_rad + later.turn_rad, math.tau)
        return Motion(
            shift.real + later.dx, shift.imag + later.dy, self.scale * later.scale, turn_rad
        )

    def inverse(self) -> "Motion":
        """The motion that undoes this one."""
        shift = self.shift / self.factor
        return Motion(-shift.real, -shift.imag, 1 / self.scale, -self.turn_rad)

    def fraction(self, share: float) -> "Motion":
        """The motion after a share of its time, at constant speed; a share above 1 extrapolates."""
        scale = self.scale**share
        turn_rad = self.turn_rad * share
        return Motion(self.dx * share, self.dy * share, scale, turn_rad, self.confidence)

    def rescaled(self, factor: float) -> "Motion":
        """The same motion in a picture that is larger by a factor."""
        dx, dy = self.dx * factor, self.dy * factor
        return Motion(dx, dy, self.scale, self.turn_rad, self.confidence, self.lost)

    def matrix(self, width: float, height: float) -> Matrix:
        """float64 (3, 3): takes homogeneous px of the older frame to px of the newer one."""
        factor = self.factor
        c, s = factor.real, factor.imag
        x, y = (width - 1) / 2, (height - 1) / 2
        return np.array(
            [
                [c, -s, x + self.dx - c * x + s * y],
                [s, c, y + self.dy - s * x - c * y],
                [0.0, 0.0, 1.0],
            ]
        )


def motion_from_matrix(
    matrix: Matrix, width: float, height: float, confidence: float = 0.0
) -> Motion:
    """The inverse of `Motion.matrix`."""
    (c, across, right), (s, down, below) = matrix[:2].tolist()
    x, y = (width - 1) / 2, (height - 1) / 2
    shift = complex(c * x + across * y + right - x, s * x + down * y + below - y)
    return Motion.from_factor(complex(c, s), shift, confidence)
