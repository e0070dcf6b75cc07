"""Ultralytics' yolo11n-cls with random weights through its own `predict`, a patch at a time."""

from pathlib import Path

import numpy as np

from crackscan.benchmarks.contenders.worker import RGB, ByPatches, Contender, Engine, serve_requests

SIDE_PX = 224
"""What its classifiers are trained for; without weights `predict` would enlarge to 640."""
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"
CONTENDER = Contender(
    "Ultralytics yolo11n-cls, a patch at a time, PyTorch",
    "patches",
    installs=(
        # Where its CPU build is found, that is taken; PyTorch's wheel on the package index brings
        # CUDA along, 900 MB and more, and that of torchvision wants it.
        ("--retries=1", "--timeout=20", f"--extra-index-url={CPU_WHEELS}", "torch==2.13.0"),
        ("--no-deps", "torchvision==0.28.0", "ultralytics", "ultralytics-thop"),
        ("numpy", "opencv-python-headless", "matplotlib", "pillow", "polars", "psutil"),
        ("pyyaml", "requests", "scipy"),
    ),
    note="random weights: its own are not in its package",
)


def open_engine(files: Path, threads: int) -> Engine:  # noqa: ARG001
    import torch

    # Without CUDA torchvision cannot load its compiled operators, and stumbles over these two, of
    # which classification makes no use.
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", "(Tensor a, Tensor b, float c) -> Tensor")
    import ultralytics

    torch.set_num_threads(threads)
    model = ultralytics.YOLO("yolo11n-cls.yaml", task="classify", verbose=False)

    def score(patch: RGB) -> float:
        bgr = np.ascontiguousarray(patch[..., ::-1])
        (result,) = model.predict(bgr, imgsz=SIDE_PX, verbose=False)
        return float(result.probs.data[0])

    return ByPatches(f"ultralytics {ultralytics.__version__}, torch {torch.__version__}", score)


if __name__ == "__main__":
    serve_requests(open_engine)
