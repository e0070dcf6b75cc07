"""Going on from a quantized model: its int8 weights, put back into the network they came from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from crackscan.core.errors import CrackscanError, ModelError
from crackscan.core.model_card import read_card
from crackscan.core.stderr_capture import drop_stderr
from crackscan.train.data.examples import RGB

GREY_LEVELS = 127.5
"""The quantized network takes grey levels around zero, ours those divided by this."""

Array = npt.NDArray[np.float32]


def load_quantized(model: keras.Model, backbone: str, file: Path, pictures: RGB) -> None:
    """Give a crack network the weights of a `.tflite` that `crackscan-convert quantize` made.

    Quantization folded each batch normalization into the convolution before it (Jacob et al.
    2018). They are unfolded by what `pictures`, uint8 (n, height, width, 3) in whole cells, bring
    to each layer: mean and variance are taken from there, gain and offset made so that the layer
    gives what the folded one gave. Half a grey level of brightness is lost, and what int8 lost.

    Raises:
        CrackscanError: the file is not a model, or one of another backbone.
    """
    if not file.is_file():
        raise CrackscanError(f"there is no weights file {file}")
    card = read_card(file)
    if card.backbone != backbone:
        raise CrackscanError(f"{file} is a {card.backbone}; add --backbone {card.backbone}")
    convolutions = [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D)
    ]
    norms = {
        layer.input.name: layer
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    }
    folded = list(_read_convolutions(file))
    if convolutions and folded:
        first, bias = folded[0]
        folded[0] = split_pixels(first, convolutions[0].kernel.shape), bias
    if [one.kernel.shape for one in convolutions] != [kernel.shape for kernel, _ in folded]:
        raise CrackscanError(f"{file} holds no {backbone} crack network")
    for at, (layer, (kernel, bias)) in enumerate(zip(convolutions, folded, strict=True)):
        kernel = kernel * GREY_LEVELS if at == 0 else kernel
        norm = norms.get(layer.output.name)
        if norm is None:
            layer.set_weights([kernel, bias])
            continue
        layer.set_weights([kernel])
        none = np.zeros_like(bias)
        norm.set_weights([none + 1, bias, none, none + (1 - norm.epsilon)])
    unfolded = list(norms.values())
    brought = keras.Model(model.input, [norm.input for norm in unfolded]).predict_on_batch(pictures)
    for norm, values in zip(unfolded, brought, strict=True):
        _, bias, _, _ = norm.get_weights()
        mean, variance = values.mean((0, 1, 2)), values.var((0, 1, 2))
        norm.set_weights([np.sqrt(variance + norm.epsilon), bias + mean, mean, variance])


def split_pixels(kernel: Array, shape: tuple[int, ...]) -> Array:
    """The first kernel in the shape that the network has, (rows, columns, 3, filters).

    `crackscan-convert quantize` lets it take each row of a patch as one pixel, which makes it
    (rows, 1, columns * 3, filters): the same weights in the same order. Any other kernel is
    returned unchanged.
    """
    rows, columns, colours, filters = shape
    joined = kernel.shape == (rows, 1, columns * colours, filters)
    return kernel.reshape(shape) if joined else kernel


def _read_convolutions(file: Path) -> Iterator[tuple[Array, Array]]:
    """Kernels as Keras has them, and biases, in the order of the graph, as float32."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        with drop_stderr():
            interpreter = Interpreter(str(file), experimental_op_resolver_type=plain)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{file} is not a TFLite model") from error
    tensors = {one["index"]: one for one in interpreter.get_tensor_details()}

    def values(index: int) -> Array:
        scales = tensors[index]["quantization_parameters"]["scales"]
        axis = tensors[index]["quantization_parameters"]["quantized_dimension"]
        stored: npt.NDArray[Any] = interpreter.get_tensor(index)
        shape = [-1 if at == axis else 1 for at in range(stored.ndim)]
        real: Array = (stored * scales.reshape(shape)).astype(np.float32)
        return real

    for node in interpreter._get_ops_details():
        if node["op_name"] not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            continue
        _, kernel, bias = node["inputs"]
        # (out, height, width, in), and (1, height, width, channels) where each has its own.
        order = (1, 2, 3, 0)
        yield values(kernel).transpose(order), values(bias)
