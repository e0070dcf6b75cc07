"""Our network whole in ONNX Runtime, quantized as our file is."""

from pathlib import Path
from typing import Any

import numpy as np

from crackscan.benchmarks.contenders.onnxruntime_maps import Maps
from crackscan.benchmarks.contenders.worker import RGB, Contender, Engine, serve_requests
from crackscan.core.network_input import SIGN_BIT

CONTENDER = Contender(
    "its network, whole picture, ONNX Runtime int8",
    "whole",
    ("crack-int8.onnx", "crack.tflite"),
    (("onnxruntime", "numpy"),),
)


def open_engine(files: Path, threads: int) -> Engine:
    return Maps(files / CONTENDER.files[0], threads, _signed_pixels)


def _signed_pixels(rgb: RGB) -> Any:
    return (rgb ^ SIGN_BIT).view(np.int8)[np.newaxis]


if __name__ == "__main__":
    serve_requests(open_engine)
