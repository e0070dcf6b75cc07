"""Our network whole in OpenCV's DNN module, int8, by its importer of TFLite files."""

from pathlib import Path
from typing import Any

import numpy as np

from crackscan.benchmarks.contenders.worker import (
    RGB,
    Contender,
    Engine,
    WholeFrames,
    serve_requests,
)
from crackscan.core.model_card import read_card
from crackscan.core.network_input import SIGN_BIT

CONTENDER = Contender(
    "its network, whole picture, OpenCV DNN int8",
    "whole",
    ("crack-pixels.tflite", "crack.tflite"),
    (("opencv-python-headless>=5", "numpy"),),
)


class Maps(WholeFrames):
    """The network in OpenCV's older engine; its newer one takes no int8 yet."""

    def __init__(self, files: Path, threads: int) -> None:
        import cv2

        cv2.setNumThreads(threads)
        pixels, card = (files / name for name in CONTENDER.files)
        self._network = cv2.dnn.readNetFromTFLite(str(pixels), cv2.dnn.ENGINE_CLASSIC)
        super().__init__(read_card(card).pooling.k)
        self.runs_on = f"opencv {cv2.__version__}"

    def map_of(self, rgb: RGB) -> Any:
        planes = np.ascontiguousarray((rgb ^ SIGN_BIT).view(np.int8).transpose(2, 0, 1)[np.newaxis])
        self._network.setInput(planes)
        return self._network.forward()


def open_engine(files: Path, threads: int) -> Engine:
    return Maps(files, threads)


if __name__ == "__main__":
    serve_requests(open_engine)
