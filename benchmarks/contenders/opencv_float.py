"""Our network whole in OpenCV's DNN module, float: it cannot take the TFLite file.

Its TFLite importer ends at the first operator that scales the pixels, an int8 multiplication
("Unknown operation type mul", 5.0).
"""

from pathlib import Path
from typing import Any

from crackscan.benchmarks.contenders.worker import (
    RGB,
    Contender,
    Engine,
    Picture,
    pooled,
    serve,
)
from crackscan.card import read_card

CONTENDER = Contender(
    "its network, whole picture, OpenCV DNN float",
    "whole",
    ("crack-float.onnx", "crack.tflite"),
    (("opencv-python-headless", "numpy"),),
    "its TFLite importer does not know the int8 multiplication that scales the pixels",
)


class Maps:
    """The network in OpenCV."""

    def __init__(self, files: Path, threads: int) -> None:
        import cv2

        cv2.setNumThreads(threads)
        self._cv2 = cv2
        self._network = cv2.dnn.readNetFromONNX(str(files / CONTENDER.files[0]))
        self._pooled_cells = read_card(files / CONTENDER.files[1]).pooling.k
        self.runs_on = f"opencv {cv2.__version__}"

    def scan(self, picture: Picture) -> float:
        self._map(picture.rgb)
        return 1.0

    def score(self, patch: RGB) -> float:
        return pooled(self._map(patch), self._pooled_cells)

    def _map(self, rgb: RGB) -> Any:
        fed = self._cv2.dnn.blobFromImage(rgb, 1 / 127.5, mean=(127.5, 127.5, 127.5))
        self._network.setInput(fed)
        return self._network.forward()


def opened(files: Path, threads: int) -> Engine:
    return Maps(files, threads)


if __name__ == "__main__":
    serve(opened)
