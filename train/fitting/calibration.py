"""Probabilities that mean something, and thresholds chosen for a purpose, on development data."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar

from crackscan.core.model_card import OperatingPoint
from crackscan.core.pooling import logit_to_probability

Values = npt.NDArray[np.float32]
Labels = npt.NDArray[np.bool_]

MARGIN = 0.5
"""How far outside all logits a threshold is put that lies between none of them."""


def fit_temperature(logits: Values, labels: Labels) -> float:
    """The temperature that makes sigmoid(logit / T) most likely (Guo et al. 2017), in 0.05..20.

    1 if all labels are equal, because the likeliest temperature would be the smallest.
    """
    if labels.all() or not labels.any():
        return 1.0

    def unlikeliness(log_temperature: float) -> float:
        scaled = logits.astype(np.float64) / np.exp(log_temperature)
        return float(np.mean(np.logaddexp(0, scaled) - scaled * labels))

    found = minimize_scalar(unlikeliness, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))


def fit_scale_and_shift(logits: Values, labels: Labels) -> tuple[float, float]:
    """Temperature T and shift b that make sigmoid((logit + b) / T) most likely (Platt 1999)."""

    def unlikeliness(values: npt.NDArray[np.float64]) -> float:
        scaled = (logits.astype(np.float64) + values[1]) / np.exp(values[0])
        return float(np.mean(np.logaddexp(0, scaled) - scaled * labels))

    found = minimize(unlikeliness, np.zeros(2), method="Nelder-Mead")
    return float(np.exp(found.x[0])), float(found.x[1])


def threshold_for(logits: Values, labels: Labels, false_alarm_rate: float) -> float:
    """A logit that at most this share of the intact ones reaches, as low as it can be.

    Where a gap lies between the intact that must be let pass and the next cracked one above, the
    threshold is put in the middle of it, since new pictures fall into gaps from both sides.
    Without any intact ones it is below all others.
    """
    if labels.all():
        return float(logits.min()) - MARGIN
    intact = np.sort(logits[~labels])[::-1]
    allowed = int(false_alarm_rate * len(intact))
    below = float(intact[min(allowed, len(intact) - 1)])
    above = logits[logits > below]
    return (below + float(above.min())) / 2 if len(above) else below + MARGIN


def best_f1_threshold(logits: Values, labels: Labels) -> float:
    """The logit at which F1 is largest, in the middle of the range where it is.

    `labels` holds at least one crack; what reaches the threshold counts as cracked.
    """
    order = np.argsort(-logits)
    ranked, hits = logits[order], np.cumsum(labels[order])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + labels.sum())
    f1[:-1][ranked[:-1] == ranked[1:]] = -1.0  # no threshold separates equal logits
    best = int(np.argmax(f1))
    after = ranked[best + 1] if best + 1 < len(ranked) else ranked[best] - 2 * MARGIN
    return float((ranked[best] + after) / 2)


def operating_point(
    patch_logit: float, cell_logit: float, temperature: float, meaning: str
) -> OperatingPoint:
    """Thresholds on logits as probabilities, four digits."""
    patch, cell = (
        round(min(max(logit_to_probability(logit, temperature), 1e-4), 1 - 1e-4), 4)
        for logit in (patch_logit, cell_logit)
    )
    return OperatingPoint(patch, cell, meaning)
