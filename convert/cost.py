"""What a model costs on a whole 640x480 frame, in invocations of MobileNetV2 on one patch."""

import platform
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crackscan.convert.macs import count_macs
from crackscan.core.errors import ModelError
from crackscan.core.network_input import input_shape, takes_camera_bytes
from crackscan.core.stderr_capture import drop_stderr
from crackscan.edge.inference.runtime import open_interpreter

FRAME_WIDTH_PX, FRAME_HEIGHT_PX = 640, 480
WARM_UP = 3
ROUNDS = 40
DOT_PRODUCTS = ("avx512_vnni", "avx_vnni", "i8mm", "asimddp")
"""Instructions that multiply and add int8, as /proc/cpuinfo calls them; the fastest first."""


@dataclass(frozen=True)
class Spread:
    """A median with its quartiles."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Cost:
    """One model on one 640x480 frame, one thread."""

    name: str
    bytes: int
    macs: int
    frame_ms: Spread
    invocations: Spread
    """Its time by that of one MobileNetV2 patch in the same round."""


@dataclass(frozen=True)
class Costs:
    """Several models against the yardstick, measured in alternation."""

    models: tuple[Cost, ...]
    reference_ms: Spread
    reference_macs: int
    rounds: int
    core: str
    runtime: str


def measure_costs(
    files: Sequence[Path],
    reference: Path,
    rounds: int = ROUNDS,
    progress: Callable[[int], None] = lambda _: None,
) -> Costs:
    """Time each `.tflite` on a frame and `reference` on a patch, one after the other, each round.

    The reference, MobileNetV2 by default of the command, keeps the size it was converted for.

    The time is what the one thread computes, so that other work on the machine lengthens it
    little; what disturbs a round still disturbs both sides of its ratio. The first 3 rounds warm
    up and do not count. Frames and patch are noise: no operator's time depends on the pixels.

    Raises:
        ModelError: a file is missing, no TFLite, or takes no 640x480 frame.
    """
    macs = [count_macs(file, FRAME_HEIGHT_PX, FRAME_WIDTH_PX) for file in files]
    frame = (FRAME_HEIGHT_PX, FRAME_WIDTH_PX)
    opened = [
        _open_interpreter(reference, None),
        *(_open_interpreter(file, frame) for file in files),
    ]
    taken = []
    for number in range(WARM_UP + rounds):
        taken.append([_time_invocation(one) for one, _ in opened])
        progress(max(number + 1 - WARM_UP, 0))
    seconds = np.array(taken[WARM_UP:])
    ratio = seconds[:, 1:] / seconds[:, :1]
    return Costs(
        tuple(
            Cost(
                file.stem,
                file.stat().st_size,
                macs[at],
                _measure_spread(1000 * seconds[:, at + 1]),
                _measure_spread(ratio[:, at]),
            )
            for at, file in enumerate(files)
        ),
        _measure_spread(1000 * seconds[:, 0]),
        count_macs(reference),
        rounds,
        core_name(),
        opened[0][1],
    )


def core_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """What the timings were taken on: processor, and its fastest int8 instructions."""
    text = cpuinfo.read_text() if cpuinfo.is_file() else ""
    board = Path("/proc/device-tree/model")
    named = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    if board.is_file():
        name = board.read_text().strip("\0\n ")
    else:
        name = named.group(1) if named else platform.processor() or platform.machine()
    known = set(re.findall(r"\w+", text))
    fast = next((one for one in DOT_PRODUCTS if one in known), "no int8 dot product")
    return f"{name} ({platform.machine()}, {fast})"


def _open_interpreter(file: Path, side: tuple[int, int] | None) -> tuple[Any, str]:
    """An interpreter with a frame of (height, width) in it, or one of the file's own size."""
    interpreter, runtime = open_interpreter(file, 1)
    source = interpreter.get_input_details()[0]
    if not takes_camera_bytes(source):
        raise ModelError(f"{file} does not take camera bytes: crackscan-convert quantize makes it")
    shape = input_shape(source, *side) if side else tuple(source["shape"])
    noise: npt.NDArray[np.uint8] = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    with drop_stderr():
        interpreter.resize_tensor_input(source["index"], shape)
        interpreter.allocate_tensors()
    interpreter.set_tensor(source["index"], noise.view(source["dtype"]))
    return interpreter, runtime


def _time_invocation(interpreter: Any) -> float:
    """Seconds that this thread, which is the runtime's only one, computes for one invocation."""
    start = time.thread_time()
    interpreter.invoke()
    return time.thread_time() - start


def _measure_spread(values: npt.NDArray[np.float64]) -> Spread:
    low, median, high = (float(one) for one in np.percentile(values, (25, 50, 75)))
    return Spread(low, median, high)
