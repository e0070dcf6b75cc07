"""Our network's crack map in ncnn, from the files that pnnx made of the float ONNX file.

ncnn's int8 needs a calibration by tools (ncnn2table, ncnn2int8) that its wheel does not bring.
"""

from pathlib import Path
from typing import Any

import numpy as np

from crackscan.benchmarks.contenders.worker import RGB, WholeFrames
from crackscan.core.model_card import read_card

INSTALLS = (("--no-deps", "ncnn"), ("numpy",))
FILES = ("crack.ncnn.param", "crack.ncnn.bin", "crack.tflite")


class Maps(WholeFrames):
    """The network in ncnn; `half`: 16-bit floats wherever the processor has them."""

    def __init__(self, files: Path, threads: int, half: bool) -> None:
        import ncnn

        self._ncnn = ncnn
        self._network = ncnn.Net()
        options = self._network.opt
        options.num_threads = threads
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = half
        options.use_bf16_storage = half
        self._network.load_param(str(files / FILES[0]))
        self._network.load_model(str(files / FILES[1]))
        super().__init__(read_card(files / FILES[2]).pooling.k)
        self.runs_on = f"ncnn {ncnn.__version__}"

    def map_of(self, rgb: RGB) -> Any:
        height, width = rgb.shape[:2]
        kind = self._ncnn.Mat.PixelType.PIXEL_RGB
        fed = self._ncnn.Mat.from_pixels(np.ascontiguousarray(rgb), kind, width, height)
        fed.substract_mean_normalize([127.0] * 3, [])
        extractor = self._network.create_extractor()
        extractor.input("in0", fed)
        _, crack_map = extractor.extract("out0")
        return np.array(crack_map)
