"""What is inside a converted file: float operators left over, and who runs the rest."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crackscan.core.stderr_capture import drop_stderr
from crackscan.edge.inference.runtime import open_interpreter

DELEGATE = "DELEGATE"
BYTES_TO_INT8 = "QUANTIZE"


@dataclass(frozen=True)
class Audit:
    """The operators of one model file under the runtime that ships."""

    operators: Mapping[str, int]
    """How many of each kind."""
    float_operators: tuple[str, ...]
    """Operators that read or write a float tensor; none in a full-int8 file."""
    not_delegated: tuple[str, ...]
    """Operators that XNNPACK does not run, apart from the one that turns bytes into int8."""
    per_channel: bool
    """Whether each convolution's weights have a scale for each output channel."""
    runtime: str


def audit_model(path: Path) -> Audit:
    """Look into a `.tflite`.

    XNNPACK has no kernel from uint8 to int8, so the first operator, which only shifts the camera's
    bytes by 128, stays with the interpreter in every model that takes camera bytes; it is not
    counted as left over. Everything behind it must be one delegate.

    Raises:
        ModelError: the file is missing or no TFLite.
    """
    interpreter, runtime = open_interpreter(path, 1)
    with drop_stderr():
        interpreter.allocate_tensors()
    tensors = {one["index"]: one for one in interpreter.get_tensor_details()}
    nodes = interpreter._get_ops_details()
    plain = [node for node in nodes if node["op_name"] != DELEGATE]
    delegates = [node for node in nodes if node["op_name"] == DELEGATE]
    names = [node["op_name"] for node in plain]
    floats = tuple(
        node["op_name"]
        for node in plain
        if any(
            np.issubdtype(tensors[at]["dtype"], np.floating)
            for at in (*node["inputs"], *node["outputs"])
            if at in tensors
        )
    )
    return Audit(
        operators=Counter(names),
        float_operators=floats,
        not_delegated=_left_over(plain, delegates, interpreter),
        per_channel=all(
            len(tensors[node["inputs"][1]]["quantization_parameters"]["scales"])
            == _output_channels(node["op_name"], tensors[node["inputs"][1]]["shape"])
            for node in plain
            if node["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D")
        ),
        runtime=runtime,
    )


def _left_over(
    plain: list[dict[str, Any]], delegates: list[dict[str, Any]], interpreter: Any
) -> tuple[str, ...]:
    """Operators outside a single delegate that reaches from the bytes to the model's output."""
    source = interpreter.get_input_details()[0]["index"]
    target = interpreter.get_output_details()[0]["index"]
    body = [
        node
        for node in plain
        if not (node["op_name"] == BYTES_TO_INT8 and source in node["inputs"])
    ]
    starts = {source} | {int(at) for node in plain if node not in body for at in node["outputs"]}
    whole = (
        len(delegates) == 1
        and target in delegates[0]["outputs"]
        and starts & {int(at) for at in delegates[0]["inputs"]}
    )
    return () if whole else tuple(node["op_name"] for node in body)


def _output_channels(operator: str, shape: Any) -> int:
    return int(shape[3] if operator == "DEPTHWISE_CONV_2D" else shape[0])
