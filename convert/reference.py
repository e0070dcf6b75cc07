"""The yardstick of cost: MobileNetV2 for 224 px patches, int8, as most crack classifiers are."""

import os
from pathlib import Path

from crackscan.core.durable_files import write_atomically

REFERENCE_PX = 224
SEED = 0
PICTURES = 8


def reference_model() -> Path:
    """The file of MobileNetV2 (Sandler et al. 2018), full int8, made once and kept in the cache.

    Its weights are random, which costs the same as trained ones; so nothing is downloaded. It has
    the 1000 classes of the paper, takes camera bytes as our own models do, and is converted by
    the same code. It is kept in $XDG_CACHE_HOME/crackscan, by default ~/.cache/crackscan.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crackscan"
    file = cache / f"mobilenetv2-{REFERENCE_PX}-int8.tflite"
    if not file.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        write_atomically(file, _make_network())
    return file


def _make_network() -> bytes:
    import keras
    import numpy as np

    from crackscan.convert.tflite import to_int8

    keras.utils.set_random_seed(SEED)
    picture = keras.Input((REFERENCE_PX, REFERENCE_PX, 3))
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(picture)
    trunk = keras.applications.MobileNetV2(
        (REFERENCE_PX, REFERENCE_PX, 3), weights=None, classifier_activation=None
    )
    pictures = np.random.default_rng(SEED).integers(
        0, 256, (PICTURES, REFERENCE_PX, REFERENCE_PX, 3), np.uint8
    )
    return to_int8(keras.Model(picture, trunk(scaled)), pictures, REFERENCE_PX)
