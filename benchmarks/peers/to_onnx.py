"""Cuts what tf2onnx made of our network to a picture of any size in and a map out.

Run by the environment that has onnx: `python to_onnx.py int8|float FROM TO`. The input of the
quantized network is int8 (1, height, width, 3), each byte minus 128. The float one begins at the
convolution, with (1, 3, height, width) of grey levels minus 127, because each engine for it shifts
pixels in its own way.
"""

import sys
from typing import Any


def cut_network(kind: str, source: str, target: str) -> None:
    """Write the part from the input, or the first convolution, to the last convolution."""
    import onnx
    from onnx.utils import Extractor

    model = onnx.load(source)
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    end = convolutions[-1].output[0]
    if kind == "int8":
        start = model.graph.input[0].name
        end = next(node.output[0] for node in model.graph.node if end in node.input)
        shape: tuple[int | str, ...] = (1, "height", "width", 3)
    else:
        start, shape = convolutions[0].input[0], (1, 3, "height", "width")
    part = Extractor(onnx.shape_inference.infer_shapes(model)).extract_model([start], [end])
    del part.graph.value_info[:]
    _set_shape(part.graph.input[0], shape)
    _set_shape(part.graph.output[0], (1, 1, "rows", "columns"))
    onnx.checker.check_model(part)
    onnx.save(part, target)


def _set_shape(value: Any, shape: tuple[int | str, ...]) -> None:
    for dimension, size in zip(value.type.tensor_type.shape.dim, shape, strict=True):
        if isinstance(size, str):
            dimension.dim_param = size
        else:
            dimension.dim_value = size


if __name__ == "__main__":
    cut_network(*sys.argv[1:])
