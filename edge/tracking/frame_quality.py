"""Whether a frame shows the wall clearly, and if not, why: what the screen tells the inspector."""

import math
from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pictures import RGB
from crackscan.edge.tracking.motion import Motion

Bytes = NDArray[np.uint8]
Windows = NDArray[np.float32]
"""(windows, height, width)"""
Tensor = tuple[float, float, float]
"""Mean products of gradients: x with x, x with y, y with y."""
Flat = NDArray[np.float32]

_WINDOW = (48, 64)
"""Height and width of the windows that a frame is judged by: a quarter of 640x480 in all."""
_GRID = 5
_TILES = (2, 3)
"""Of each window."""
_SEAM = 2
"""Rows and columns at a window's border that smoothing and gradients mix with its neighbour's."""
_SMOOTH = (0.8, 0.6, 0.6, 0.6)
"""Gaussian before each scale's gradients, in its px."""
_BROAD = 0.72
"""Brings the ratio at 2 px to the same values as at 1 px, for sharp pictures."""
_MIX = 0.05
"""Share of the whole gradient energy that stands in for a direction without any of its own."""
_DARK, _BRIGHT = 35, 250
_NOISE_PX = 15
_LAPLACIANS = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""The difference of two Laplacians, which only noise is left of (Immerkær 1996)."""
_SOFT, _CLEAR = 1.3, 3.0
"""Fineness of a picture blurred by 5 px, and what 98 of 100 sharp ones reach."""
_DEFOCUSED = 2.3
"""Fineness in every direction below which a picture is soft without another to compare with."""
_SMEARED, _SMEARED_ALONG, _SMEARED_COMPARED = 0.4, 0.72, 0.85
"""Least by greatest fineness: smeared for sure; smeared if along the wall's motion; and the same
where the wall was seen clearer."""
_LEAST_TEXTURE = 0.3
"""Grey levels a px, in most of the picture: below it is plain, and sharpness cannot be told."""
_SURE_TEXTURE = 0.8
"""The same, for calling a picture out of focus without another to compare with."""
_LESS = 0.6
"""Share of the reference's fineness below which the same wall has become less clear."""
_MORE_UNEVEN = 0.8
_MOVING_PX = 4.0


class Verdict(Enum):
    """The values are what the screen says."""

    SHARP = "sharp"
    PLAIN = "plain"
    """A smooth wall, or a blur over everything: one picture cannot tell; taken for a wall."""
    TOO_FAST = "too fast"
    OUT_OF_FOCUS = "out of focus"
    TOO_DARK = "too dark"
    TOO_BRIGHT = "too bright"
    COVERED = "covered"


@dataclass(frozen=True)
class Detail:
    """How much fine structure a frame has, measured."""

    fineness: float
    """Gradient energy at one scale by that at four times the scale, where that is least."""
    evenness: float
    """That, by the same in the direction across: near 1 all directions are alike."""
    least_rad: float
    """The direction of least fineness, from x to y, 0..pi: along it the picture may be smeared."""
    texture: float
    """Gradient at 4 px, grey levels a px, in the middle one of the picture's tiles."""
    strongest: float
    """The same over the whole picture; well above `texture` where a few things stand out."""
    noise: float
    """Deviation of the sensor's noise, grey levels."""
    mean: float
    """Brightness, 0..255."""
    dark: float
    """95 of 100 pixels are darker than this."""
    bright_share: float
    """Share of pixels that are white out of range."""


@dataclass(frozen=True)
class Clarity:
    """How clearly a frame shows the wall."""

    verdict: Verdict
    weight: float
    """0..1: how much the frame's crack map is to be believed."""
    detail: Detail
    smear_rad: float | None = None
    """Direction of the motion blur, where there is one."""

    @property
    def usable(self) -> bool:
        """Whether the frame is worth the model's time."""
        return self.weight > 0


