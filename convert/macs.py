"""Multiply-adds of a `.tflite` for one frame, counted from its operators."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crackscan.core.errors import ModelError
from crackscan.core.network_input import input_shape
from crackscan.core.stderr_capture import drop_stderr
from crackscan.edge.inference.runtime import demand_tflite


@dataclass(frozen=True)
class Layer:
    """One operator of a network, in the order in which they run."""

    kind: str
    """As TFLite names it, `CONV_2D` for one."""
    made: tuple[int, ...]
    """Shape of what it makes, (1, rows, columns, channels) for a convolution."""
    macs: int
    bytes: int
    """Of all that it reads, weights included, and makes: what passes through memory at least."""


def count_macs(path: Path, height: int | None = None, width: int | None = None) -> int:
    """Multiply-adds of one invocation on a frame of `height` x `width` px, or of the file's size.

    Convolutions and fully connected layers count: each element of an output once for each weight
    that it is a sum over. Shifts, additions of branches and activations do not.

    Raises:
        ModelError: the file is missing, no TFLite, or takes no frame of that size.
    """
    return sum(layer.macs for layer in list_layers(path, height, width))


def list_layers(path: Path, height: int | None = None, width: int | None = None) -> list[Layer]:
    """The operators of a file on a frame of `height` x `width` px, or of the file's size.

    Raises:
        ModelError: the file is missing, no TFLite, or takes no frame of that size.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    demand_tflite(path)
    try:
        with drop_stderr():
            # A delegate would hide the shapes between the operators.
            interpreter = Interpreter(
                model_path=str(path),
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            )
            if height is not None and width is not None:
                source = interpreter.get_input_details()[0]
                shape = input_shape(source, height, width)
                interpreter.resize_tensor_input(source["index"], shape)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{path} cannot be run on a frame of {width}x{height} px") from error
    tensors = {one["index"]: one for one in interpreter.get_tensor_details()}
    return [_read_layer(node, tensors) for node in interpreter._get_ops_details()]


def _read_layer(node: dict[str, Any], tensors: dict[int, dict[str, Any]]) -> Layer:
    touched = [tensors[at] for at in (*node["inputs"], *node["outputs"]) if at in tensors]
    return Layer(
        node["op_name"],
        tuple(int(side) for side in tensors[node["outputs"][0]]["shape"]),
        _count_macs(node, {at: one["shape"] for at, one in tensors.items()}),
        sum(int(np.prod(one["shape"])) * np.dtype(one["dtype"]).itemsize for one in touched),
    )


def _count_macs(node: dict[str, Any], shapes: dict[int, Any]) -> int:
    if node["op_name"] not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        return 0
    weights, made = shapes[node["inputs"][1]], shapes[node["outputs"][0]]
    if node["op_name"] == "DEPTHWISE_CONV_2D":  # (1, kernel height, kernel width, channels)
        return int(np.prod(made) * weights[1] * weights[2])
    return int(np.prod(made) * np.prod(weights[1:]))
