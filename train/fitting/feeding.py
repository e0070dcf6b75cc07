"""Examples as Keras takes them: TensorFlow data sets of batches, one epoch after another."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from crackscan.core.cells import CELL_PX
from crackscan.train.data.examples import ExampleSource, count_batches, draw_batches
from crackscan.train.fitting.settings import FitSettings

PREFETCHED_BATCHES = 4


class EpochFeed(keras.callbacks.Callback):  # type: ignore[misc]
    """Batches of sources, whose order and variation follow from seed and epoch alone.

    It is a callback, too, so that it learns which epoch Keras begins: a resumed training gets the
    batches of its own epoch, not those of the first.

    Attributes:
        epoch: the epoch whose batches the data set yields when it is iterated next, from 0.
        dataset: yields uint8 (batch, size, size, 3) and a dictionary of float32 targets, `cells`
            (batch, rows, columns, 1) and `patch` (batch, 1).
    """

    def __init__(
        self, sources: Sequence[ExampleSource], settings: FitSettings, rest: bool = False
    ) -> None:
        """`rest` keeps what does not fill a last batch."""
        super().__init__()
        self.epoch = 0
        self._sources, self._settings, self._rest = sources, settings, rest
        self._failures: list[Exception] = []
        side, cells = settings.size_px, settings.size_px // CELL_PX
        signature = (
            tf.TensorSpec((None, side, side, 3), tf.uint8),
            {
                "cells": tf.TensorSpec((None, cells, cells, 1), tf.float32),
                "patch": tf.TensorSpec((None, 1), tf.float32),
            },
        )
        dataset = tf.data.Dataset.from_generator(self._draw_batches, output_signature=signature)
        count = count_batches(sources, settings.batch, rest)
        counted = dataset.apply(tf.data.experimental.assert_cardinality(count))
        self.dataset = counted.prefetch(PREFETCHED_BATCHES)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        self.epoch = epoch

    def _draw_batches(self) -> Iterator[Any]:
        batch, seed = self._settings.batch, self._settings.seed
        try:
            for rgb, cells, patch in draw_batches(
                self._sources, batch, seed, self.epoch, self._rest
            ):
                yield rgb, {"cells": cells, "patch": patch}
        except Exception as error:
            self._failures.append(error)
            raise

    @contextmanager
    def original_errors(self) -> Iterator[None]:
        """Raise what a source raised, for example that a picture is missing, as it was raised.

        TensorFlow wraps what its data sets raise in errors of its own.
        """
        try:
            yield
        except tf.errors.OpError:
            if self._failures:
                raise self._failures[0] from None
            raise
