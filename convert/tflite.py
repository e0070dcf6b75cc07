"""Keras to a full-int8 TFLite flatbuffer that takes camera bytes."""

from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from crackscan.core.errors import ModelError
from crackscan.core.stderr_capture import drop_stderr
from crackscan.edge.inference.runtime import interpreter_class

CONVERTED_PX = 192
"""Input side at conversion; the runtime resizes it at load to any multiple of the cell."""


def to_int8(
    model: keras.Model, pictures: Iterable[npt.NDArray[np.uint8]], side_px: int = CONVERTED_PX
) -> bytes:
    """Convert to int8 weights (per channel) and activations, uint8 RGB in, int8 logits out.

    Args:
        model: takes (N, H, W, channels) of 0..255, gives (N, H / 16, W / 16, 1) logits.
        pictures: representative uint8 pictures, each (192, 192, channels); activation ranges are
            taken from them (Jacob et al. 2018).
        side_px: input side of the file, and of the pictures.

    Returns:
        The flatbuffer; its input quantization is (1.0, 0), so that bytes go in unscaled.

    Raises:
        ModelError: the converter left a float end or another input scale.
    """

    shape = (1, side_px, side_px, int(model.input_shape[-1]))

    def representative() -> Iterator[list[npt.NDArray[np.float32]]]:
        # Both ends of the byte range first, so that the input scale is exactly one grey level.
        for value in (0, 255):
            yield [np.full(shape, value, np.float32)]
        for picture in pictures:
            yield [picture[np.newaxis].astype(np.float32)]

    fixed = keras.Input(batch_shape=shape, name="rgb")
    # A name of its own, or Keras numbers it, and one run would give different bytes.
    whole = keras.Model(fixed, _in_grey_levels(model)(fixed, training=False), name="crack_map")
    converter = tf.lite.TFLiteConverter.from_keras_model(whole)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.int8
    with drop_stderr(), redirect_stdout(StringIO()):
        flatbuffer: bytes = converter.convert()
        interpreter = interpreter_class()[0](model_content=flatbuffer)
    _demand_byte_ends(interpreter)
    return flatbuffer


def _in_grey_levels(network: keras.Model) -> keras.Model:
    """The network with (x - 127) / 127.5 where it has x / 127.5 - 1; any other as it is.

    As the network has it, the converter leaves a product of 171 levels, and a sum that halves a
    level wherever it stretches them to 255: a third of the grey levels is lost, and every runtime
    rounds the halves its own way. A whole number of levels subtracted first is exact, and the
    division goes into the first convolution's weights. Half a level of brightness is the price.
    """
    scalings = [one for one in network.layers if isinstance(one, keras.layers.Rescaling)]
    if [(one.scale, one.offset) for one in scalings] != [(1 / 127.5, -1.0)]:
        return network
    rest = keras.Model(scalings[0].output, network.output, name="network")
    picture = keras.Input((None, None, network.input_shape[-1]), name="picture")
    whole = keras.layers.Rescaling(1.0, offset=-127.0, name="grey_levels")(picture)
    halves = keras.layers.Rescaling(1 / 127.5, name="around_zero")(whole)
    return keras.Model(picture, rest(halves), name=network.name)


def _demand_byte_ends(interpreter: Any) -> None:
    """Conversion can keep float ends, or another input scale, without a word."""
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    if source["dtype"] != np.uint8 or source["quantization"] != (1.0, 0):
        raise ModelError(
            f"the converter made an input of {source['dtype'].__name__}, scale and zero point"
            f" {source['quantization']}; camera bytes need uint8 and (1.0, 0)"
        )
    if target["dtype"] != np.int8:
        raise ModelError(f"the converter made an output of {target['dtype'].__name__}, not int8")
