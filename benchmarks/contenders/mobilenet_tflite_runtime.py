"""The usual recipe in tflite-runtime, which most instructions for a Raspberry Pi still name."""

from pathlib import Path

from crackscan.benchmarks.contenders.tflite_patches import by_patches
from crackscan.benchmarks.contenders.worker import Contender, Engine, serve_requests

CONTENDER = Contender(
    "MobileNetV2-224, a patch at a time, tflite-runtime int8",
    "patches",
    ("mobilenetv2-int8.tflite",),
    # Its last release was made for numpy 1; OpenCV 4.12 and later need numpy 2.
    (("tflite-runtime", "numpy<2", "opencv-python-headless<4.12"),),
)


def open_engine(files: Path, threads: int) -> Engine:
    return by_patches(files / CONTENDER.files[0], threads, lambda scores: float(scores.max()))


if __name__ == "__main__":
    serve_requests(open_engine)