def measure(rgb: RGB) -> Detail:
    """Measure the fine structure of a frame, uint8 (height, width, 3), at its full resolution.

    The structure tensor (Förstner & Gülch 1987) is taken at one scale and at one four times as
    coarse; the extreme values over all directions of the ratio of their energies are generalised
    eigenvalues of the two. Walls differ in texture and in its main direction; this ratio hardly
    does, and each blur lowers it: defocus in all directions, motion in its own. It is taken at 1 px
    (against 4 px), less what noise adds to it, and at 2 px (against 8 px), where noise matters
    less and long smears show; the lower one counts.
    """
    grey = _windows(rgb)
    windows = grey.astype(np.float32)
    noise = _noise(grey[::2])
    tensors: list[Tensor] = []
    level, texture = windows, 0.0
    for scale in range(4):
        x, y = _gradients(level, _SMOOTH[scale])
        unit = 0.25 / 4**scale  # of squares of gradients over two of the scale's px
        tensors.append(_tensor(x.ravel(), y.ravel(), unit))
        if scale == 2 and x.size:
            texture = math.sqrt(float(np.median(_tiles(x * x + y * y))) * unit)
        if scale < 3:
            level = _halved(level)
    strongest = math.sqrt(tensors[2][0] + tensors[2][2])
    # Of white noise, 5.5 % of the variance is left in each gradient at 1 px.
    xx, xy, yy = tensors[0]
    tensors[0] = xx - noise**2 * 0.055, xy, yy - noise**2 * 0.055
    fine, broad = _extremes(tensors[0], tensors[2]), _extremes(tensors[1], tensors[3])
    smear = min(fine, broad, key=lambda one: one[0] / one[1])
    levels = np.bincount(grey[:, ::4, ::4].ravel(), minlength=256)
    share = np.cumsum(levels) / levels.sum()
    return Detail(
        fineness=min(fine[0], _BROAD * broad[0]),
        evenness=smear[0] / smear[1],
        least_rad=smear[2],
        texture=texture,
        strongest=strongest,
        noise=noise,
        mean=float(np.arange(256) @ levels) / float(levels.sum()),
        dark=float(np.searchsorted(share, 0.95)),
        bright_share=1 - float(share[_BRIGHT - 1]),
    )


def judge(detail: Detail, motion: Motion | None = None, reference: Detail | None = None) -> Clarity:
    """Say whether a frame is clear, from what was measured.

    Args:
        motion: since the frame before; a smear along it is motion blur. None if not known.
        reference: the sharpest of the last frames that showed about the same place. Against it a
            plain picture can be told from a blurred or covered one, and a coarse wall, whose
            fineness is low by itself, from an unsharp picture.
    """
    if detail.dark < _DARK:
        return Clarity(Verdict.TOO_DARK, 0.0, detail)
    if detail.bright_share > 0.5:
        return Clarity(Verdict.TOO_BRIGHT, 0.0, detail)
    if reference is not None and _is_covered(detail, reference, motion):
        return Clarity(Verdict.COVERED, 0.0, detail)
    compared = reference is not None and reference.texture >= _LEAST_TEXTURE
    if detail.texture < _LEAST_TEXTURE and not compared:
        return Clarity(Verdict.PLAIN, 1.0, detail)
    ideal, least = _CLEAR, _CLEAR
    if compared and reference is not None:
        ideal = max(min(reference.fineness, 2 * _CLEAR), _DEFOCUSED)
        least = _LESS * reference.fineness
    weight = min(max((detail.fineness - _SOFT) / (ideal - _SOFT) / 0.7, 0.05), 1.0)
    less = detail.fineness < least
    if less and _is_smeared(detail, motion, reference if compared else None):
        return Clarity(Verdict.TOO_FAST, weight, detail, detail.least_rad)
    soft = detail.fineness < _DEFOCUSED and detail.texture >= _SURE_TEXTURE
    if less and (compared or soft):
        return Clarity(Verdict.OUT_OF_FOCUS, weight, detail)
    return Clarity(Verdict.SHARP, weight, detail)


def _is_smeared(detail: Detail, motion: Motion | None, reference: Detail | None) -> bool:
    if detail.evenness < _SMEARED and (
        reference is None or detail.evenness < _MORE_UNEVEN * reference.evenness
    ):
        return True
    if motion is None or motion.lost is not None or motion.length_px < _MOVING_PX:
        return False
    along = abs(math.cos(math.atan2(motion.dy, motion.dx) - detail.least_rad))
    uneven = _SMEARED_ALONG if reference is None else _SMEARED_COMPARED
    return detail.evenness < uneven and along > math.cos(math.radians(25))


def _is_covered(detail: Detail, reference: Detail, motion: Motion | None) -> bool:
    """The wall is gone, and the light with it; a plain piece of wall has its neighbour's light."""
    followed = motion is not None and motion.lost is None
    gone = detail.strongest < 0.3 * reference.strongest
    lit = abs(math.log((detail.mean + 1) / (reference.mean + 1))) < 0.3
    return not followed and gone and not lit


