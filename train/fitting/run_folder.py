"""A run folder: what training leaves for evaluation, conversion and the next person."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from crackscan.core.cells import CELL_PX
from crackscan.core.errors import DataError
from crackscan.core.model_card import Card, DataSource, Pooling
from crackscan.core.pooling import top_k_mean
from crackscan.core.run_folder import REPRESENTATIVE
from crackscan.train.data.examples import RGB, ExampleSource, crop_patch
from crackscan.train.fitting.calibration import (
    best_f1_threshold,
    fit_temperature,
    operating_point,
    threshold_for,
)
from crackscan.train.fitting.settings import FitSettings
from crackscan.train.network.crack_network import receptive_margin_px

REPRESENTATIVE_COUNT, REPRESENTATIVE_PX = 160, 192
HIGH_RECALL_FALSE_ALARMS = 0.10


def save_representative(run: Path, training: Sequence[ExampleSource], seed: int) -> None:
    """Keep pictures of what the network was trained on, for the ranges of its int8 activations.

    uint8 (160, 192, 192, 3): drawn evenly from all sources, extremes (darkest, brightest, most
    and least contrast of four times as many) included.
    """
    rng = np.random.default_rng(seed)
    drawn: list[RGB] = []
    for number in range(4 * REPRESENTATIVE_COUNT):
        source = training[number % len(training)]
        rgb = source.example(int(rng.integers(len(source))), rng).rgb
        drawn.append(crop_patch(rgb, REPRESENTATIVE_PX, rng))
    pictures = np.stack(drawn)
    mean, contrast = pictures.mean((1, 2, 3)), pictures.std((1, 2, 3))
    extremes = {int(at) for key in (mean, -mean, contrast, -contrast) for at in np.argsort(key)[:4]}
    others = [at for at in range(len(pictures)) if at not in extremes]
    chosen = [*sorted(extremes), *others[: REPRESENTATIVE_COUNT - len(extremes)]]
    np.save(run / REPRESENTATIVE, pictures[chosen])


def patch_logits(
    network: keras.Model, validation: Sequence[ExampleSource], k: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Pooled logits and labels of all validation patches whose label is known."""
    logits: list[float] = []
    labels: list[bool] = []
    batch: list[RGB] = []

    def score() -> None:
        maps = np.asarray(network(np.stack(batch), training=False))[..., 0]
        logits.extend(top_k_mean(one, k) for one in maps)
        batch.clear()

    for source in validation:
        for index in range(len(source)):
            one = source.example(index, np.random.default_rng(index))
            if one.patch < 0:
                continue
            labels.append(one.patch > 0.5)
            batch.append(one.rgb)
            if len(batch) == 64:
                score()
    if batch:
        score()
    return np.array(logits, np.float32), np.array(labels, np.bool_)


def make_card(
    name: str,
    network: keras.Model,
    settings: FitSettings,
    validation: Sequence[ExampleSource],
    training_data: tuple[DataSource, ...],
    made_by: str,
) -> Card:
    """A card with temperature and thresholds from the validation patches.

    Raises:
        DataError: none of them shows a crack for sure.
    """
    logits, labels = patch_logits(network, validation, settings.pooled_cells)
    if not labels.any():
        raise DataError("no validation patch shows a crack, so that no threshold can be chosen")
    temperature = fit_temperature(logits, labels)
    default = best_f1_threshold(logits, labels)
    recall = min(default, threshold_for(logits, labels, HIGH_RECALL_FALSE_ALARMS))
    points = {
        "default": operating_point(
            default, default, temperature, "best F1 on the validation patches"
        ),
        "high-recall": operating_point(
            recall, recall, temperature, "at most 10 % false alarms on the validation patches"
        ),
    }
    return Card(
        name=name,
        version="1",
        backbone=settings.backbone,
        cell_px=CELL_PX,
        patch_px=settings.size_px,
        margin_px=receptive_margin_px(network),
        pooling=Pooling(settings.pooled_cells),
        temperature=round(temperature, 4),
        operating_points=points,
        scale="as the training pictures",
        training_data=training_data,
        made_by=made_by,
    )
