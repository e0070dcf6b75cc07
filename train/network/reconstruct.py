"""A network that begins by doing what another one does: its layers fitted to it one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import layers

from crackscan.core.errors import CrackscanError
from crackscan.core.model_card import read_card
from crackscan.core.run_folder import AVERAGE
from crackscan.train.data.examples import RGB
from crackscan.train.network.crack_network import crack_network
from crackscan.train.network.quantized_weights import load_quantized

PICTURES = 320
"""Pictures that suffice to fit a network."""


@dataclass(frozen=True)
class ReconstructionParameters:
    """How the layers of a network are fitted."""

    positions: int = 20_000
    """Positions in the pictures that a layer is sampled at."""
    ridge: float = 1e-5
    """Share of the mean variance of a layer's inputs that is added to each (ridge regression; Hoerl
    and Kennard 1970)."""
    batch: int = 32
    """Pictures that go through a network at once."""


PARAMETERS = ReconstructionParameters()
PROJECTED = "_depth_bn"
"""So end the names of layers that a projection follows."""

Array = npt.NDArray[Any]


def finished_network(where: Path, pictures: RGB) -> keras.Model:
    """The averaged network of a run folder, or the one that a `.tflite` was quantized from.

    `pictures` are for the second: see `load_quantized`.

    Raises:
        CrackscanError: there is none.
    """
    if where.suffix == ".tflite":
        backbone = read_card(where).backbone
        network = crack_network(backbone)
        load_quantized(network, backbone, where, pictures)
        return network
    try:
        return keras.models.load_model(where / AVERAGE, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CrackscanError(f"{where} holds no finished network") from error


def reconstruct_network(network: keras.Model, model: keras.Model, pictures: RGB) -> None:
    """Set the weights of a crack network so that its layers give what those of a model give.

    Layer by layer from the picture on, by least squares over `pictures`, uint8 (n, height, width,
    3) in whole cells, from what the layers before now really give (He, Zhang and Sun 2017). A
    layer is fitted to the model's of its name, before its activation, and a whole convolution
    `..._fused_...` to the depthwise one `..._depth_...`, for which it stands together with the
    expansion before that. A layer of fewer channels gets those that the model's next one heeds
    most.

    Raises:
        CrackscanError: the model has no such layers.
    """
    for convolution, norm in _list_convolutions(network):
        target = (norm or convolution).name.replace("_fused_", "_depth_")
        made = convolution.output.shape[-1]
        channels = {layer.name: layer.output.shape[-1] for layer in model.layers}.get(target, 0)
        if channels < made or (channels > made and PROJECTED not in target):
            raise CrackscanError(
                f"{network.name} cannot begin as {model.name}, which has no {target} like its own"
            )
        given = _layer_input(network, convolution.input, pictures)
        wanted = _layer_input(model, model.get_layer(target).output, pictures)
        if made < channels:
            wanted = wanted[..., _most_heeded(model, target, wanted)[:made]]
        _fit_convolution(convolution, norm, given, wanted)


def _list_convolutions(network: keras.Model) -> Iterator[tuple[Any, Any]]:
    """Each from the picture on, with the normalization after it, or None."""
    norms = {
        layer.input.name: layer
        for layer in network.layers
        if isinstance(layer, layers.BatchNormalization)
    }
    for layer in network.layers:
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
            yield layer, norms.get(layer.output.name)


def _layer_input(network: keras.Model, tensor: Any, pictures: RGB) -> Array:
    until = keras.Model(network.input, tensor)
    parts = (
        pictures[at : at + PARAMETERS.batch] for at in range(0, len(pictures), PARAMETERS.batch)
    )
    return np.concatenate([np.asarray(until(part, training=False)) for part in parts])


def _most_heeded(model: keras.Model, norm: str, values: Array) -> Array:
    """The channels of a layer before a projection: first what varies most in what that makes."""
    kernel = model.get_layer(norm.replace(PROJECTED, "_project_conv")).get_weights()[0]
    varies = np.clip(values, 0, 6).std((0, 1, 2))
    return np.argsort(-varies * np.linalg.norm(kernel[0, 0], axis=1))


def _fit_convolution(convolution: Any, norm: Any, given: Array, wanted: Array) -> None:
    """Set a convolution, and the normalization after it, by what it is given and ought to make."""
    inputs, targets = _sample_positions(
        convolution, given, wanted
    )  # (places, taps, channels), (places, made)
    if isinstance(convolution, layers.DepthwiseConv2D):  # each channel of its own
        inputs, targets = inputs.transpose(2, 0, 1), targets.T[..., np.newaxis]
    else:
        inputs, targets = inputs.reshape(1, len(inputs), -1), targets[np.newaxis]
    means, mean_targets = inputs.mean(1, keepdims=True), targets.mean(1, keepdims=True)
    across = (inputs - means).transpose(0, 2, 1)
    products = (across @ across.transpose(0, 2, 1)).astype(np.float64)
    each = np.arange(products.shape[1])
    calm = (
        PARAMETERS.ridge * products[:, each, each].mean(1, keepdims=True)
        + np.finfo(np.float32).tiny
    )
    products[:, each, each] += calm
    weights = np.linalg.solve(products, (across @ (targets - mean_targets)).astype(np.float64))
    offset = (mean_targets - means @ weights).reshape(-1)
    shape = convolution.get_weights()[0].shape
    if isinstance(convolution, layers.DepthwiseConv2D):
        weights = weights.transpose(1, 0, 2)
    kernel = weights.reshape(shape)
    if norm is None:
        convolution.set_weights([kernel, offset])
        return
    convolution.set_weights([kernel])
    made = convolution(given[: PARAMETERS.batch]).numpy()
    mean, variance = made.mean((0, 1, 2)), made.var((0, 1, 2))
    norm.set_weights([np.sqrt(variance + norm.epsilon), offset + mean, mean, variance])


def _sample_positions(convolution: Any, given: Array, wanted: Array) -> tuple[Array, Array]:
    """What a convolution sees at places drawn from all pictures, and what is wanted there."""
    rng = np.random.default_rng(0)
    each = min(-(-PARAMETERS.positions // len(given)), wanted.shape[1] * wanted.shape[2])
    high, wide = convolution.kernel_size
    inputs, targets = [], []
    for start in range(0, len(given), PARAMETERS.batch):
        part = given[start : start + PARAMETERS.batch]
        squares = tf.image.extract_patches(
            part.astype(np.float32),
            (1, high, wide, 1),
            (1, *convolution.strides, 1),
            (1, *convolution.dilation_rate, 1),
            "SAME",
        ).numpy()
        for taken, here in zip(squares, wanted[start : start + PARAMETERS.batch], strict=True):
            places = rng.choice(taken.shape[0] * taken.shape[1], each, replace=False)
            inputs.append(taken.reshape(-1, high * wide, part.shape[-1])[places])
            targets.append(here.reshape(-1, here.shape[-1])[places])
    return np.concatenate(inputs), np.concatenate(targets)
