"""Our network's crack map in ONNX Runtime, from the file that tf2onnx made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from crackscan.benchmarks.contenders.worker import RGB, WholeFrames
from crackscan.core.model_card import read_card


class Maps(WholeFrames):
    """An ONNX model in one session; `fed` makes its input from a picture."""

    def __init__(self, file: Path, threads: int, fed: Callable[[RGB], Any]) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._fed = fed
        super().__init__(read_card(file.with_name("crack.tflite")).pooling.k)
        self.runs_on = f"onnxruntime {onnxruntime.__version__}"

    def map_of(self, rgb: RGB) -> Any:
        return self._session.run(None, {self._input: self._fed(rgb)})[0]
