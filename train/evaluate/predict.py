"""Scores pictures with a `.keras` or a `.tflite` alike: uint8 RGB in, cell logits out."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.errors import ModelError
from crackscan.core.model_card import Card, read_card
from crackscan.core.network_input import Pixels, fill_pixels, input_shape, takes_camera_bytes
from crackscan.core.stderr_capture import drop_stderr
from crackscan.core.tensorflow_import import import_tensorflow
from crackscan.train.evaluate.run_card import run_card

Pictures: TypeAlias = NDArray[np.uint8]
Logits: TypeAlias = NDArray[np.float32]
Key = TypeVar("Key")

BATCH_PX = 32 * 256 * 256
"""Pictures of one size are scored together up to this area, which bounds the memory."""


class Scorer(Protocol):
    """A loaded model."""

    card: Card
    card_from: str
    """where the card was read"""
    runtime: str
    """what runs the model, with its version"""

    def __call__(self, rgb: Pictures) -> Logits:
        """(n, height, width, 3) in whole cells to (n, rows, cols) of cell logits."""


def load_scorer(path: Path, threads: int | None = None) -> Scorer:
    """Load a trained `.keras` or a quantized `.tflite`; `threads` is for the latter.

    Raises:
        ModelError: missing, of another kind, damaged, or not as the card's contract has it.
    """
    if not path.is_file():
        raise ModelError(f"there is no model file {path}")
    if path.suffix == ".keras":
        return KerasScorer(path)
    if path.suffix == ".tflite":
        return TfliteScorer(path, threads or len(os.sched_getaffinity(0)))
    raise ModelError(f"{path} is neither a .keras nor a .tflite model")


class KerasScorer:
    """A Keras model, traced once for pictures of any size."""

    def __init__(self, path: Path) -> None:
        import_tensorflow()
        import keras
        import tensorflow as tf

        self.card, self.card_from = run_card(path)
        self.runtime = f"TensorFlow {tf.__version__}, Keras {keras.__version__}"
        try:
            model = keras.models.load_model(path, compile=False)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ModelError(f"{path} is not a Keras model that can be loaded: {error}") from error
        if len(model.inputs) != 1 or len(model.outputs) != 1 or len(model.outputs[0].shape) != 4:
            raise ModelError(
                f"{path} is not a crack model: one picture in, one map out are expected"
            )
        self._infer = tf.function(
            lambda rgb: model(tf.cast(rgb, model.inputs[0].dtype), training=False),
            input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8)],
        )

    def __call__(self, rgb: Pictures) -> Logits:
        logits: Logits = self._infer(rgb).numpy()[..., 0].astype(np.float32)
        return logits


class TfliteScorer:
    """An int8 TFLite model in one interpreter, resized when the size of the pictures changes."""

    def __init__(self, path: Path, threads: int) -> None:
        from importlib.metadata import version

        from ai_edge_litert.interpreter import Interpreter

        self.runtime = f"ai-edge-litert {version('ai-edge-litert')}, {threads} threads"
        try:
            with drop_stderr():
                self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{path} is not a TFLite model") from error
        (self._input, self._output) = self._ends(path)
        self.card, self.card_from = read_card(path), path.name
        self._size: tuple[int, ...] = ()

    def __call__(self, rgb: Pictures) -> Logits:
        if rgb.shape[1:] != self._size:
            with drop_stderr():
                shape = input_shape(self._input, *rgb.shape[1:3])
                self._interpreter.resize_tensor_input(self._input["index"], shape)
                self._interpreter.allocate_tensors()
            self._size = rgb.shape[1:]
        scale, zero = self._output["quantization"]
        return np.stack([(self._invoke(one) - np.float32(zero)) * np.float32(scale) for one in rgb])

    def _invoke(self, rgb: Pictures) -> Logits:
        pixels: Pixels = np.empty(rgb.shape, self._input["dtype"])
        fill_pixels(pixels, rgb)
        shape = input_shape(self._input, *rgb.shape[:2])
        self._interpreter.set_tensor(self._input["index"], pixels.reshape(shape))
        self._interpreter.invoke()
        quantized: Logits = self._interpreter.get_tensor(self._output["index"])[0, ..., 0]
        return quantized.astype(np.float32)

    def _ends(self, path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1 or len(outputs[0]["shape"]) != 4:
            raise ModelError(
                f"{path} is not a crack model: one picture in, one map out are expected"
            )
        if not takes_camera_bytes(inputs[0]) or np.issubdtype(outputs[0]["dtype"], np.floating):
            raise ModelError(f"{path} is a float model; make it int8: crackscan-convert quantize")
        return inputs[0], outputs[0]


def score_pictures(
    scorer: Scorer, pictures: Iterable[tuple[Key, Pictures]]
) -> Iterator[tuple[Key, Pictures, Logits]]:
    """Give back each (key, picture of any size) with its (rows, cols) of cell logits.

    Pictures of one size go through together, so the order is kept only within a size.
    """
    waiting: dict[tuple[int, ...], list[tuple[Key, Pictures]]] = defaultdict(list)
    for key, picture in pictures:
        alike = waiting[picture.shape]
        alike.append((key, picture))
        if (len(alike) + 1) * picture.shape[0] * picture.shape[1] > BATCH_PX:
            yield from _score_equal_sizes(scorer, waiting.pop(picture.shape))
    for alike in waiting.values():
        yield from _score_equal_sizes(scorer, alike)


def _score_equal_sizes(
    scorer: Scorer, alike: list[tuple[Key, Pictures]]
) -> Iterator[tuple[Key, Pictures, Logits]]:
    cell = scorer.card.cell_px
    logits = scorer(np.stack([_whole_cells(picture, cell) for _, picture in alike]))
    for (key, picture), one in zip(alike, logits, strict=True):
        yield key, picture, one


def _whole_cells(picture: Pictures, cell_px: int) -> Pictures:
    """Mirror the lower and the right border until the picture is whole cells."""
    bottom, right = -picture.shape[0] % cell_px, -picture.shape[1] % cell_px
    whole = cv2.copyMakeBorder(picture, 0, bottom, 0, right, cv2.BORDER_REFLECT_101)
    return whole.astype(np.uint8, copy=False)
