"""The training loop: examples in; a run folder with the best network and its history out."""

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from crackscan.core.cells import CELL_PX
from crackscan.core.durable_files import write_file
from crackscan.core.errors import CrackscanError
from crackscan.core.run_folder import AVERAGE, CURVES, NETWORK
from crackscan.train.data.examples import Source, batches, count_batches
from crackscan.train.fitting.curves import draw_curves
from crackscan.train.fitting.settings import HISTORY, LAST, Settings, claim
from crackscan.train.network.initial import UNFOLDED_BY, in_float32, start, strategy, use_devices
from crackscan.train.network.losses import KnownAccuracy, TopKMean, known_crossentropy

Row = dict[str, float]


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    epochs: int
    best: Row
    model: Path


@dataclass(frozen=True)
class Watch:
    """What the loop tells while it runs: each batch done, and each epoch's figures."""

    on_batch: Callable[[int, int], None] = lambda *_: None
    on_epoch: Callable[[Row], None] = lambda _: None


def fit(
    run: Path,
    settings: Settings,
    training: Sequence[Source],
    validation: Sequence[Source],
    resume: bool = False,
    watch: Watch = Watch(),
    judge: Callable[[keras.Model], Row] | None = None,
) -> Outcome:
    """Train until the score has not improved for `patience` epochs, and keep the best epoch.

    The score of an epoch is minus its validation loss, or what `judge` gives as `score` for its
    network. The run folder gets `model.keras`, `history.csv`, `curves.png`, `settings.json` and
    `tensorboard/`; `last.keras` holds what `resume` needs: a run interrupted at any instant goes
    on after its last whole epoch and sees the data that it would have seen.

    Raises:
        CrackscanError: the folder holds another run, or nothing to resume; there is no training or
            validation data, or it cannot be read any more; or the loss is lost.
    """
    if not sum(map(len, training)) or not sum(map(len, validation)):
        raise CrackscanError("there is no training data or no validation data")
    claim(run, settings, resume)
    use_devices()
    keras.utils.set_random_seed(settings.seed)
    steps = count_batches(training, settings.batch)
    with strategy().scope():
        trainer, average = _start(run, settings, training, steps, resume)
        network = _network_of(trainer)
        judged = average or network
        validator = _compiled(judged, settings, "sgd")
    rows = _history_of(run, trainer, steps) if resume else []
    writer = tf.summary.create_file_writer(str(run / "tensorboard"))
    for epoch in range(len(rows), settings.epochs):
        if _is_over(rows, settings.patience):
            break
        with _fed(training, settings, epoch) as dataset:
            told = trainer.fit(
                dataset,
                initial_epoch=epoch,
                epochs=epoch + 1,
                callbacks=[_PerBatch(steps, watch.on_batch, network, average, settings.average)],
                verbose=0,
                shuffle=False,
            )
        row = {
            "epoch": float(epoch + 1),
            **{name: float(told.history[name][-1]) for name in told.history},
        }
        if not math.isfinite(row["loss"]):
            raise CrackscanError(f"the loss of epoch {epoch + 1} is {row['loss']}; lower --rate")
        row |= _validate(validator, settings, validation)
        row |= judge(judged) if judge else {"score": -row["val_loss"]}
        if not rows or row["score"] > max(one["score"] for one in rows):
            _save(in_float32(judged, settings.backbone), run / NETWORK)
        rows.append(row)
        _record(run, rows, writer)
        if average is not None:
            _save(average, run / AVERAGE)
        _save(trainer, run / LAST)
        watch.on_epoch(row)
    return Outcome(len(rows), max(rows, key=lambda one: one["score"]), run / NETWORK)


def _save(model: keras.Model, file: Path) -> None:
    """Save so that the file is whole or as it was, whatever interrupts."""
    part = file.with_suffix(".part.keras")
    model.save(part)
    part.replace(file)


