"""The usual recipe: one MobileNetV2 invocation a patch in LiteRT."""

from pathlib import Path

from crackscan.benchmarks.contenders.tflite_patches import by_patches
from crackscan.benchmarks.contenders.worker import Contender, Engine, serve_requests

CONTENDER = Contender(
    "MobileNetV2-224, a patch at a time, LiteRT int8", "patches", ("mobilenetv2-int8.tflite",)
)


def open_engine(files: Path, threads: int) -> Engine:
    return by_patches(files / CONTENDER.files[0], threads, lambda scores: float(scores.max()))


if __name__ == "__main__":
    serve_requests(open_engine)
