"""Makes the networks of this folder, which the tests of the device read without TensorFlow.

    python tests/data/networks/make_networks.py

`int8.tflite` is a crack network with random weights that gives logits of a trained network's size,
`card.json` its card; `float.tflite` is a small network that was not quantized.
"""

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np

from crackscan.core.model_card import Card, OperatingPoint, Pooling
from crackscan.core.pictures import read_picture
from crackscan.core.stderr_capture import drop_stderr
from crackscan.core.tensorflow_import import import_tensorflow

FOLDER = Path(__file__).parent
SAMPLES = FOLDER.parents[2] / "samples"
BACKBONE = "strided-96"


def main() -> None:
    import_tensorflow()
    import keras

    from crackscan.convert.tflite import to_int8
    from crackscan.train.network.crack_network import crack_network, receptive_margin_px

    keras.utils.set_random_seed(0)
    network = crack_network(BACKBONE)
    pictures = [read_picture(path)[:192, :192] for path in sorted(SAMPLES.glob("patches/*/*"))[::6]]
    for layer in network.layers:  # as after training: no layer fades out
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    network(np.stack(pictures), training=True)
    maps = np.asarray(network(np.stack(pictures), training=False))
    head = network.get_layer("crack_logit")
    kernel, bias = head.get_weights()
    # Logits of a trained network's size, on both sides of zero.
    head.set_weights([kernel * 2 / maps.std(), bias - 2 * maps.mean() / maps.std()])
    card = Card(
        name="tiny",
        version="1",
        backbone=BACKBONE,
        cell_px=16,
        patch_px=224,
        margin_px=receptive_margin_px(network),
        pooling=Pooling(8),
        temperature=1.5,
        operating_points={
            "default": OperatingPoint(0.6, 0.6),
            "high-recall": OperatingPoint(0.2, 0.2),
        },
        scale="test",
    )
    (FOLDER / "card.json").write_text(card.to_json() + "\n")
    (FOLDER / "int8.tflite").write_bytes(to_int8(network, pictures))
    (FOLDER / "float.tflite").write_bytes(small_float_network())


def small_float_network() -> bytes:
    """Eight convolutions of few channels, (1, 192, 192, 3) to (1, 12, 12, 1) in float32."""
    import keras
    import tensorflow as tf

    x = picture = keras.Input(batch_shape=(1, 192, 192, 3))
    for stride in (2, 2, 2, 2, 1, 1, 1):
        x = keras.layers.Conv2D(2, 3, stride, "same", activation="relu")(x)
    network = keras.Model(picture, keras.layers.Conv2D(1, 1)(x))
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    with drop_stderr(), redirect_stdout(StringIO()):
        content: bytes = converter.convert()
    return content


if __name__ == "__main__":
    main()
