"""Our network whole in ONNX Runtime, float."""

from pathlib import Path

import numpy as np

from crackscan.benchmarks.contenders.onnxruntime_maps import Maps
from crackscan.benchmarks.contenders.worker import RGB, Contender, Engine, serve_requests

CONTENDER = Contender(
    "its network, whole picture, ONNX Runtime float",
    "whole",
    ("crack-float.onnx", "crack.tflite"),
    (("onnxruntime", "numpy"),),
)


def _to_input(rgb: RGB) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """(1, 3, height, width) of grey levels less 127."""
    shifted = rgb.astype(np.float32) - np.float32(127)
    return np.ascontiguousarray(shifted.transpose(2, 0, 1)[np.newaxis])


def open_engine(files: Path, threads: int) -> Engine:
    return Maps(files / CONTENDER.files[0], threads, _to_input)


if __name__ == "__main__":
    serve_requests(open_engine)
