"""How far the int8 model's verdicts and ranking are from the float model's, patch by patch."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score, roc_auc_score

from crackscan.core.errors import DataError
from crackscan.core.model_card import Card
from crackscan.core.pooling import logit_to_probability, top_k_mean
from crackscan.edge.inference.model import Model


@dataclass(frozen=True)
class AgreementLimits:
    """How far an int8 file may be from the float network that it was made from."""

    max_auroc_drop: float = 0.002
    min_equal_verdicts: float = 0.995
    """Share of patches that both call cracked, or both intact."""


LIMITS = AgreementLimits()
BATCH = 32


@dataclass(frozen=True)
class Agreement:
    """Float and int8 on the same labelled patches, at the default threshold."""

    patches: int
    positives: int
    float_auroc: float
    int8_auroc: float
    float_f1: float
    int8_f1: float
    equal_verdicts: float
    """Share of patches with the same verdict."""
    largest_difference: float
    """Of patch probabilities."""

    @property
    def auroc_drop(self) -> float:
        return self.float_auroc - self.int8_auroc

    @property
    def auroc_holds(self) -> bool:
        return self.auroc_drop <= LIMITS.max_auroc_drop

    @property
    def verdicts_hold(self) -> bool:
        return self.equal_verdicts >= LIMITS.min_equal_verdicts

    def figures(self) -> dict[str, Any]:
        """As plain values, four digits."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


def compare_models(
    network: keras.Model,
    model: Model,
    patches: Iterable[tuple[npt.NDArray[np.uint8], bool]],
) -> Agreement:
    """Run both on labelled patches, each patch uint8 RGB of any size.

    Raises:
        DataError: the patches are of one class only.
    """
    card = model.card
    labels: list[bool] = []
    floats: list[float] = []
    int8s: list[float] = []
    waiting: list[npt.NDArray[np.uint8]] = []

    def run_float() -> None:
        shapes = {one.shape for one in waiting}
        for shape in shapes:
            same = [at for at, one in enumerate(waiting) if one.shape == shape]
            maps = np.asarray(network(np.stack([waiting[at] for at in same]), training=False))
            for at, cells in zip(same, maps[..., 0], strict=True):
                floats[len(floats) - len(waiting) + at] = _patch_probability(cells, card)
        waiting.clear()

    for rgb, label in patches:
        labels.append(label)
        int8s.append(model.patch_probability(rgb))
        floats.append(np.nan)
        waiting.append(_whole_cells(rgb, card.cell_px))
        if len(waiting) == BATCH:
            run_float()
    if waiting:
        run_float()
    if len(set(labels)) < 2:
        raise DataError(
            f"float and int8 cannot be compared: {len(labels)} patches, not of both classes"
        )
    truth, kept, got = np.array(labels), np.array(floats), np.array(int8s)
    return Agreement(
        patches=len(truth),
        positives=int(truth.sum()),
        float_auroc=float(roc_auc_score(truth, kept)),
        int8_auroc=float(roc_auc_score(truth, got)),
        float_f1=float(f1_score(truth, kept >= card.threshold)),
        int8_f1=float(f1_score(truth, got >= card.threshold)),
        equal_verdicts=float(np.mean((kept >= card.threshold) == (got >= card.threshold))),
        largest_difference=float(np.abs(kept - got).max()),
    )


def _patch_probability(cells: npt.NDArray[np.float32], card: Card) -> float:
    return logit_to_probability(top_k_mean(cells, card.pooling.k), card.temperature)


def _whole_cells(rgb: npt.NDArray[np.uint8], cell: int) -> npt.NDArray[np.uint8]:
    """Fill the last cells by mirroring, as the edge does."""
    bottom, right = (-side % cell for side in rgb.shape[:2])
    return np.pad(rgb, ((0, bottom), (0, right), (0, 0)), mode="reflect")
