"""Our network whole in OpenCV's DNN module, int8, by its importer of TFLite files.

OpenCV 5 stumbles over the file's addition of a constant, so it gets the network as crackscan runs
it, which begins behind that.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from crackscan.benchmarks.contenders.worker import RGB, Contender, Engine, WholeFrames, serve
from crackscan.core.model_card import read_card
from crackscan.edge.inference.input_rewrite import SIGN, without_first_layers

CONTENDER = Contender(
    "its network, whole picture, OpenCV DNN int8",
    "whole",
    ("crack.tflite",),
    (("opencv-python-headless>=5", "numpy"),),
)


class Maps(WholeFrames):
    """The network in OpenCV's older engine; its newer one takes no int8 yet."""

    def __init__(self, files: Path, threads: int) -> None:
        import cv2

        cv2.setNumThreads(threads)
        file = files / CONTENDER.files[0]
        # A cell of one pixel: no pixels are joined, which its convolution would not take.
        begun_later = without_first_layers(file.read_bytes(), cell_px=1)
        if begun_later is None:
            raise SystemExit(f"{file} does not begin as crackscan's models do")
        with tempfile.NamedTemporaryFile(suffix=".tflite") as changed:  # from memory, no engine
            changed.write(begun_later.content)
            changed.flush()
            self._network = cv2.dnn.readNetFromTFLite(changed.name, cv2.dnn.ENGINE_CLASSIC)
        super().__init__(read_card(file).pooling.k)
        self.runs_on = f"opencv {cv2.__version__}"

    def map_of(self, rgb: RGB) -> Any:
        planes = np.ascontiguousarray((rgb ^ SIGN).view(np.int8).transpose(2, 0, 1)[np.newaxis])
        self._network.setInput(planes)
        return self._network.forward()


def opened(files: Path, threads: int) -> Engine:
    return Maps(files, threads)


if __name__ == "__main__":
    serve(opened)
