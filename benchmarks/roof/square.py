"""A network of one large int8 convolution: the most that a runtime reaches on a core."""

import numpy as np

SIDE, CHANNELS = 64, 512
"""Of the picture, and of both input and output: weights and pixels each fit a core's L2 cache."""


def square_convolution(kernel: int, side: int = SIDE, channels: int = CHANNELS) -> bytes:
    """A `.tflite` with one int8 convolution, (1, side, side, channels) to the same.

    Weights are random and have a scale for each channel, as those of converted networks.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    rng = np.random.default_rng(0)
    weights = rng.integers(-127, 128, (channels, kernel, kernel, channels), np.int8)
    each = np.full(channels, 1e-3, np.float32)
    model = schema.ModelT()
    model.version = 3
    model.buffers = [schema.BufferT(), schema.BufferT(), schema.BufferT()]
    model.buffers[1].data = weights.tobytes()
    model.buffers[2].data = np.zeros(channels, np.int32).tobytes()
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONV_2D
    code.version = 3
    model.operatorCodes = [code]
    options = schema.Conv2DOptionsT()
    options.padding = schema.Padding.SAME
    options.strideW = options.strideH = options.dilationWFactor = options.dilationHFactor = 1
    convolution = schema.OperatorT()
    convolution.opcodeIndex = 0
    convolution.inputs, convolution.outputs = [0, 1, 2], [3]
    convolution.builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
    convolution.builtinOptions = options
    graph = schema.SubGraphT()
    pixels = [1, side, side, channels]
    int8, int32 = schema.TensorType.INT8, schema.TensorType.INT32
    one = np.ones(1, np.float32)
    graph.tensors = [
        _add_tensor("pixels", pixels, int8, 0, 0.05 * one),
        _add_tensor("weights", list(weights.shape), int8, 1, each),
        _add_tensor("bias", [channels], int32, 2, 0.05 * each),
        _add_tensor("sums", pixels, int8, 0, one),
    ]
    graph.inputs, graph.outputs, graph.operators = [0], [3], [convolution]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(weights.size + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def square_macs(kernel: int, side: int = SIDE, channels: int = CHANNELS) -> int:
    """Its multiply-adds; at the borders a few fall on padding."""
    return side * side * channels * channels * kernel * kernel


def _add_tensor(
    name: str,
    shape: list[int],
    kind: int,
    buffer: int,
    scale: np.ndarray[tuple[int], np.dtype[np.float32]],
) -> object:
    from ai_edge_litert import schema_py_generated as schema

    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, shape, kind, buffer
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale = scale.tolist()
    tensor.quantization.zeroPoint = [0] * len(scale)
    return tensor
