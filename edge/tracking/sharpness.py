"""Measures how much fine structure a frame has: the basis of the judgement of its quality."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pictures import RGB

Bytes = NDArray[np.uint8]
Windows = NDArray[np.float32]
"""float32 (windows, height, width)."""
Tensor = tuple[float, float, float]
"""A structure tensor: mean products of gradients, x with x, x with y, y with y."""
Flat = NDArray[np.float32]

_LAPLACIANS = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""The difference of two Laplacians, to which only noise contributes (Immerkær 1996)."""


@dataclass(frozen=True)
class SharpnessParameters:
    """Constants of the measurement of fine structure.

    The values are hand-tuned; `tests/edge/tracking/test_frame_quality.py` checks them on the sample
    pictures, sharp and artificially blurred.
    """

    window_px: tuple[int, int] = (48, 64)
    """Height and width of the windows that are measured: a quarter of 640x480 in all."""
    window_grid: int = 5
    """Windows along each side of the frame."""
    tiles: tuple[int, int] = (2, 3)
    """Rows and columns of tiles in a window, for the median of the texture."""
    border_px: int = 2
    """Rows and columns at the border of a window, into which filters mix the next window."""
    smoothing_px: tuple[float, float, float, float] = (0.8, 0.6, 0.6, 0.6)
    """Gaussian before the gradients of each scale, px of that scale."""
    broad_factor: float = 0.72
    """Brings the ratio at 2 px to the values of the ratio at 1 px, for sharp pictures."""
    isotropic_share: float = 0.05
    """Share of the whole gradient energy that is added in every direction, so that a direction
    without energy of its own does not divide by zero."""
    bright_level: int = 250
    """Grey level from which on a pixel is overexposed."""
    noise_tile_px: int = 15
    """Side of the tiles, of which the smoothest give the noise."""


DEFAULTS = SharpnessParameters()


@dataclass(frozen=True)
class FrameDetail:
    """How much fine structure a frame has."""

    fineness: float
    """Gradient energy at one scale by that at four times the scale, in the direction in which this
    ratio is least."""
    evenness: float
    """That ratio by the ratio across: near 1 all directions are alike."""
    least_rad: float
    """The direction of least fineness, from x to y, 0..pi: motion blur would be along it."""
    texture: float
    """Gradient at 4 px, grey levels per px, in the median tile of the picture."""
    strongest: float
    """The same over the whole picture; well above `texture` if a few things stand out."""
    noise: float
    """Standard deviation of the sensor's noise, grey levels."""
    mean: float
    """Mean brightness, 0..255."""
    dark: float
    """The 95th percentile of the brightness, 0..255."""
    bright_share: float
    """Share of pixels that are overexposed."""


def measure_detail(rgb: RGB, parameters: SharpnessParameters = DEFAULTS) -> FrameDetail:
    """Measure the fine structure of a frame, uint8 (height, width, 3), at its full resolution.

    The structure tensor (Förstner & Gülch 1987) is taken at one scale and at a scale four times as
    coarse. The extreme values, over all directions, of the ratio of their energies are generalised
    eigenvalues of the two. Walls differ in texture and in its main direction; this ratio hardly
    does, and every blur lowers it: defocus in all directions, motion blur in its own. It is taken
    at 1 px (against 4 px), less what noise adds to it, and at 2 px (against 8 px), where noise
    matters less and long motion blur shows; the lower one counts.
    """
    grey = _cut_windows(rgb, parameters)
    windows = grey.astype(np.float32)
    noise = _estimate_noise(grey[::2], parameters.noise_tile_px)
    tensors: list[Tensor] = []
    level, texture = windows, 0.0
    for scale in range(4):
        x, y = _compute_gradients(level, parameters.smoothing_px[scale], parameters)
        unit = 0.25 / 4**scale  # the gradients are differences over two px of the scale
        tensors.append(_mean_tensor(x.ravel(), y.ravel(), unit))
        if scale == 2 and x.size:
            texture = math.sqrt(
                float(np.median(_tile_means(x * x + y * y, parameters.tiles))) * unit
            )
        if scale < 3:
            level = _halve_windows(level)
    strongest = math.sqrt(tensors[2][0] + tensors[2][2])
    # Of white noise, 5.5 % of the variance is left in each gradient at 1 px.
    xx, xy, yy = tensors[0]
    tensors[0] = xx - noise**2 * 0.055, xy, yy - noise**2 * 0.055
    share = parameters.isotropic_share
    fine = _extreme_ratios(tensors[0], tensors[2], share)
    broad = _extreme_ratios(tensors[1], tensors[3], share)
    least = min(fine, broad, key=lambda one: one[0] / one[1])
    levels = np.bincount(grey[:, ::4, ::4].ravel(), minlength=256)
    cumulative = np.cumsum(levels) / levels.sum()
    return FrameDetail(
        fineness=min(fine[0], parameters.broad_factor * broad[0]),
        evenness=least[0] / least[1],
        least_rad=least[2],
        texture=texture,
        strongest=strongest,
        noise=noise,
        mean=float(np.arange(256) @ levels) / float(levels.sum()),
        dark=float(np.searchsorted(cumulative, 0.95)),
        bright_share=1 - float(cumulative[parameters.bright_level - 1]),
    )


