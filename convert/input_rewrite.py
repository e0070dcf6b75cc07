"""Removes what a network does to pixels before its first convolution, bit for bit.

The converter begins a network that takes camera bytes with two operators over every pixel of a
frame: QUANTIZE turns uint8 into int8, for which XNNPACK has no kernel, and ADD subtracts 127 grey
levels, which changes the zero point only. Together they take a third of the time of `crack-s` on a
whole frame. The rewritten network takes int8 pixels, each the byte minus 128; the device makes
them while it copies the picture into the interpreter.

A first convolution whose patches do not overlap, such as 4x4 with stride 4, then takes each row of
a patch as one pixel of 12 channels, which is how the picture lies in memory: the same sums of the
same products. Kernels work on eight channels at a time, so three channels cost as much as eight.
"""

from typing import Any

import numpy as np
from ai_edge_litert.schema_py_generated import (
    ActivationFunctionType,
    BuiltinOperator,
    TensorType,
)

from crackscan.convert.flatbuffer import pack_flatbuffer, parse_flatbuffer

COLOURS = 3


def optimize_input(content: bytes, cell_px: int) -> bytes:
    """The flatbuffer of the same network for int8 pixels; `content` if there is nothing to remove.

    The input becomes (1, height, width / joined, 3 * joined): `joined` neighbouring pixels of a
    row are one, if the first convolution allows it and `cell_px` is a multiple of their number.

    Args:
        content: a TFLite file that an interpreter has accepted; a card behind it is dropped.
        cell_px: every width that the network is given is a multiple of it.
    """
    model = parse_flatbuffer(content)
    removed = _begins_with_byte_shift(model)
    if removed:
        _remove_first_operator(model)
        if _begins_with_idle_addition(model):
            _remove_first_operator(model)
    if not _join_pixels(model, cell_px) and not removed:
        return content
    return pack_flatbuffer(model)


def split_pixels(content: bytes) -> bytes:
    """Undo the joining of pixels, for engines other than TFLite: (1, height, width, 3) again."""
    model = parse_flatbuffer(content)
    (graph,) = model.subgraphs
    pixels = graph.tensors[graph.inputs[0]]
    joined = int(pixels.shape[3]) // COLOURS
    convolution = graph.operators[0]
    if joined <= 1 or _kind(model, convolution) != BuiltinOperator.CONV_2D:
        return content
    _, height, width, _ = pixels.shape
    weights = graph.tensors[convolution.inputs[1]]
    kernels, rows, _, channels = weights.shape
    pixels.shape = [1, height, width * joined, COLOURS]
    weights.shape = [kernels, rows, joined, channels // joined]
    convolution.builtinOptions.strideW = joined
    return pack_flatbuffer(model)


def _begins_with_byte_shift(model: Any) -> bool:
    """Whether the first operator turns uint8 pixels into int8, each minus 128."""
    (graph,) = model.subgraphs
    operator = graph.operators[0]
    if _kind(model, operator) != BuiltinOperator.QUANTIZE or not _only_reader_of_input(graph):
        return False
    before, after = (graph.tensors[at] for at in (graph.inputs[0], operator.outputs[0]))
    return _quantization(before) == (TensorType.UINT8, [1.0], [0]) and _quantization(after) == (
        TensorType.INT8,
        [1.0],
        [-128],
    )


def _begins_with_idle_addition(model: Any) -> bool:
    """Whether the first operator subtracts as many levels as its output's zero point moves."""
    (graph,) = model.subgraphs
    operator = graph.operators[0]
    if (
        _kind(model, operator) != BuiltinOperator.ADD
        or operator.inputs[0] != graph.inputs[0]
        or not _only_reader_of_input(graph)
        or operator.builtinOptions.fusedActivationFunction != ActivationFunctionType.NONE
    ):
        return False
    before, added, after = (graph.tensors[at] for at in (*operator.inputs, *operator.outputs[:1]))
    stored = model.buffers[added.buffer].data
    if stored is None or len(stored) != 1:
        return False
    types, scales, zeros = zip(*map(_quantization, (before, added, after)), strict=True)
    if set(types) != {TensorType.INT8} or scales[0] != [1.0] or scales[2] != [1.0]:
        return False
    (scale,), (zero,) = scales[1], zeros[1]
    level = int(np.asarray(stored, np.uint8).view(np.int8)[0]) - zero
    return bool(np.float32(scale) * np.float32(level) == zeros[0][0] - zeros[2][0])


def _remove_first_operator(model: Any) -> None:
    """Drop the first operator; the tensor that it makes becomes the network's input."""
    (graph,) = model.subgraphs
    made = int(graph.operators[0].outputs[0])
    for signature in model.signatureDefs or []:
        for entry in signature.inputs:
            if entry.tensorIndex == graph.inputs[0]:
                entry.tensorIndex = made
    graph.operators = graph.operators[1:]
    graph.inputs = [made]


def _join_pixels(model: Any, cell_px: int) -> bool:
    """Let the first convolution take a row of its patch as one pixel, if no patches overlap."""
    (graph,) = model.subgraphs
    convolution = graph.operators[0]
    if _kind(model, convolution) != BuiltinOperator.CONV_2D or not _only_reader_of_input(graph):
        return False
    pixels, weights = (graph.tensors[at] for at in convolution.inputs[:2])
    options = convolution.builtinOptions
    kernels, rows, columns, channels = weights.shape
    one, height, width, colours = pixels.shape
    stride = options.strideW
    fits = (
        _quantization(pixels)[0] == TensorType.INT8
        and columns == stride > 1
        and cell_px % stride == width % stride == 0
        and channels == colours
        and options.dilationWFactor == 1
        and pixels.shapeSignature is None
    )
    if not fits:
        return False
    pixels.shape = [one, height, width // columns, columns * colours]
    weights.shape = [kernels, rows, 1, columns * colours]
    options.strideW = 1
    return True


def _kind(model: Any, operator: Any) -> int:
    code = model.operatorCodes[operator.opcodeIndex]
    return max(int(code.builtinCode), int(code.deprecatedBuiltinCode))


def _only_reader_of_input(graph: Any) -> bool:
    """Whether the first operator, and no other, reads the network's input, and reads it once."""
    (source,) = graph.inputs
    times_read = [list(one.inputs).count(source) for one in graph.operators]
    return times_read[0] == 1 == sum(times_read)


def _quantization(tensor: Any) -> tuple[int, list[float], list[int]]:
    """Type, scales and zero points of a tensor."""
    found = tensor.quantization
    if found is None or found.scale is None or found.zeroPoint is None:
        return tensor.type, [], []
    return tensor.type, [float(one) for one in found.scale], [int(one) for one in found.zeroPoint]
