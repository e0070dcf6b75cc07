"""Callbacks of the training: Keras' own where they allow an exact resume, and those around them.

Three of Keras' callbacks would break a training that must end, after an interruption at any
instant, with the same weights as an uninterrupted one:

- `BackupAndRestore` overwrites its weights and its epoch in two steps, and an interruption between
  them makes an epoch count twice. `last.keras` holds both in one file.
- `CSVLogger` appends to its file, which after an interruption may hold an epoch that the last
  checkpoint does not know of, and counts from 0. The history is written as a whole.
- `SwapEMAWeights` averages trainable weights with one momentum. Here the statistics of the batch
  normalization are averaged, too, or they would belong to other weights, and the momentum is small
  at first, or a short training would keep its random start.
"""

import csv
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from crackscan.core.durable_files import write_atomically
from crackscan.core.errors import CrackscanError
from crackscan.core.run_folder import CURVES
from crackscan.train.fitting.curves import draw_curves
from crackscan.train.fitting.feeding import EpochFeed
from crackscan.train.fitting.settings import HISTORY

Row = dict[str, float]
"""The figures of an epoch; `epoch` counts from 1."""
SCORE = "score"
"""The figure by which epochs are compared; more is better."""


@dataclass(frozen=True)
class Watch:
    """What is called while a network trains: after each batch and after each epoch."""

    on_batch: Callable[[int, int], None] = lambda *_: None
    """Gets the batches done in this epoch, and all of them."""
    on_epoch: Callable[[Row], None] = lambda _: None


SILENT = Watch()
"""Calls nothing."""


class WeightAverage(keras.callbacks.Callback):  # type: ignore[misc]
    """Moves an averaged network along with the trained one (Polyak and Juditsky 1992)."""

    def __init__(self, average: keras.Model, network: keras.Model, momentum: float) -> None:
        super().__init__()
        self._pairs = list(zip(average.variables, network.variables, strict=True))
        self._momentum = momentum
        self._move = tf.function(self._move_variables)

    def _move_variables(self, keep: Any) -> None:
        for slow, fast in self._pairs:
            slow.assign(keep * slow + (1.0 - keep) * tf.cast(fast, slow.dtype))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        done = float(self.model.optimizer.iterations)
        # Young averages follow faster, or the start would weigh on them for too long.
        self._move(tf.constant(min(self._momentum, (1 + done) / (10 + done)), tf.float32))


class Judgement(keras.callbacks.Callback):  # type: ignore[misc]
    """Adds validation figures and a score to the logs of an epoch, for the callbacks after it.

    Not `validation_data` of `fit`: it is the averaged network that is judged, if there is one.

    Args:
        validator: the judged network, compiled with losses and metrics.
        validation: patches that are not trained on.
        judge: gives further figures and the score; without it, the score is minus the validation
            loss.
    """

    def __init__(
        self, validator: keras.Model, validation: EpochFeed, judge: Callable[[], Row] | None
    ) -> None:
        super().__init__()
        self._validator, self._validation, self._judge = validator, validation, judge

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if not math.isfinite(logs["loss"]):
            raise CrackscanError(f"the loss of epoch {epoch + 1} is {logs['loss']}; lower --rate")
        with self._validation.original_errors():
            found = self._validator.evaluate(self._validation.dataset, return_dict=True, verbose=0)
        logs |= {f"val_{name}": float(value) for name, value in found.items()}
        logs |= self._judge() if self._judge else {SCORE: -logs["val_loss"]}


class WholeCheckpoint(keras.callbacks.ModelCheckpoint):  # type: ignore[misc]
    """A checkpoint of a network that is whole or as it was, whatever interrupts its writing.

    Keras writes into the file itself; this one writes beside it and renames.

    Args:
        file: a `.keras` file.
        network: gives the network to save, which need not be the one that is trained.
        best: the best score up to now if only better epochs are saved; otherwise all are.
    """

    def __init__(
        self, file: Path, network: Callable[[], keras.Model], best: float | None = None
    ) -> None:
        self._file, self._part = file, file.with_suffix(".part.keras")
        self._network = network
        super().__init__(
            str(self._part).replace("{", "{{").replace("}", "}}"),  # Keras formats the path
            monitor=SCORE,
            mode="max",
            save_best_only=best is not None,
            initial_value_threshold=best,
        )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.set_model(self._network())
        super().on_epoch_end(epoch, logs)
        if self._part.is_file():
            self._part.replace(self._file)


class History(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the figures of all epochs in `rows`, `history.csv` and a picture of curves."""

    def __init__(self, run: Path, rows: list[Row]) -> None:
        super().__init__()
        self._run, self._rows = run, rows

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        figures = {name: float(value) for name, value in logs.items()}
        self._rows.append({"epoch": float(epoch + 1), **figures})
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, list(self._rows[-1]))
        table.writeheader()
        table.writerows(self._rows)
        write_atomically(self._run / HISTORY, text.getvalue().encode())
        draw_curves(self._rows, self._run / CURVES)


def read_history(run: Path, epochs: int) -> list[Row]:
    """The rows of the first `epochs`; one that was written after the last checkpoint is dropped."""
    with (run / HISTORY).open(newline="") as file:
        table = csv.DictReader(file)
        return [{name: float(value) for name, value in row.items()} for row in table][:epochs]


class Patience(keras.callbacks.EarlyStopping):  # type: ignore[misc]
    """Early stopping that counts the epochs before an interruption, too."""

    def __init__(self, epochs: int, rows: list[Row]) -> None:
        super().__init__(monitor=SCORE, mode="max", patience=epochs)
        self._earlier = list(rows)

    def on_train_begin(self, logs: Any = None) -> None:
        super().on_train_begin(logs)
        for epoch, row in enumerate(self._earlier):
            self.on_epoch_end(epoch, row)

    def is_over(self, model: keras.Model) -> bool:
        """Whether the epochs before the interruption have ended the training already."""
        self.set_model(model)
        self.on_train_begin()
        return bool(self.model.stop_training)


class Progress(keras.callbacks.Callback):  # type: ignore[misc]
    """Calls a `Watch`; last of all callbacks, so that an epoch is on disk when it is reported."""

    def __init__(self, watch: Watch, steps: int, rows: list[Row]) -> None:
        super().__init__()
        self._watch, self._steps, self._rows = watch, steps, rows

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        self._watch.on_batch(batch + 1, self._steps)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        self._watch.on_epoch(self._rows[-1])
