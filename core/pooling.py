"""Pools the cells of a crack map into one figure, as in training."""

import math

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float32]
MIN_PROBABILITY = 1e-6
"""Probabilities nearer to 0 or 1 are set to this distance, so that their logits are finite."""


def sigmoid(logits: Logits) -> Logits:
    """Logistic function, element by element, float32; no overflow at either end."""
    values: Logits = (0.5 * (1.0 + np.tanh(0.5 * logits))).astype(np.float32)
    return values


def logit_to_probability(logit: float, temperature: float) -> float:
    """One logit as a calibrated probability (Guo et al. 2017)."""
    return 0.5 * (1.0 + math.tanh(0.5 * logit / temperature))


def logit(probabilities: Logits) -> Logits:
    """Inverse of `sigmoid`, float32; clipped to MIN_PROBABILITY from 0 and 1."""
    clipped = np.clip(probabilities.astype(np.float64), MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    return np.log(clipped / (1 - clipped)).astype(np.float32)


def top_k_mean(logits: Logits, k: int) -> float:
    """Mean of the `k` largest cell logits (all of them, if there are fewer)."""
    flat = logits.ravel()
    k = min(k, flat.size)
    return float(np.partition(flat, flat.size - k)[flat.size - k :].mean())


def strongest_patch(logits: Logits, k: int, patch_cells: int) -> float:
    """Largest pooled logit among all patch-sized windows, half a patch apart.

    A photograph is judged by its most suspicious patch, so that four stray cells at four ends of
    a bridge do not add up to a crack. A map no larger than one and a half patches is pooled whole.
    """
    rows, cols = logits.shape
    if max(rows, cols) <= patch_cells * 3 // 2:
        return top_k_mean(logits, k)
    height, width = min(rows, patch_cells), min(cols, patch_cells)
    step = max(patch_cells // 2, 1)
    tops = sorted({*range(0, rows - height, step), rows - height})
    lefts = sorted({*range(0, cols - width, step), cols - width})
    return max(
        top_k_mean(logits[top : top + height, left : left + width], k)
        for top in tops
        for left in lefts
    )
