"""Probabilities that mean something, and thresholds chosen for a purpose, on development data."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from crackscan.card import OperatingPoint
from crackscan.pooling import sigmoid

Values = npt.NDArray[np.float32]
Labels = npt.NDArray[np.bool_]


def fit_temperature(logits: Values, labels: Labels) -> float:
    """The temperature that makes sigmoid(logit / T) most likely (Guo et al. 2017), in 0.05..20."""

    def unlikeliness(log_temperature: float) -> float:
        scaled = logits.astype(np.float64) / np.exp(log_temperature)
        return float(np.mean(np.logaddexp(0, scaled) - scaled * labels))

    found = minimize_scalar(unlikeliness, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))


def threshold_for(logits: Values, labels: Labels, false_alarm_rate: float) -> float:
    """The logit that at most this share of the intact ones exceeds; the highest one that is as good.

    Where a gap lies between the intact that must be let pass and the next cracked one above, the
    threshold is put in the middle of it, since new pictures fall into gaps from both sides.
    """
    intact = np.sort(logits[~labels])[::-1]
    allowed = int(false_alarm_rate * len(intact))
    below = float(intact[min(allowed, len(intact) - 1)])
    above = logits[logits > below]
    return (below + float(above.min())) / 2 if len(above) else below


def best_f1_threshold(logits: Values, labels: Labels) -> float:
    """The logit at which F1 is largest, in the middle of the range where it is."""
    order = np.argsort(-logits)
    ranked, hits = logits[order], np.cumsum(labels[order])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + labels.sum())
    best = int(np.argmax(f1))
    after = ranked[best + 1] if best + 1 < len(ranked) else ranked[best] - 1.0
    return float((ranked[best] + after) / 2)


def operating_point(
    patch_logit: float, cell_logit: float, temperature: float, meaning: str
) -> OperatingPoint:
    """Thresholds on logits as probabilities, four digits."""
    patch, cell = (
        round(float(np.clip(sigmoid(np.float32(logit / temperature)), 1e-4, 1 - 1e-4)), 4)
        for logit in (patch_logit, cell_logit)
    )
    return OperatingPoint(patch, cell, meaning)
