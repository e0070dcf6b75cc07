"""What motion is: data only."""

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

STEP = 3, 3
"""Of the rows, and of each row's px, that pictures are aligned by: neighbours are alike. Odd, so
that no line of tiles, which often lie some even number of px apart, falls between all of them."""


class Lost(Enum):
    """Why the motion between two frames is not known."""

    CUT = "cut"
    """Both pictures are clear and do not belong together."""
    BLUR = "blur"
    """The newer picture is too smeared to be matched."""
    TOO_FAST = "too fast"
    """The wall was moving so fast that the pictures hardly overlap any more."""
    NO_TEXTURE = "no texture"
    """Plain: there is nothing to match."""


@dataclass(frozen=True, eq=False)
class Small:
    """What motion needs of a frame."""

    lines: Bytes
    """Every few rows of the grey frame, at its full width."""
    coarse: Grey
    """(rows, cols), without brightness and shading, which do not move with the wall."""
    texture: float
    """Deviation of `coarse`, in grey levels."""
    edges: tuple[float, float]
    """How strongly neighbouring px differ, in x and in y: less in a smear."""
    px: float
    """Frame px to one px of `coarse`."""
    width: int
    """The frame's, px."""
    height: int

    @cached_property
    def grey(self) -> Bytes:
        """Twice as large as `coarse`, for what is looked for on it."""
        rows, cols = self.coarse.shape
        size = 2 * cols, 2 * rows
        return np.asarray(cv2.resize(self.lines, size, interpolation=cv2.INTER_AREA), np.uint8)

    @cached_property
    def aligned(self) -> Grey:
        """What another picture is laid over: of some px of `coarse`, see STEP, the px itself and
        how it changes with a shift in x and y, with zoom and with turn about the middle:
        (5, rows, cols)."""
        rows, cols = self.coarse.shape
        down, across = STEP
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
    """Where the wall went from one frame to a later one: turned and zoomed about the frame's
    middle, then shifted. Where that is not known, `lost` says why and the rest says nothing."""

    dx: float = 0.0
    """To the right, frame px."""
    dy: float = 0.0
    """Downwards, frame px."""
    scale: float = 1.0
    """Above 1 the wall came nearer."""
    turn_rad: float = 0.0
    """From x to y: clockwise on the screen."""
    confidence: float = 0.0
    """Correlation of the two pictures once aligned, 0..1."""
    lost: Lost | None = None

    @property
    def length_px(self) -> float:
        """Length of the shift, frame px."""
        return math.hypot(self.dx, self.dy)

    @property
    def factor(self) -> complex:
        """Zoom and turn: with places as complex numbers about the middle, x to the right and y
        downwards, the motion takes p to `factor * p + shift`."""
        return cmath.rect(self.scale, self.turn_rad)

    @property
    def shift(self) -> complex:
        """Frame px, to the right and downwards."""
        return complex(self.dx, self.dy)

    @classmethod
    def of(cls, factor: complex, shift: complex, confidence: float = 0.0) -> "Motion":
        """The motion that takes p to `factor * p + shift`."""
        return cls(shift.real, shift.imag, abs(factor), cmath.phase(factor), confidence)

    def then(self, later: "Motion") -> "Motion":
        """Both, one after the other, in frames of one size."""
        shift = later.factor * self.shift
        turn_rad = math.remainder(self.turn_rad + later.turn_rad, math.tau)
        return Motion(
            shift.real + later.dx, shift.imag + later.dy, self.scale * later.scale, turn_rad
        )

    def back(self) -> "Motion":
        """The motion that undoes this one."""
        shift = self.shift / self.factor
        return Motion(-shift.real, -shift.imag, 1 / self.scale, -self.turn_rad)

    def part(self, share: float) -> "Motion":
        """What of it, at an even pace, has happened after a share of its time."""
        scale = self.scale**share
        turn_rad = self.turn_rad * share
        return Motion(self.dx * share, self.dy * share, scale, turn_rad, self.confidence)

    def zoomed(self, factor: float) -> "Motion":
        """The same in a picture that is larger by a factor."""
        dx, dy = self.dx * factor, self.dy * factor
        return Motion(dx, dy, self.scale, self.turn_rad, self.confidence, self.lost)

    def matrix(self, width: float, height: float) -> Matrix:
        """(3, 3), takes a place in the older frame, in px, to its place in the newer one."""
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


def motion_of(matrix: Matrix, width: float, height: float, confidence: float = 0.0) -> Motion:
    """The inverse of `Motion.matrix`."""
    (c, across, right), (s, down, below) = matrix[:2].tolist()
    x, y = (width - 1) / 2, (height - 1) / 2
    shift = complex(c * x + across * y + right - x, s * x + down * y + below - y)
    return Motion.of(complex(c, s), shift, confidence)
