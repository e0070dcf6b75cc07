"""The network as training finds it: where it computes, and which weights it begins with."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from crackscan.train.data.examples import RGB
from crackscan.train.fitting.settings import FitSettings
from crackscan.train.network.crack_network import crack_network, load_weights
from crackscan.train.network.quantized_weights import load_quantized

UNFOLDED_BY = 64
"""Pictures by which the batch normalizations of a quantized model are unfolded."""


def initial_network(settings: FitSettings, pictures: RGB) -> keras.Model:
    """The network as training finds it; `pictures` are for what starts from a quantized model.

    Raises:
        CrackscanError: its weights cannot be had, or do not fit.
    """
    network = crack_network(settings.backbone)
    if settings.weights.endswith(".tflite"):
        load_quantized(network, settings.backbone, Path(settings.weights), pictures)
    else:
        load_weights(network, settings.backbone, settings.weights)
    return network


def use_devices() -> None:
    """Half precision where a GPU makes it pay; otherwise plain float32 on the CPU."""
    policy = "mixed_float16" if tf.config.list_physical_devices("GPU") else "float32"
    keras.mixed_precision.set_global_policy(policy)


def device_strategy() -> Any:
    """All GPUs where there are several; TensorFlow's default, one device, otherwise."""
    if len(tf.config.list_physical_devices("GPU")) < 2:
        return tf.distribute.get_strategy()
    return tf.distribute.MirroredStrategy()


def in_float32(network: keras.Model, backbone: str) -> keras.Model:
    """A crack network with the same weights that computes in float32, as conversion needs it."""
    policy = keras.mixed_precision.dtype_policy()
    if policy.compute_dtype == "float32":
        return network
    keras.mixed_precision.set_global_policy("float32")
    try:
        twin = crack_network(backbone)
    finally:
        keras.mixed_precision.set_global_policy(policy)
    twin.set_weights(network.get_weights())
    return twin
