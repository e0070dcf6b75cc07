"""The figures by which the runs of a study are compared, from the development set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from crackscan.core.pooling import top_k_mean
from crackscan.train.data.examples import RGB
from crackscan.train.data.field_annotations import Annotation
from crackscan.train.evaluate.metrics import auroc
from crackscan.train.evaluate.model_page.sets import field_set
from crackscan.train.evaluate.predict import Scorer
from crackscan.train.fitting.calibration import best_f1_threshold
from crackscan.train.fitting.development import Development

RECALL = 0.8
"""Alarms are counted at the threshold that finds this share of the cracked photograph patches."""
BATCH = 32


@dataclass(frozen=True)
class NetworkVerdict:
    """A network on photographs and renderings that it was not trained on."""

    photographs_auroc: float
    photographs_f1: float
    """At the threshold where it is best, so that networks compare and not their calibration."""
    rendered_auroc: float
    look_alike_alarms: float
    """Share of crack-free renderings, all with look-alikes, that alarm at 80 % recall."""
    field_alarms: float
    """Share of crack-free patches of field photographs that alarm at 80 % recall."""


def judge_network(scorer: Scorer, development: Development, walls: RGB) -> NetworkVerdict:
    """Score patches of photographs, renderings, and `walls`: crack-free field patches."""
    photographs = _score_patches(scorer, development.patches, development.k)
    rendered = _score_patches(scorer, development.rendered, development.k)
    labels, known = development.labels, development.rendered_known
    best = best_f1_threshold(photographs, labels)
    at = float(np.quantile(photographs[labels], 1 - RECALL))
    return NetworkVerdict(
        photographs_auroc=auroc(labels, photographs),
        photographs_f1=float(f1_score(labels, photographs >= best)),
        rendered_auroc=auroc(development.rendered_labels[known], rendered[known]),
        look_alike_alarms=float((rendered[~development.rendered_labels] >= at).mean()),
        field_alarms=float((_score_patches(scorer, walls, development.k) >= at).mean()),
    )


def crack_free_patches(folder: Path, annotations: Sequence[Annotation]) -> RGB:
    """Squares of 128 px of annotated photographs that surely show no crack, (n, 128, 128, 3)."""
    return np.stack(
        [rgb for label, rgb in field_set(folder, annotations).read() if not label.crack]
    )


def _score_patches(scorer: Scorer, pictures: RGB, k: int) -> NDArray[np.float32]:
    """Patch logits (n,) of pictures (n, side, side, 3) of one size."""
    maps = [
        one
        for start in range(0, len(pictures), BATCH)
        for one in scorer(pictures[start : start + BATCH])
    ]
    return np.array([top_k_mean(one, k) for one in maps], np.float32)