def _start(
    run: Path, settings: Settings, training: Sequence[Source], steps: int, resume: bool
) -> tuple[keras.Model, keras.Model | None]:
    """The compiled trainer, and the averaged network where one is kept."""
    if resume:
        try:
            trainer = keras.models.load_model(run / LAST)
            average = keras.models.load_model(run / AVERAGE) if settings.average else None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise CrackscanError(f"{run} cannot be resumed: {run / LAST} is damaged") from error
        return trainer, average
    pictures, _, _ = next(batches(training, UNFOLDED_BY, settings.seed, 0))
    network = start(settings, pictures)
    average = None
    if settings.average:
        average = keras.models.clone_model(network)
        average.set_weights(network.get_weights())
    total = steps * settings.epochs
    warm = min(max(total // 20, 1), 500)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(total - warm, 1), warmup_target=settings.rate, warmup_steps=warm
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=settings.decay, global_clipnorm=1.0)
    return _compiled(network, settings, optimizer), average


def _compiled(network: keras.Model, settings: Settings, optimizer: Any) -> keras.Model:
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


@contextmanager
def _fed(
    sources: Sequence[Source], settings: Settings, epoch: int, rest: bool = False
) -> Iterator[Any]:
    """The batches of an epoch as Keras takes them; a picture's error comes out as itself."""
    side, cells = settings.size_px, settings.size_px // CELL_PX
    failures: list[Exception] = []

    def one_epoch() -> Iterator[Any]:
        try:
            for rgb, cell, patch in batches(sources, settings.batch, settings.seed, epoch, rest):
                yield rgb, {"cells": cell, "patch": patch}
        except Exception as error:
            failures.append(error)
            raise

    signature = (
        tf.TensorSpec((None, side, side, 3), tf.uint8),
        {
            "cells": tf.TensorSpec((None, cells, cells, 1), tf.float32),
            "patch": tf.TensorSpec((None, 1), tf.float32),
        },
    )
    count = count_batches(sources, settings.batch, rest)
    made = tf.data.Dataset.from_generator(one_epoch, output_signature=signature)
    try:
        yield made.apply(tf.data.experimental.assert_cardinality(count)).prefetch(4)
    except tf.errors.OpError:
        if failures:
            raise failures[0] from None
        raise


def _validate(validator: keras.Model, settings: Settings, validation: Sequence[Source]) -> Row:
    with _fed(validation, settings, 0, rest=True) as dataset:
        found = validator.evaluate(dataset, return_dict=True, verbose=0)
    return {f"val_{name}": float(value) for name, value in found.items()}


class _PerBatch(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells each batch, and carries the weight average along."""

    def __init__(
        self,
        steps: int,
        on_batch: Callable[[int, int], None],
        network: keras.Model,
        average: keras.Model | None,
        momentum: float,
    ) -> None:
        super().__init__()
        self.steps, self.on_batch = steps, on_batch
        self.pairs = list(zip(average.variables, network.variables, strict=True)) if average else []
        self.momentum = momentum
        self.move = tf.function(self._move)

    def _move(self, keep: Any) -> None:
        for slow, fast in self.pairs:
            slow.assign(keep * slow + (1.0 - keep) * tf.cast(fast, slow.dtype))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        if self.pairs:
            done = float(self.model.optimizer.iterations)
            # Young averages follow faster, or they would remember the start for too long.
            self.move(tf.constant(min(self.momentum, (1 + done) / (10 + done)), tf.float32))
        self.on_batch(batch + 1, self.steps)


def _is_over(rows: list[Row], patience: int) -> bool:
    if not rows:
        return False
    best = max(range(len(rows)), key=lambda at: rows[at]["score"])
    return len(rows) - 1 - best >= patience


def _record(run: Path, rows: list[Row], writer: Any) -> None:
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, list(rows[-1]))
    table.writeheader()
    table.writerows(rows)
    write_file(run / HISTORY, text.getvalue().encode())
    draw_curves(rows, run / CURVES)
    with writer.as_default(step=int(rows[-1]["epoch"])):
        for name, value in rows[-1].items():
            tf.summary.scalar(name, value)
    writer.flush()


def _history_of(run: Path, trainer: keras.Model, steps: int) -> list[Row]:
    """The epochs that the trainer has behind it; one recorded after its last save is done again."""
    done = int(trainer.optimizer.iterations) // steps
    with (run / HISTORY).open(newline="") as file:
        table = csv.DictReader(file)
        return [{name: float(value) for name, value in row.items()} for row in table][:done]
