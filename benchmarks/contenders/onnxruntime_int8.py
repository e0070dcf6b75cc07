"""Our network whole in ONNX Runtime, quantized as our file is."""

from pathlib import Path

import numpy as np

from crackscan.benchmarks.contenders.onnxruntime_maps import Maps
from crackscan.benchmarks.contenders.worker import Contender, Engine, serve

CONTENDER = Contender(
    "its network, whole picture, ONNX Runtime int8",
    "whole",
    ("crack-int8.onnx", "crack.tflite"),
    (("onnxruntime", "numpy"),),
)


def opened(files: Path, threads: int) -> Engine:
    return Maps(files / CONTENDER.files[0], threads, lambda rgb: rgb[np.newaxis])


if __name__ == "__main__":
    serve(opened)