def _cut_windows(rgb: RGB, parameters: SharpnessParameters) -> Bytes:
    """A grid of windows of the frame, grey, uint8 (windows, height, width)."""
    grid = parameters.window_grid
    sides = [
        max(min(side, whole // grid) // 8 * 8, 8)
        for side, whole in zip(parameters.window_px, rgb.shape[:2], strict=True)
    ]
    tops, lefts = (
        [round((whole - side) * k / (grid - 1)) for k in range(grid)]
        for side, whole in zip(sides, rgb.shape[:2], strict=True)
    )
    h, w = sides
    cut = [rgb[top : top + h, left : left + w] for top in tops for left in lefts]
    grey = cv2.cvtColor(np.concatenate(cut), cv2.COLOR_RGB2GRAY)
    return np.asarray(grey, np.uint8).reshape(len(cut), h, w)


def _compute_gradients(
    windows: Windows, smoothing_px: float, parameters: SharpnessParameters
) -> tuple[Windows, Windows]:
    """Twice the gradients of smoothed windows, in x and y, without the borders of the windows.

    The windows lie below each other as one picture, so that each step is one call of OpenCV.
    """
    count, rows, cols = windows.shape
    size = (5, 5) if smoothing_px == parameters.smoothing_px[0] else (3, 3)
    flat = cv2.GaussianBlur(windows.reshape(count * rows, cols), size, smoothing_px)
    smooth = flat.reshape(count, rows, cols)
    border = parameters.border_px + (size == (5, 5))  # the larger filter reaches further
    edge = max(min(border, (rows - 3) // 2), 1)
    down, across = slice(edge, rows - edge), slice(edge, cols - edge)
    x = smooth[:, down, edge + 1 : cols - edge + 1] - smooth[:, down, edge - 1 : cols - edge - 1]
    y = (
        smooth[:, edge + 1 : rows - edge + 1, across]
        - smooth[:, edge - 1 : rows - edge - 1, across]
    )
    return x, y


def _halve_windows(windows: Windows) -> Windows:
    """The windows at half the size; their sides are even."""
    count, rows, cols = windows.shape
    flat = cv2.resize(
        windows.reshape(count * rows, cols),
        (cols // 2, count * rows // 2),
        interpolation=cv2.INTER_AREA,
    )
    return np.asarray(flat, np.float32).reshape(count, rows // 2, cols // 2)


def _tile_means(energy: Windows, tiles: tuple[int, int]) -> Windows:
    """Means over the tiles of each window, float32 (windows, tile rows, tile columns)."""
    count, rows, cols = energy.shape
    h, w = max(rows // tiles[0], 1), max(cols // tiles[1], 1)
    part = energy[:, : rows // h * h, : cols // w * w]
    means: Windows = part.reshape(count, rows // h, h, cols // w, w).mean(axis=(2, 4))
    return means


def _estimate_noise(windows: Bytes, tile_px: int) -> float:
    """Standard deviation of the noise (Immerkær 1996), grey levels.

    It is taken in the smoothest tenth of the picture, so that texture is not counted as noise.
    """
    count, rows, cols = windows.shape
    flat = windows.reshape(count * rows, cols)
    second = np.asarray(cv2.filter2D(flat, cv2.CV_16S, _LAPLACIANS), np.int16)
    down, right = max((rows - 2) // tile_px, 1), max((cols - 2) // tile_px, 1)
    h, w = min(tile_px, rows - 2), min(tile_px, cols - 2)
    inner = second.reshape(count, rows, cols)[:, 1 : 1 + down * h, 1 : 1 + right * w]
    energy = np.square(inner, dtype=np.float32).reshape(count * down * h, right * w)
    tiles = cv2.resize(energy, (right, count * down), interpolation=cv2.INTER_AREA)
    return math.sqrt(float(np.quantile(tiles, 0.1)) / 36)


def _mean_tensor(x: Flat, y: Flat, unit: float) -> Tensor:
    share = unit / max(x.size, 1)
    return float(x @ x) * share, float(x @ y) * share, float(y @ y) * share


def _extreme_ratios(
    fine: Tensor, coarse: Tensor, isotropic_share: float
) -> tuple[float, float, float]:
    """Least and greatest ratio of two energies over all directions, and the direction of the least,
    rad."""
    (a, b, c), (d, e, f) = (_add_isotropic(one, isotropic_share) for one in (fine, coarse))
    # The roots of det(fine - ratio * coarse).
    square, line, rest = d * f - e * e, a * f + c * d - 2 * b * e, a * c - b * b
    root = math.sqrt(max(line * line - 4 * square * rest, 0.0))
    low, high = (line - root) / (2 * square), (line + root) / (2 * square)
    xx, xy, yy = a - low * d, b - low * e, c - low * f
    x, y = (-xy, xx) if abs(xx) > abs(yy) else (yy, -xy)
    return max(low, 1e-3), max(high, 1e-3), math.atan2(y, x) % math.pi


def _add_isotropic(tensor: Tensor, share: float) -> Tensor:
    xx, xy, yy = tensor
    more = max(share * (xx + yy), 1e-6)
    return xx + more, xy, yy + more
