"""From profiles to widths: a posterior for each, sharing what the whole crack shares."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.measurement.width.edge_model import WIDTHS, Family, boxes, flatten, steps
from crackscan.edge.measurement.width.fast_quantile import quantile
from crackscan.edge.measurement.width.light import Tone
from crackscan.edge.measurement.width.profile import OFFSETS
from crackscan.edge.measurement.width.values import BoolArray, FloatArray

BLURS_PX = tuple(np.geomspace(0.35, 6.0, 15).tolist())
"""Blurs tried at first, px: lens, sensor and processing as one Gaussian's standard deviation."""
LOUD = 1.4
"""Variance of all profiles of a wall over that of the calmer three quarters."""
APART_PX = 8
"""Profiles so far apart along a crack count as independent."""
FLOOR = 0.03
"""The model itself is wrong by about this share of the depth: no profile is believed more."""
SPREAD = 0.12
"""The blur differs by at least so much along a crack (a deviation of its logarithm)."""
FINER = 4
PIXEL_BLUR_PX = 0.5
"""What the pixel's own area and interpolation add to the blur."""
TONE = 0.15
"""90 % uncertainty of a width from not knowing the camera's tone curve, in blur deviations."""


@dataclass(frozen=True)
class Evidence:
    """What (n,) profiles of one level say about each of (b) blurs and (w) widths."""

    fit: FloatArray
    """(n, b, w) log-likelihood, 0 for the best."""
    depth: FloatArray
    """(n, b, w) how dark the box is, relative to the wall beside it, in linear light."""
    contrast: FloatArray
    """(n,) by how many deviations of the noise the line stands out."""
    edge: FloatArray
    """(n,) residual of a plain step over that of a line: below 1 it is an edge, not a line.

    Infinite where both sides are alike, which no edge's are.
    """


def whitener(wall: FloatArray, drop: float) -> FloatArray:
    """(m, m) matrix that makes the wall's texture, as profiles see it, white and of variance 1.

    `wall` are profiles (n, m) beside the crack, averaged like its own; the loudest quarter is left
    out, it may cross something else. `drop` is the crack's depth, for the share the model is wrong.
    """
    flat = flatten(wall)
    energy = np.einsum("nm,nm->n", flat, flat)
    calm = flat[energy <= quantile(energy, 0.75)]
    size = flat.shape[1]
    raw = (calm.T @ calm) / len(calm)
    lag = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    even = np.bincount(lag.ravel(), raw.ravel()) / np.bincount(lag.ravel())
    even *= LOUD
    floor = 0.05 * even[0] + (FLOOR * drop) ** 2 + 1e-7
    values, vectors = np.linalg.eigh(even[lag] + floor * np.eye(size))
    values = np.maximum(values, floor)
    return np.asarray((vectors / np.sqrt(values)) @ vectors.T, np.float32)


def weigh(rows: FloatArray, blurs_px: tuple[float, ...], level: int, white: FloatArray) -> Evidence:
    """Compare profiles (n, m) in linear light with boxes of all widths under each blur."""
    family = boxes(blurs_px, level)
    free = _without_ground(white)
    flat = rows @ free
    shape, norm = _unit(family, free)
    energy = np.einsum("nm,nm->n", flat, flat)
    found = np.maximum(flat @ shape.T, 0)
    residual = np.maximum(energy[:, None] - found * found, 1e-12)
    least = residual.min(axis=1)
    noise = 0.5 + 0.5 * least / (rows.shape[1] - 5)
    drop = found / norm
    wall = np.maximum(rows.mean(axis=1)[:, None] - drop * family.mean, 1e-3)
    fit = (least[:, None] - residual) / (2 * noise)[:, None]
    stepped = energy - ((flat @ _unit(steps(), free)[0].T) ** 2).max(axis=1)
    size = (len(rows), len(blurs_px), len(WIDTHS))
    return Evidence(
        fit=fit.reshape(size),
        depth=(drop / wall).reshape(size),
        contrast=np.sqrt((energy - least) / noise),
        edge=np.where(_lopsided(rows), stepped / least, np.inf).astype(np.float32),
    )


def _lopsided(rows: FloatArray) -> BoolArray:
    """Profiles (n, m) whose ends differ by a good part of their range, as at a shadow's edge."""
    left, right = rows[:, :8].mean(axis=1), rows[:, -8:].mean(axis=1)
    return np.asarray(np.abs(left - right) > 0.4 * (rows.max(axis=1) - rows.min(axis=1)))


def _without_ground(white: FloatArray) -> FloatArray:
    """The whitening (m, m) that also takes out mean and slope, as they look after it."""
    rows = np.stack([np.ones_like(OFFSETS), OFFSETS]) @ white
    ground = np.linalg.qr(rows.T)[0].T
    return np.asarray(white - (white @ ground.T) @ ground, np.float32)


