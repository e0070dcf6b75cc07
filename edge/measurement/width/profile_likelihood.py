"""The likelihood of each blur and width given brightness profiles and the texture of the wall."""

from dataclasses import dataclass

import numpy as np

from crackscan.edge.measurement.width.fast_quantile import compute_quantile
from crackscan.edge.measurement.width.parameters import WIDTH
from crackscan.edge.measurement.width.profiles import OFFSETS
from crackscan.edge.measurement.width.rectangle_model import (
    WIDTHS,
    ShapeFamily,
    build_rectangles,
    build_steps,
    remove_trend,
)
from crackscan.edge.measurement.width.values import BoolArray, FloatArray


@dataclass(frozen=True)
class ProfileEvidence:
    """What (n,) profiles of one level say about (b) blurs and (w) widths."""

    log_likelihood: FloatArray
    """(n, b, w), 0 for the best."""
    depth: FloatArray
    """(n, b, w) contrast of the rectangle relative to the brightness of the wall beside it."""
    contrast: FloatArray
    """(n,) contrast of the line in standard deviations of the noise."""
    edge: FloatArray
    """(n,) residual of the best step over that of the best rectangle: below 1 it is an edge and
    not a line. Infinite if both sides are alike, because those of an edge are not."""


def compute_whitener(wall: FloatArray, contrast: float) -> FloatArray:
    """Compute the matrix (m, m) that whitens the texture of the wall, as profiles see it.

    The covariance is assumed to be stationary; the calmer three quarters of the profiles determine
    it, because the rest may cross something else.

    Args:
        wall: profiles (n, m) beside the crack, averaged in the same way as its own.
        contrast: contrast of the crack, which the model error is a share of.
    """
    residual = remove_trend(wall)
    energy = np.einsum("nm,nm->n", residual, residual)
    calm = residual[energy <= compute_quantile(energy, 0.75)]
    size = residual.shape[1]
    raw = (calm.T @ calm) / len(calm)
    lag = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    stationary = np.bincount(lag.ravel(), raw.ravel()) / np.bincount(lag.ravel())
    stationary *= WIDTH.loud_ratio
    floor = 0.05 * stationary[0] + (WIDTH.model_error * contrast) ** 2 + 1e-7
    values, vectors = np.linalg.eigh(stationary[lag] + floor * np.eye(size))
    values = np.maximum(values, floor)
    return np.asarray((vectors / np.sqrt(values)) @ vectors.T, np.float32)


def compare_profiles(
    rows: FloatArray, blurs_px: tuple[float, ...], level: int, whitener: FloatArray
) -> ProfileEvidence:
    """Compare profiles (n, m) with the rectangles of all widths under each blur.

    For each shape, the amplitude is the least squares solution after whitening; the noise level is
    half of that expected and half of that of the best fit.
    """
    family = build_rectangles(blurs_px, level)
    projection = _project_trend(whitener)
    whitened = rows @ projection
    shape, norm = _whiten_shapes(family, projection)
    energy = np.einsum("nm,nm->n", whitened, whitened)
    amplitude = np.maximum(whitened @ shape.T, 0)
    residual = np.maximum(energy[:, None] - amplitude * amplitude, 1e-12)
    least = residual.min(axis=1)
    noise = 0.5 + 0.5 * least / (rows.shape[1] - 5)
    contrast = amplitude / norm
    wall = np.maximum(rows.mean(axis=1)[:, None] - contrast * family.mean, 1e-3)
    log_likelihood = (least[:, None] - residual) / (2 * noise)[:, None]
    steps, _ = _whiten_shapes(build_steps(), projection)
    step_residual = energy - ((whitened @ steps.T) ** 2).max(axis=1)
    size = (len(rows), len(blurs_px), len(WIDTHS))
    return ProfileEvidence(
        log_likelihood=log_likelihood.reshape(size),
        depth=(contrast / wall).reshape(size),
        contrast=np.sqrt((energy - least) / noise),
        edge=np.where(_are_lopsided(rows), step_residual / least, np.inf).astype(np.float32),
    )


def _are_lopsided(rows: FloatArray) -> BoolArray:
    """Whether the ends of profiles (n, m) differ by a good part of their range, as at an edge."""
    left, right = rows[:, :8].mean(axis=1), rows[:, -8:].mean(axis=1)
    return np.asarray(np.abs(left - right) > 0.4 * (rows.max(axis=1) - rows.min(axis=1)))


def _project_trend(whitener: FloatArray) -> FloatArray:
    """Combine the whitening (m, m) with the removal of mean and slope, which it transforms."""
    trend = np.stack([np.ones_like(OFFSETS), OFFSETS]) @ whitener
    basis = np.linalg.qr(trend.T)[0].T
    return np.asarray(whitener - (whitener @ basis.T) @ basis, np.float32)


def _whiten_shapes(family: ShapeFamily, projection: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the whitened shapes scaled to norm 1, and their norms for depth 1."""
    shape = (family.shape * family.norm[:, None]) @ projection
    norm = np.sqrt(np.maximum(np.einsum("km,km->k", shape, shape), 1e-12)).astype(np.float32)
    return np.asarray(shape / norm[:, None], np.float32), norm
