"""The posterior distribution of the widths, with blur and depth that all of a crack shares.

p(width, blur, depth | profile) is proportional to the likelihood of the profile times the priors of
blur and depth. The blur is estimated once from the whole crack and then integrated over.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.parameters import WIDTH
from crackscan.edge.measurement.width.profile_likelihood import ProfileEvidence
from crackscan.edge.measurement.width.rectangle_model import WIDTHS
from crackscan.edge.measurement.width.tone_curve import ToneCurve
from crackscan.edge.measurement.width.values import FloatArray

BLURS_PX = tuple(np.geomspace(0.35, 6.0, 15).tolist())
"""Candidate blurs, px: standard deviation of one Gaussian for lens, sensor and processing."""
_REMAP_ROWS = 16384


def estimate_blur(
    evidence: list[ProfileEvidence], tone: ToneCurve, usual_depth: float | None
) -> tuple[float, float]:
    """Estimate the blur that all profiles share.

    Returns its median, px, and the standard deviation of its logarithm. The evidence must be
    for `BLURS_PX`.
    """
    total = _blur_prior()
    for one in evidence:
        joint = one.log_likelihood + _depth_prior(one.depth, tone, usual_depth)
        peak = joint.max(axis=(1, 2), keepdims=True)
        marginal = np.log(np.exp(joint - peak).sum(axis=2) + 1e-12)
        marginal = np.maximum(marginal, marginal.max(axis=1, keepdims=True) - 6)
        total = total + marginal.sum(axis=0) / 2
    # The maximum lies between the candidates: a parabola through the best three.
    best = int(np.clip(total.argmax(), 1, len(BLURS_PX) - 2))
    left, middle, right = total[best - 1 : best + 2]
    curvature = max(2 * middle - left - right, 0.1)
    step = float(np.log(BLURS_PX[1] / BLURS_PX[0]))
    shift = float(np.clip(0.5 * (right - left) / curvature, -1, 1))
    deviation = max(step / float(np.sqrt(curvature)), WIDTH.least_blur_deviation)
    return float(BLURS_PX[best] * np.exp(shift * step)), deviation


def estimate_depth(
    evidence: list[ProfileEvidence], levels: list[int], blur_px: float, tone: ToneCurve
) -> float | None:
    """Estimate the depth of the crack from points wide enough to show it; None if too few are."""
    nearest = int(np.abs(np.log(BLURS_PX) - np.log(blur_px)).argmin())
    wide_px = 4 * np.hypot(blur_px, WIDTH.pixel_blur_px)
    depths: list[float] = []
    for one, level in zip(evidence, levels, strict=True):
        depth = one.depth[:, nearest]
        best = (one.log_likelihood[:, nearest] + _depth_prior(depth, tone, None)).argmax(axis=1)
        n = np.arange(len(best))
        wide = (WIDTHS[best] * 2**level > wide_px) & (one.contrast > 8)
        depths += one.depth[n, nearest, best][wide].tolist()
    return float(np.median(depths)) if len(depths) >= 4 else None


def choose_blur_nodes(blur: tuple[float, float]) -> tuple[tuple[float, ...], FloatArray]:
    """Choose five blurs that represent the posterior of the blur, with their log-weights.

    They are rounded to 4 %, so that different cracks share their rectangles.

    Args:
        blur: median, px, and deviation of the logarithm, from `estimate_blur`.
    """
    deviations = np.linspace(-1.6, 1.6, 5)
    logs = 0.04 * np.rint((np.log(blur[0]) + deviations * blur[1]) / 0.04)
    return tuple(np.exp(logs).round(6).tolist()), (-0.5 * deviations**2).astype(np.float32)


def compute_widths(
    evidence: ProfileEvidence, log_weights: FloatArray, tone: ToneCurve, usual_depth: float | None
) -> tuple[FloatArray, FloatArray]:
    """Compute the median and half of the 90 % interval of each profile's width.

    Both are (n,), in units of the level. The prior of the width is uniform in its logarithm.
    """
    joint = evidence.log_likelihood + _depth_prior(evidence.depth, tone, usual_depth)
    joint += log_weights[:, None]
    peak = joint.max(axis=1)
    marginal = peak + np.log(np.exp(joint - peak[:, None]).sum(axis=1))
    marginal = np.maximum(marginal - marginal.max(axis=1, keepdims=True), -40)
    fine = _refine_grid(marginal.astype(np.float32))
    index = np.arange(fine.shape[1]) / WIDTH.grid_refinement
    grid = np.interp(index, np.arange(len(WIDTHS)), WIDTHS)
    probability = np.exp(fine) * (np.gradient(grid) / grid).astype(np.float32)
    cumulative = np.cumsum(probability, axis=1)
    cumulative /= cumulative[:, -1:]
    low, median, high = (_find_quantile(cumulative, grid, share) for share in (0.05, 0.5, 0.95))
    return median.astype(np.float32), ((high - low) / 2).astype(np.float32)


def select_depths(evidence: ProfileEvidence, width: FloatArray) -> FloatArray:
    """Return the depth (n,) that belongs to a width (n,) under the middle one of the blurs."""
    nearest = np.abs(WIDTHS - width[:, None]).argmin(axis=1)
    middle = evidence.depth.shape[1] // 2
    return np.asarray(evidence.depth[np.arange(len(width)), middle, nearest])


def _depth_prior(depth: FloatArray, tone: ToneCurve, usual_depth: float | None) -> FloatArray:
    """Log-probability of the depth of a crack.

    A crack lies in its own shadow, usually as dark as `tone` states; a fifth is left for filled and
    shallow ones, and almost nothing for those darker than black. If wide points have shown the
    usual depth of this very crack, its narrow points are assumed to be similar.
    """
    if usual_depth is None:
        chance = 0.8 * np.exp(-0.5 * ((depth - tone.depth) / tone.depth_deviation) ** 2) + 0.06
    else:
        chance = 0.9 * np.exp(-0.5 * ((depth - usual_depth) / (0.1 * usual_depth)) ** 2) + 0.04
    logs = np.log(chance) - 60 * np.maximum(depth - 1, 0) - 10 * np.maximum(0.25 - depth, 0)
    return np.asarray(logs, np.float32)


def _blur_prior() -> NDArray[np.float64]:
    """Log-probability (b,) of the candidate blurs."""
    ratio = np.log(BLURS_PX) - np.log(WIDTH.usual_blur_px)
    return np.asarray(-0.5 * (ratio / WIDTH.blur_deviation) ** 2)


def _refine_grid(rows: FloatArray) -> FloatArray:
    """Interpolate rows (n, k) at quarter steps, (n, 4 k - 3), with a cubic."""
    factor = WIDTH.grid_refinement
    count = factor * (rows.shape[1] - 1) + 1
    height = min(len(rows), _REMAP_ROWS)
    x = np.broadcast_to(np.arange(count, dtype=np.float32) / factor, (height, count))
    out = np.empty((len(rows), count), np.float32)
    for start in range(0, len(rows), _REMAP_ROWS):
        part = rows[start : start + _REMAP_ROWS]
        y = np.broadcast_to(np.arange(len(part), dtype=np.float32)[:, None], (len(part), count))
        points = np.ascontiguousarray(x[: len(part)]), np.ascontiguousarray(y)
        out[start : start + _REMAP_ROWS] = cv2.remap(
            part, *points, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
    return out


def _find_quantile(
    cumulative: FloatArray, grid: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """Find the quantile of each row (n, k) of distribution functions on a grid (k,)."""
    right = np.minimum((cumulative < share).sum(axis=1), len(grid) - 1)
    left = np.maximum(right - 1, 0)
    n = np.arange(len(cumulative))
    low, high = cumulative[n, left], cumulative[n, right]
    position = np.clip((share - low) / np.maximum(high - low, 1e-9), 0, 1)
    return np.asarray(grid[left] + position * (grid[right] - grid[left]))
