"""Our network's crack map in ONNX Runtime, from the file that tf2onnx made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from crackscan.benchmarks.contenders.worker import RGB, Picture, pooled
from crackscan.card import read_card


class Maps:
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
        self._pooled_cells = read_card(file.with_name("crack.tflite")).pooling.k
        self.runs_on = f"onnxruntime {onnxruntime.__version__}"

    def scan(self, picture: Picture) -> float:
        self._map(picture.rgb)
        return 1.0

    def score(self, patch: RGB) -> float:
        return pooled(self._map(patch), self._pooled_cells)

    def _map(self, rgb: RGB) -> Any:
        return self._session.run(None, {self._input: self._fed(rgb)})[0]
