"""The model that finds cracks: a uint8 RGB picture in, a crack map out."""

import os
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from crackscan.core.errors import ModelError
from crackscan.core.model_card import Card, read_card
from crackscan.core.network_input import (
    Pixels,
    fill_pixels,
    input_shape,
    takes_camera_bytes,
)
from crackscan.core.pooling import logit_to_probability, sigmoid, strongest_patch, top_k_mean
from crackscan.core.stderr_capture import drop_stderr
from crackscan.edge.inference.model_store import ModelUse, default_model, installed_file
from crackscan.edge.inference.runtime import default_threads, demand_tflite, open_interpreter
from crackscan.edge.inference.tiling import block_size, cut_blocks

RGB: TypeAlias = npt.NDArray[np.uint8]
CrackMap: TypeAlias = npt.NDArray[np.float32]
Bytes: TypeAlias = npt.NDArray[np.uint8]

MODELS = Path(__file__).resolve().parents[2] / "models"
MIN_PX = 32
BLOCK_BUDGET_PX = 1536 * 1536
"""Pictures above this area are cut into blocks; bounds the memory of one invocation."""


class Model:
    """An int8 crack model with one interpreter, usable from several threads one at a time."""

    def __init__(self, path: Path, threads: int | None = None, built_in: bool = False) -> None:
        """Use `Model.load`; `built_in` is for comparison, see `open_interpreter`."""
        self.path = path
        self.threads = threads or default_threads()
        self.block_budget_px = BLOCK_BUDGET_PX
        demand_tflite(path)
        # The card is at the file's end: where it is whole, native code meets no file cut short.
        self.card: Card = read_card(path)
        self._interpreter, self.runtime = open_interpreter(path, self.threads, built_in)
        self._input, self._output = _int8_ends(self._interpreter, path)
        self._logits = _values(self._output)
        self._probabilities = sigmoid(self._logits / np.float32(self.card.temperature))
        self._shape: tuple[int, int] = (0, 0)
        self._pixels: Pixels = np.empty((0, 0, 3), np.int8)
        self._fed: npt.NDArray[Any] = self._pixels
        """The same memory, in the shape that the network takes."""
        self._lock = Lock()

    @classmethod
    def load(
        cls,
        name_or_path: str | os.PathLike[str] | None = None,
        threads: int | None = None,
        use: ModelUse = ModelUse.MOVING_PICTURES,
    ) -> "Model":
        """Load a shipped model by name, or any crackscan `.tflite` by path.

        Args:
            name_or_path: `"crack-s"`, `"site/my-model.tflite"`; None is the installed default,
                or else the shipped one for `use`.
            threads: interpreter threads; None is one per core, at most four.
            use: what the model is needed for; counts only if none is named.

        Raises:
            ModelError: no such model, no TFLite, a float model, or a file without a card.
        """
        if threads is not None and threads < 1:
            raise ModelError(f"threads must be at least 1, not {threads}")
        return cls(find_model(name_or_path, use), threads)

    def crack_map(self, rgb: RGB) -> CrackMap:
        """Probability of a crack in each cell of a picture.

        Args:
            rgb: uint8 (height, width, 3), RGB, at least 32 px on each side, of any size.

        Returns:
            float32 (ceil(height / cell_px), ceil(width / cell_px)) in 0..1. Border cells that
            the picture fills only in part are there too: the picture is mirrored to fill them.

        Raises:
            ValueError: not a uint8 RGB picture, or too small.
        """
        return self._map(rgb, self._probabilities)

    def patch_probability(self, rgb: RGB) -> float:
        """Probability that a patch shows a crack: its cells pooled as in training.

        `rgb` as for `crack_map`; a patch is `card.patch_px` wide, other sizes work.
        """
        pooled = top_k_mean(self.logits(rgb), self.card.pooling.k)
        return logit_to_probability(pooled, self.card.temperature)

    def picture_probability(self, rgb: RGB) -> float:
        """Probability that the most suspicious patch of a picture shows a crack."""
        cells = max(self.card.patch_px // self.card.cell_px, 1)
        pooled = strongest_patch(self.logits(rgb), self.card.pooling.k, cells)
        return logit_to_probability(pooled, self.card.temperature)

    def logits(self, rgb: RGB) -> CrackMap:
        """Cell logits before temperature and sigmoid, shaped as `crack_map`."""
        return self._map(rgb, self._logits)

    def _map(self, rgb: RGB, values: CrackMap) -> CrackMap:
        """Cells of a picture.

        Args:
            values: what each of the network's 256 outputs stands for, by its byte.
        """
        check_picture(rgb)
        cell = self.card.cell_px
        height, width = rgb.shape[:2]
        rows, cols = -(-height // cell), -(-width // cell)
        margin = -(-self.card.margin_px // cell)
        size = block_size(rows, cols, self.block_budget_px // cell**2, margin)
        found = np.empty((rows, cols), np.uint8)
        with self._lock:
            for block in cut_blocks(rows, cols, size, margin):
                top, left = block.row.start, block.col.start
                window = rgb[
                    top * cell : (top + size[0]) * cell, left * cell : (left + size[1]) * cell
                ]
                part = self._invoke(window, (size[0] * cell, size[1] * cell))
                found[
                    block.row.keep : block.row.keep_stop, block.col.keep : block.col.keep_stop
                ] = part[
                    block.row.keep - top : block.row.keep_stop - top,
                    block.col.keep - left : block.col.keep_stop - left,
                ]
        cells: CrackMap = values[found]
        return cells

    def _invoke(self, rgb: RGB, shape: tuple[int, int]) -> Bytes:
        """The network's output (rows, cols), by its bytes; `shape` is that of its input."""
        if shape != self._shape:
            self._shape = (0, 0)  # until the new size is allocated, even if memory is missing
            fed = input_shape(self._input, *shape)
            with drop_stderr():
                self._interpreter.resize_tensor_input(self._input["index"], fed)
                self._interpreter.allocate_tensors()
            self._shape = shape
            pixels: npt.NDArray[Any] = np.empty((*shape, 3), self._input["dtype"])
            self._pixels = pixels
            self._fed = pixels.reshape(fed)
        # Not into a view of the interpreter's own memory: it does not run while there is one, and
        # a profiler's hold on a frame (distributed's) keeps one alive.
        fill_pixels(self._pixels, rgb)
        self._interpreter.set_tensor(self._input["index"], self._fed)
        self._interpreter.invoke()
        quantized = self._interpreter.get_tensor(self._output["index"])[0, :, :, 0]
        cells: Bytes = quantized.view(np.uint8)
        return cells


def find_model(
    name_or_path: str | os.PathLike[str] | None = None, use: ModelUse = ModelUse.MOVING_PICTURES
) -> Path:
    """The file of a model: a path, a shipped or an installed name, or the default for a use.

    Raises:
        ModelError: there is neither such a file nor such a model, or the installed default is
            damaged.
    """
    wanted = os.fspath(name_or_path or default_model(use))
    path = Path(wanted)
    if path.suffix == ".tflite" or path.is_file():
        if path.is_file():
            return path
        raise ModelError(f"there is no model file {path}")
    shipped = MODELS / f"{wanted}.tflite"
    found = shipped if shipped.is_file() else installed_file(wanted)
    if found is None:
        names = ", ".join(shipped_models()) or "none"
        raise ModelError(f"there is no model {wanted!r}; shipped: {names}; or give a .tflite file")
    return found


def shipped_models() -> list[str]:
    """Names of the models that came with this installation."""
    return sorted(path.stem for path in MODELS.glob("*.tflite"))


def _int8_ends(interpreter: Any, path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    if len(inputs) != 1 or len(outputs) != 1 or len(inputs[0]["shape"]) != 4:
        raise ModelError(
            f"{path} is not a crack model: one picture in and one map out are expected"
        )
    source, target = inputs[0], outputs[0]
    if np.issubdtype(source["dtype"], np.floating) or np.issubdtype(target["dtype"], np.floating):
        raise ModelError(f"{path} is a float model; make it int8: crackscan-convert quantize")
    if np.dtype(target["dtype"]).itemsize != 1:
        raise ModelError(f"{path} gives no bytes; make it int8: crackscan-convert quantize")
    if not takes_camera_bytes(source):
        raise ModelError(
            f"{path} does not take camera bytes (uint8 or int8, one step for a grey level);"
            " make it with: crackscan-convert quantize"
        )
    return source, target


def _values(output: dict[str, Any]) -> CrackMap:
    """The logit that each output byte stands for, float32 (256,)."""
    scale, zero = output["quantization"]
    steps = np.arange(256, dtype=np.uint8).view(output["dtype"]).astype(np.float32)
    logits: CrackMap = (steps - np.float32(zero)) * np.float32(scale)
    return logits


def check_picture(rgb: RGB) -> None:
    """Raise ValueError unless it is a uint8 RGB picture of at least MIN_PX on each side."""
    if (
        not isinstance(rgb, np.ndarray)
        or rgb.dtype != np.uint8
        or rgb.ndim != 3
        or rgb.shape[2] != 3
    ):
        found = f"{rgb.dtype} {rgb.shape}" if isinstance(rgb, np.ndarray) else type(rgb).__name__
        raise ValueError(f"expected a uint8 RGB picture (height, width, 3), not {found}")
    if min(rgb.shape[:2]) < MIN_PX:
        raise ValueError(
            f"expected a picture of at least {MIN_PX} x {MIN_PX} px, not {rgb.shape[:2]}"
        )
