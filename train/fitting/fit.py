"""The training: examples in; a run folder with the best network and its history out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from crackscan.core.errors import CrackscanError
from crackscan.core.run_folder import AVERAGE, NETWORK
from crackscan.train.data.examples import ExampleSource, count_batches, draw_batches
from crackscan.train.fitting.callbacks import (
    SCORE,
    SILENT,
    History,
    Judgement,
    Patience,
    Progress,
    Row,
    Watch,
    WeightAverage,
    WholeCheckpoint,
    read_history,
)
from crackscan.train.fitting.feeding import EpochFeed
from crackscan.train.fitting.settings import LAST, FitSettings, claim_folder
from crackscan.train.network.initial import (
    UNFOLDED_BY,
    device_strategy,
    in_float32,
    initial_network,
    use_devices,
)
from crackscan.train.network.losses import KnownAccuracy, TopKMean, known_crossentropy

WARM_UP_SHARE, WARM_UP_STEPS = 1 / 20, 500
"""The learning rate rises over this share of all steps, at most over that number of steps (Goyal et
al. 2017)."""
CLIP_NORM = 1.0
"""Largest norm of all gradients together."""


@dataclass(frozen=True)
class Outcome:
    """What a training ended with."""

    epochs: int
    best: Row
    """The figures of the best epoch."""
    model: Path


def fit(
    run: Path,
    settings: FitSettings,
    training: Sequence[ExampleSource],
    validation: Sequence[ExampleSource],
    resume: bool = False,
    watch: Watch = SILENT,
    judge: Callable[[keras.Model], Row] | None = None,
) -> Outcome:
    """Train until the score has not improved for `patience` epochs, and keep the best epoch.

    The score of an epoch is minus its validation loss, or what `judge` gives as `score` for its
    network. The run folder gets `model.keras`, `history.csv`, `curves.png`, `settings.json` and
    `tensorboard/`; `last.keras` holds what `resume` needs: a run that was interrupted at any
    instant goes on after its last whole epoch and gets the batches that it would have got.

    Raises:
        CrackscanError: the folder holds another run, or nothing to resume; training or validation
            data are missing or cannot be read any more; or the loss is not finite.
    """
    if not sum(map(len, training)) or not sum(map(len, validation)):
        raise CrackscanError("there is no training data or no validation data")
    claim_folder(run, settings, resume)
    use_devices()
    keras.utils.set_random_seed(settings.seed)
    steps = count_batches(training, settings.batch)
    with device_strategy().scope():
        trainer, average = _start_training(run, settings, training, steps, resume)
        network = _network_of(trainer)
        judged = average or network
        validator = _compile_network(judged, settings, "sgd")
    rows = read_history(run, int(trainer.optimizer.iterations) // steps) if resume else []
    feed = EpochFeed(training, settings)
    patience = Patience(settings.patience, rows)
    callbacks = [
        feed,
        *([WeightAverage(average, network, settings.average)] if average else []),
        Judgement(
            validator,
            EpochFeed(validation, settings, rest=True),
            (lambda: judge(judged)) if judge else None,
        ),
        WholeCheckpoint(
            run / NETWORK,
            lambda: in_float32(judged, settings.backbone),
            max((row[SCORE] for row in rows), default=-math.inf),
        ),
        History(run, rows),
        keras.callbacks.TensorBoard(run / "tensorboard", write_graph=False),
        *([WholeCheckpoint(run / AVERAGE, lambda: average)] if average else []),
        WholeCheckpoint(run / LAST, lambda: trainer),
        patience,
        Progress(watch, steps, rows),
    ]
    if not patience.is_over(trainer) and len(rows) < settings.epochs:
        with feed.original_errors():
            trainer.fit(
                feed.dataset,
                initial_epoch=len(rows),
                epochs=settings.epochs,
                callbacks=callbacks,
                verbose=0,
                shuffle=False,
            )
    return Outcome(len(rows), max(rows, key=lambda one: one[SCORE]), run / NETWORK)


def _start_training(
    run: Path, settings: FitSettings, training: Sequence[ExampleSource], steps: int, resume: bool
) -> tuple[keras.Model, keras.Model | None]:
    """The compiled trainer, and the averaged network if one is kept."""
    if resume:
        try:
            trainer = keras.models.load_model(run / LAST)
            average = keras.models.load_model(run / AVERAGE) if settings.average else None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise CrackscanError(f"{run} cannot be resumed: {run / LAST} is damaged") from error
        return trainer, average
    pictures, _, _ = next(draw_batches(training, UNFOLDED_BY, settings.seed, 0))
    network = initial_network(settings, pictures)
    average = None
    if settings.average:
        average = keras.models.clone_model(network)
        average.set_weights(network.get_weights())
    return _compile_network(network, settings, _make_optimizer(settings, steps)), average


def _make_optimizer(settings: FitSettings, steps: int) -> keras.optimizers.Optimizer:
    """AdamW (Loshchilov and Hutter 2019), its rate a warm-up and a cosine over all epochs."""
    total = steps * settings.epochs
    warm_up = min(max(int(total * WARM_UP_SHARE), 1), WARM_UP_STEPS)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(total - warm_up, 1), warmup_target=settings.rate, warmup_steps=warm_up
    )
    return keras.optimizers.AdamW(rate, weight_decay=settings.decay, global_clipnorm=CLIP_NORM)


def _compile_network(network: keras.Model, settings: FitSettings, optimizer: Any) -> keras.Model:
    """A network with a patch output beside its cells, with losses and metrics of both."""
    picture = keras.Input((settings.size_px, settings.size_px, 3), name="picture")
    cells = network(picture)
    patch = TopKMean(settings.pooled_cells, name="patch", dtype="float32")(cells)
    cells = keras.layers.Identity(name="cells", dtype="float32")(cells)
    model = keras.Model(picture, {"cells": cells, "patch": patch})
    model.compile(
        optimizer,
        loss={"cells": known_crossentropy, "patch": known_crossentropy},
        loss_weights={"cells": 1.0, "patch": settings.patch_weight},
        metrics={"cells": [KnownAccuracy()], "patch": [KnownAccuracy()]},
    )
    return model


def _network_of(trainer: keras.Model) -> keras.Model:
    return next(layer for layer in trainer.layers if isinstance(layer, keras.Model))
