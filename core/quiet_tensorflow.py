"""TensorFlow without its start-up notes."""

import os

from crackscan.core.native_output import dropped_stderr


def import_tensorflow() -> None:
    """Import TensorFlow and Keras quietly; what fails is still raised."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with dropped_stderr():
        import keras  # noqa: F401
        import tensorflow  # noqa: F401