def _unit(family: Family, free: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The whitened shapes with norm 1, and their norms for depth 1."""
    shape = (family.shape * family.norm[:, None]) @ free
    norm = np.sqrt(np.maximum(np.einsum("km,km->k", shape, shape), 1e-12)).astype(np.float32)
    return np.asarray(shape / norm[:, None], np.float32), norm


def depth_prior(depth: FloatArray, tone: Tone, usual: float | None) -> FloatArray:
    """Log-probability of a crack's darkness.

    A crack lies in its own shadow, mostly as dark as `tone` knows cracks to be; a fifth is left for
    filled and shallow ones, nothing for darker than black. Where wide places have shown the `usual`
    darkness of this very crack, its narrow places are believed to be like it.
    """
    if usual is None:
        chance = 0.8 * np.exp(-0.5 * ((depth - tone.depth) / tone.spread) ** 2) + 0.06
    else:
        chance = 0.9 * np.exp(-0.5 * ((depth - usual) / (0.1 * usual)) ** 2) + 0.04
    logs = np.log(chance) - 60 * np.maximum(depth - 1, 0) - 10 * np.maximum(0.25 - depth, 0)
    return np.asarray(logs, np.float32)


def blur_prior() -> NDArray[np.float64]:
    """Log-probability (blurs,): cameras blur by about 1.1 px, two thirds of them by 0.7 to 1.8."""
    return np.asarray(-0.5 * ((np.log(BLURS_PX) - np.log(1.1)) / 0.5) ** 2)


def shared_blur(evidence: list[Evidence], tone: Tone, usual: float | None) -> tuple[float, float]:
    """The blur all profiles share: its median in px, and the deviation of its logarithm."""
    total = blur_prior()
    for one in evidence:
        logs = one.fit + depth_prior(one.depth, tone, usual)
        peak = logs.max(axis=(1, 2), keepdims=True)
        each = np.log(np.exp(logs - peak).sum(axis=2) + 1e-12)
        each = np.maximum(each, each.max(axis=1, keepdims=True) - 6)
        total = total + each.sum(axis=0) / 2
    # The peak lies between the blurs tried: a parabola through the best three.
    best = int(np.clip(total.argmax(), 1, len(BLURS_PX) - 2))
    left, middle, right = total[best - 1 : best + 2]
    bend = max(2 * middle - left - right, 0.1)
    step = float(np.log(BLURS_PX[1] / BLURS_PX[0]))
    shift = float(np.clip(0.5 * (right - left) / bend, -1, 1))
    return float(BLURS_PX[best] * np.exp(shift * step)), max(step / float(np.sqrt(bend)), SPREAD)


def usual_depth(
    evidence: list[Evidence], levels: list[int], blur_px: float, tone: Tone
) -> float | None:
    """The darkness of the places wide enough to show it, None where there are too few."""
    at = int(np.abs(np.log(BLURS_PX) - np.log(blur_px)).argmin())
    enough = 4 * np.hypot(blur_px, PIXEL_BLUR_PX)
    sure: list[float] = []
    for one, level in zip(evidence, levels, strict=True):
        logs = one.fit[:, at] + depth_prior(one.depth[:, at], tone, None)
        best = logs.argmax(axis=1)
        n = np.arange(len(best))
        wide = (WIDTHS[best] * 2**level > enough) & (one.contrast > 8)
        sure += one.depth[n, at, best][wide].tolist()
    return float(np.median(sure)) if len(sure) >= 4 else None


def nodes(blur: tuple[float, float]) -> tuple[tuple[float, ...], FloatArray]:
    """Five blurs that stand for the shared posterior, and their log-weights.

    Each to 4 %, so that cracks share their boxes.
    """
    at = np.linspace(-1.6, 1.6, 5)
    logs = 0.04 * np.rint((np.log(blur[0]) + at * blur[1]) / 0.04)
    return tuple(np.exp(logs).round(6).tolist()), (-0.5 * at**2).astype(np.float32)


def widths(
    one: Evidence, weight: FloatArray, tone: Tone, usual: float | None
) -> tuple[FloatArray, FloatArray]:
    """Median and half of the 90 % interval of each profile's width, (n,) and (n,), in units."""
    logs = one.fit + depth_prior(one.depth, tone, usual) + weight[:, None]
    peak = logs.max(axis=1)
    marginal = peak + np.log(np.exp(logs - peak[:, None]).sum(axis=1))
    marginal = np.maximum(marginal - marginal.max(axis=1, keepdims=True), -40)
    fine = _finer(marginal.astype(np.float32))
    at = np.arange(fine.shape[1]) / FINER
    grid = np.interp(at, np.arange(len(WIDTHS)), WIDTHS)
    chance = np.exp(fine) * (np.gradient(grid) / grid).astype(np.float32)
    total = np.cumsum(chance, axis=1)
    total /= total[:, -1:]
    low, middle, high = (_quantile(total, grid, level) for level in (0.05, 0.5, 0.95))
    return middle.astype(np.float32), ((high - low) / 2).astype(np.float32)


def _finer(rows: FloatArray) -> FloatArray:
    """Rows (n, k) at quarter steps, (n, 4 k - 3), by cubic interpolation."""
    count = FINER * (rows.shape[1] - 1) + 1
    x = np.broadcast_to(np.arange(count, dtype=np.float32) / FINER, (min(len(rows), 16384), count))
    out = np.empty((len(rows), count), np.float32)
    for start in range(0, len(rows), 16384):
        part = rows[start : start + 16384]
        y = np.broadcast_to(np.arange(len(part), dtype=np.float32)[:, None], (len(part), count))
        places = np.ascontiguousarray(x[: len(part)]), np.ascontiguousarray(y)
        out[start : start + 16384] = cv2.remap(
            part, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
    return out


def _quantile(total: FloatArray, grid: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    right = np.minimum((total < level).sum(axis=1), len(grid) - 1)
    left = np.maximum(right - 1, 0)
    n = np.arange(len(total))
    low, high = total[n, left], total[n, right]
    share = np.clip((level - low) / np.maximum(high - low, 1e-9), 0, 1)
    return np.asarray(grid[left] + share * (grid[right] - grid[left]))


def depths(one: Evidence, width: FloatArray) -> FloatArray:
    """The darkness (n,) that goes with a width (n,), at the middle one of the blurs."""
    at = np.abs(WIDTHS - width[:, None]).argmin(axis=1)
    return np.asarray(one.depth[np.arange(len(width)), one.depth.shape[1] // 2, at])
