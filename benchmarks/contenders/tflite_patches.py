"""The usual recipe: one invocation of a TFLite classifier for each patch, in a Python loop."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from crackscan.benchmarks.contenders.worker import RGB, ByPatches, Engine


def by_patches(file: Path, threads: int, crack: Callable[[Any], float]) -> Engine:
    """A classifier in LiteRT, or in tflite-runtime where that is installed.

    Patches are enlarged to its input (OpenCV, linear), and scaled to 0..1 for a float one; an int8
    one takes camera bytes. `crack` gives the figure of merit from its dequantized outputs.
    """
    import cv2

    from crackscan.edge.inference.runtime import open_interpreter

    cv2.setNumThreads(threads)
    interpreter, runtime = open_interpreter(file, threads)
    interpreter.allocate_tensors()
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    side, scale = int(source["shape"][1]), 1 / 255
    to_float = source["dtype"] == np.float32

    def score(patch: RGB) -> float:
        sized = cv2.resize(patch, (side, side))
        fed = sized.astype(np.float32) * np.float32(scale) if to_float else sized
        interpreter.set_tensor(source["index"], fed[np.newaxis])
        interpreter.invoke()
        scores = interpreter.get_tensor(target["index"])[0].astype(np.float32)
        step, zero = target["quantization"]
        return crack((scores - zero) * step if step else scores)

    return ByPatches(runtime, score)
