"""Our network whole in OpenCV's DNN module, float, from the ONNX file."""

from pathlib import Path
from typing import Any

from crackscan.benchmarks.contenders.worker import (
    RGB,
    Contender,
    Engine,
    WholeFrames,
    serve_requests,
)
from crackscan.core.model_card import read_card

CONTENDER = Contender(
    "its network, whole picture, OpenCV DNN float",
    "whole",
    ("crack-float.onnx", "crack.tflite"),
    (("opencv-python-headless>=5", "numpy"),),
)


class Maps(WholeFrames):
    """The network in OpenCV."""

    def __init__(self, files: Path, threads: int) -> None:
        import cv2

        cv2.setNumThreads(threads)
        self._cv2 = cv2
        self._network = cv2.dnn.readNetFromONNX(str(files / CONTENDER.files[0]))
        super().__init__(read_card(files / CONTENDER.files[1]).pooling.k)
        self.runs_on = f"opencv {cv2.__version__}"

    def map_of(self, rgb: RGB) -> Any:
        fed = self._cv2.dnn.blobFromImage(rgb, mean=(127, 127, 127))
        self._network.setInput(fed)
        return self._network.forward()


def open_engine(files: Path, threads: int) -> Engine:
    return Maps(files, threads)


if __name__ == "__main__":
    serve_requests(open_engine)
