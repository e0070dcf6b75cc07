"""The network of the notebook that the project began as, a patch at a time, int8."""

from pathlib import Path

from crackscan.benchmarks.contenders.tflite_patches import by_patches
from crackscan.benchmarks.contenders.worker import Contender, Engine, serve_requests

CONTENDER = Contender(
    "the notebook's network, a patch at a time, LiteRT int8",
    "patches",
    ("notebook-int8.tflite",),
)


def open_engine(files: Path, threads: int) -> Engine:
    return by_patches(files / CONTENDER.files[0], threads, lambda scores: float(scores[0]))


if __name__ == "__main__":
    serve_requests(open_engine)