def _windows(rgb: RGB) -> Bytes:
    """A grid of windows of the frame, grey, (windows, height, width)."""
    sides = [
        max(min(side, whole // _GRID) // 8 * 8, 8)
        for side, whole in zip(_WINDOW, rgb.shape[:2], strict=True)
    ]
    tops, lefts = (
        [round((whole - side) * k / (_GRID - 1)) for k in range(_GRID)]
        for side, whole in zip(sides, rgb.shape[:2], strict=True)
    )
    h, w = sides
    cut = [rgb[top : top + h, left : left + w] for top in tops for left in lefts]
    grey = cv2.cvtColor(np.concatenate(cut), cv2.COLOR_RGB2GRAY)
    return np.asarray(grey, np.uint8).reshape(len(cut), h, w)


def _gradients(windows: Windows, smooth: float) -> tuple[Windows, Windows]:
    """Twice the gradients of smoothed windows, in x and y; the windows' borders are left out.

    The windows lie below each other as one picture, so that each step is one call.
    """
    count, rows, cols = windows.shape
    size = (5, 5) if smooth == _SMOOTH[0] else (3, 3)
    flat = cv2.GaussianBlur(windows.reshape(count * rows, cols), size, smooth)
    seen = flat.reshape(count, rows, cols)
    edge = max(min(_SEAM + (size == (5, 5)), (rows - 3) // 2), 1)  # its smoothing reaches further
    down, across = slice(edge, rows - edge), slice(edge, cols - edge)
    x = seen[:, down, edge + 1 : cols - edge + 1] - seen[:, down, edge - 1 : cols - edge - 1]
    y = seen[:, edge + 1 : rows - edge + 1, across] - seen[:, edge - 1 : rows - edge - 1, across]
    return x, y


def _halved(windows: Windows) -> Windows:
    """The windows at half the size; their sides are even."""
    count, rows, cols = windows.shape
    flat = cv2.resize(
        windows.reshape(count * rows, cols),
        (cols // 2, count * rows // 2),
        interpolation=cv2.INTER_AREA,
    )
    return np.asarray(flat, np.float32).reshape(count, rows // 2, cols // 2)


def _tiles(energy: Windows) -> Windows:
    """Means over the tiles of each window."""
    count, rows, cols = energy.shape
    h, w = max(rows // _TILES[0], 1), max(cols // _TILES[1], 1)
    part = energy[:, : rows // h * h, : cols // w * w]
    tiles: Windows = part.reshape(count, rows // h, h, cols // w, w).mean(axis=(2, 4))
    return tiles


def _noise(windows: Bytes) -> float:
    """Immerkær 1996, in the smoothest tenth of the picture, where texture does not pass for it."""
    count, rows, cols = windows.shape
    flat = windows.reshape(count * rows, cols)
    second = np.asarray(cv2.filter2D(flat, cv2.CV_16S, _LAPLACIANS), np.int16)
    down, right = max((rows - 2) // _NOISE_PX, 1), max((cols - 2) // _NOISE_PX, 1)
    h, w = min(_NOISE_PX, rows - 2), min(_NOISE_PX, cols - 2)
    inner = second.reshape(count, rows, cols)[:, 1 : 1 + down * h, 1 : 1 + right * w]
    energy = np.square(inner, dtype=np.float32).reshape(count * down * h, right * w)
    tiles = cv2.resize(energy, (right, count * down), interpolation=cv2.INTER_AREA)
    return math.sqrt(float(np.quantile(tiles, 0.1)) / 36)


def _tensor(x: Flat, y: Flat, unit: float) -> Tensor:
    share = unit / max(x.size, 1)
    return float(x @ x) * share, float(x @ y) * share, float(y @ y) * share


def _extremes(fine: Tensor, coarse: Tensor) -> tuple[float, float, float]:
    """Least and greatest ratio of the two energies over all directions, and where it is least."""
    (a, b, c), (d, e, f) = _mixed(fine), _mixed(coarse)
    # The roots of det(fine - ratio * coarse).
    square, line, rest = d * f - e * e, a * f + c * d - 2 * b * e, a * c - b * b
    root = math.sqrt(max(line * line - 4 * square * rest, 0.0))
    low, high = (line - root) / (2 * square), (line + root) / (2 * square)
    xx, xy, yy = a - low * d, b - low * e, c - low * f
    x, y = (-xy, xx) if abs(xx) > abs(yy) else (yy, -xy)
    return max(low, 1e-3), max(high, 1e-3), math.atan2(y, x) % math.pi


def _mixed(tensor: Tensor) -> Tensor:
    xx, xy, yy = tensor
    more = max(_MIX * (xx + yy), 1e-6)
    return xx + more, xy, yy + more
