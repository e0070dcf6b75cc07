"""Imports TensorFlow without its messages at the start."""

import os

from crackscan.core.stderr_capture import drop_stderr


def import_tensorflow() -> None:
    """Import TensorFlow and Keras silently; an import that fails still raises."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with drop_stderr():
        import keras  # noqa: F401
        import tensorflow  # noqa: F401
