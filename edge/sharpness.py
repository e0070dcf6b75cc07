"""Whether a frame shows the wall clearly, and if not, why: what the screen tells the inspector."""

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.motion import Motion
from crackscan.picture import RGB

Bytes = NDArray[np.uint8]

_WINDOW_PX = 640 * 480
"""Larger frames are judged by a grid of windows of this area in all."""
_GRID = 3
_TILES = (6, 8)
_SMOOTH = (0.8, 0.6, 0.6, 0.6)
"""Gaussian before each scale's gradients, in its px."""
_BROAD = 0.72
"""Brings the ratio at 2 px to the same values as at 1 px, for sharp pictures."""
_MIX = 0.05
"""Share of the whole gradient energy that stands in for a direction without any of its own."""
_DARK, _BRIGHT = 35, 250
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
    windows = [_grey(window) for window in _windows(rgb)]
    noise = float(np.mean([_noise(window) for window in windows]))
    tensors = np.zeros((4, 2, 2))
    tiles = []
    for window in windows:
        level = window
        for scale in range(4):
            smooth = cv2.GaussianBlur(level, (5, 5) if scale == 0 else (3, 3), _SMOOTH[scale])
            x = (smooth[1:-1, 2:] - smooth[1:-1, :-2]) * (0.5 / 2**scale)
            y = (smooth[2:, 1:-1] - smooth[:-2, 1:-1]) * (0.5 / 2**scale)
            tensors[scale] += _tensor(x, y) / len(windows)
            if scale == 2:
                shape = _TILES if len(windows) == 1 else (2, 3)
                tiles.append(cv2.resize(x * x + y * y, shape[::-1], interpolation=cv2.INTER_AREA))
            halved = cv2.resize(level, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            level = np.asarray(halved, np.float32)
    # Of white noise, 5.5 % of the variance is left in each gradient at 1 px.
    tensors[0] -= np.eye(2) * noise**2 * 0.055
    fine, broad = _extremes(tensors[0], tensors[2]), _extremes(tensors[1], tensors[3])
    smear = min(fine, broad, key=lambda one: one[0] / one[1])
    grey = np.concatenate([window[::4, ::4].ravel() for window in windows])
    return Detail(
        fineness=min(fine[0], _BROAD * broad[0]),
        evenness=smear[0] / smear[1],
        least_rad=smear[2],
        texture=float(np.sqrt(np.median(np.stack(tiles)))),
        strongest=float(np.sqrt(np.trace(tensors[2]))),
        noise=noise,
        mean=float(grey.mean()),
        dark=float(np.quantile(grey, 0.95)),
        bright_share=float((grey >= _BRIGHT).mean()),
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
    weight = float(np.clip((detail.fineness - _SOFT) / (ideal - _SOFT) / 0.7, 0.05, 1.0))
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
    along = abs(np.cos(np.arctan2(motion.dy, motion.dx) - detail.least_rad))
    uneven = _SMEARED_ALONG if reference is None else _SMEARED_COMPARED
    return detail.evenness < uneven and bool(along > np.cos(np.radians(25)))


def _is_covered(detail: Detail, reference: Detail, motion: Motion | None) -> bool:
    """The wall is gone, and the light with it; a plain piece of wall has its neighbour's light."""
    followed = motion is not None and motion.lost is None
    gone = detail.strongest < 0.3 * reference.strongest
    lit = abs(np.log((detail.mean + 1) / (reference.mean + 1))) < 0.3
    return not followed and gone and not lit


def _windows(rgb: RGB) -> list[RGB]:
    height, width = rgb.shape[:2]
    if height * width <= 1.2 * _WINDOW_PX:
        return [rgb]
    shrunk = float(np.sqrt(_WINDOW_PX / (height * width)))
    h, w = (int(side * shrunk / _GRID) // 4 * 4 for side in (height, width))
    tops = [round((height - h) * k / (_GRID - 1)) for k in range(_GRID)]
    lefts = [round((width - w) * k / (_GRID - 1)) for k in range(_GRID)]
    return [rgb[top : top + h, left : left + w] for top in tops for left in lefts]


def _grey(rgb: RGB) -> NDArray[np.float32]:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _noise(grey: NDArray[np.float32]) -> float:
    """Immerkær 1996, in the smoothest tenth of the picture, where texture does not pass for it."""
    across = grey[:, :-2] - 2 * grey[:, 1:-1] + grey[:, 2:]
    second = across[:-2] - 2 * across[1:-1] + across[2:]
    size = max(grey.shape[1] // 24, 1), max(grey.shape[0] // 24, 1)
    energy = cv2.resize(second * second, size, interpolation=cv2.INTER_AREA)
    return float(np.sqrt(np.quantile(energy, 0.1) / 36))


def _tensor(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float64]:
    both = float(np.vdot(x, y))
    return np.array([[float(np.vdot(x, x)), both], [both, float(np.vdot(y, y))]]) / x.size


def _extremes(fine: NDArray[np.float64], coarse: NDArray[np.float64]) -> tuple[float, float, float]:
    """Least and greatest ratio of the two energies over all directions, and where it is least."""
    top = fine + np.eye(2) * max(_MIX * np.trace(fine), 1e-6)
    bottom = coarse + np.eye(2) * max(_MIX * np.trace(coarse), 1e-6)
    root = np.linalg.inv(np.linalg.cholesky(bottom))
    values, vectors = np.linalg.eigh(root @ top @ root.T)
    x, y = root.T @ vectors[:, 0]
    low, high = max(float(values[0]), 1e-3), max(float(values[1]), 1e-3)
    return low, high, float(np.arctan2(y, x) % np.pi)
