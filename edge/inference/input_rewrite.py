"""Spares a network what it does to pixels before its first convolution, bit for bit.

A file takes camera bytes, so it begins with two operators that go over every pixel of a frame: one
turns bytes into int8, for which no delegate has a kernel, and one subtracts 127 grey levels, which
leaves the int8 as they are and only changes what they stand for. Together they take a third of
the time of `crack-s` on a whole frame. Here the file is changed in memory so that it begins behind
them, and the bytes are turned while they are copied into the interpreter.

A first convolution whose squares lie side by side, 4x4 at every fourth pixel for one, is also made
to see each row of a square as one pixel of 12 channels, which is how the picture lies in memory:
the same sums of the same products, from a quarter of the pieces. A kernel takes channels by
eights, so that three of them cost as much as eight.
"""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crackscan.edge.inference.flatbuffer import Flatbuffer

SIGN = np.uint8(0x80)
"""A byte with this bit turned over is, as int8, the byte less 128."""
_BROKEN = struct.error, IndexError, ValueError, OverflowError

# Numbers of the schema: operators, types, fields of its tables.
_ADD, _CONVOLUTION, _QUANTIZE = 0, 3, 114
_UINT8, _INT8 = 3, 9
_CODES, _SUBGRAPHS, _BUFFERS, _SIGNATURES = 1, 2, 4, 7
_TENSORS, _INPUTS, _OPERATORS = 0, 1, 3
_CODE, _READS, _MAKES, _OPTIONS = 0, 1, 2, 4
_SHAPE, _TYPE, _BUFFER, _QUANTIZATION, _SIGNATURE = 0, 1, 2, 4, 7
_SCALE, _ZERO = 2, 3
_STRIDE, _DILATION = 1, 4
"""Across, of a convolution."""


@dataclass(frozen=True)
class Spared:
    """A network that begins later, and takes pixels as int8: each byte less 128."""

    content: bytes
    joined: int = 1
    """So many pixels side by side are one to it, with the channels of all: an input of
    (1, height, width / joined, channels * joined) of the same bytes."""


def without_first_layers(content: bytes, cell_px: int) -> Spared | None:
    """The same network for int8 pixels, where its first operator takes camera bytes to int8.

    None where it begins otherwise. Pixels are joined only where every width that is a multiple of
    `cell_px` allows it.
    """
    try:
        return _changed(bytearray(content), cell_px)
    except _BROKEN:  # the runtime tells what is wrong with the file
        return None


def fill(pixels: npt.NDArray[np.int8] | npt.NDArray[np.uint8], rgb: npt.NDArray[np.uint8]) -> None:
    """Write a picture (height, width, 3) as a network takes it.

    Signed pixels get each byte less 128. Where the input is higher or wider, the picture is
    mirrored at its lower and right border.
    """
    height, width = rgb.shape[:2]
    inside = pixels.view(np.uint8)[:height, :width]
    if pixels.dtype == np.int8:
        np.bitwise_xor(rgb, SIGN, out=inside)
    else:
        inside[:] = rgb
    if height < pixels.shape[0]:
        pixels[height:, :width] = pixels[_mirrored(height, pixels.shape[0]), :width]
    if width < pixels.shape[1]:
        pixels[:, width:] = pixels[:, _mirrored(width, pixels.shape[1])]


def _mirrored(side: int, whole: int) -> npt.NDArray[np.intp]:
    """Which lines of a side are mirrored into those that it lacks."""
    return np.pad(np.arange(side), (0, whole - side), mode="reflect")[side:]


def _changed(data: bytearray, cell_px: int) -> Spared | None:
    network = _Network(data)
    given = network.input
    if network.first() != (_QUANTIZE, [given]):
        return None
    made = network.made_first()
    plain = (
        network.read_once(given)
        and network.kind(given) == (_UINT8, [1.0], [0])
        and network.kind(made) == (_INT8, [1.0], [-128])
    )
    if not plain:
        return None
    network.begin_behind_first(made)
    if network.first_adds_nothing():
        network.begin_behind_first(network.made_first())
    joined = network.join(cell_px)
    return Spared(bytes(data), joined)


class _Network:
    """A file's only graph, of which the first operators matter here."""

    def __init__(self, data: bytearray) -> None:
        self._file = Flatbuffer(data)
        self._model = self._file.follow(0)
        (self._graph,) = self._file.tables(self._model, _SUBGRAPHS)
        self._tensors = self._file.tables(self._graph, _TENSORS)
        (self.input,) = self._file.integers(self._graph, _INPUTS)

    @property
    def _operators(self) -> list[int]:
        return self._file.tables(self._graph, _OPERATORS)

    def first(self) -> tuple[int, list[int]]:
        """What the first operator is, and which tensors it reads."""
        first, codes = self._operators[0], self._file.tables(self._model, _CODES)
        code = codes[self._file.integer(first, _CODE)]
        kind = max(self._file.byte(code, 0), self._file.integer(code, 3))
        return kind, self._file.integers(first, _READS)

    def made_first(self) -> int:
        """The tensor that the first operator makes."""
        (made,) = self._file.integers(self._operators[0], _MAKES)
        return made

    def read_once(self, tensor: int) -> bool:
        """Whether only the first operator reads a tensor."""
        reading = [tensor in self._file.integers(one, _READS) for one in self._operators]
        return reading[0] and sum(reading) == 1

    def kind(self, tensor: int) -> tuple[int, list[float], list[float]]:
        """Type, scales and zero points of a tensor."""
        table = self._tensors[tensor]
        quantized = self._file.table(table, _QUANTIZATION)
        scales = self._file.values(quantized, _SCALE, "<f")
        return self._file.byte(table, _TYPE), scales, self._file.values(quantized, _ZERO, "<q")

    def begin_behind_first(self, pixels: int) -> None:
        """Drop the first operator; the network's input is this tensor then."""
        self._file.drop_first(self._graph, _OPERATORS)
        self._file.set_integers(self._graph, _INPUTS, [pixels])
        self._file.empty(self._model, _SIGNATURES)  # they name the old input
        self.input = pixels

    def first_adds_nothing(self) -> bool:
        """Whether the first operator subtracts as many levels as its output's zero point moves."""
        kind, reads = self.first()
        if kind != _ADD or len(reads) != 2 or reads[0] != self.input:
            return False
        buffers = self._file.tables(self._model, _BUFFERS)
        buffer = buffers[self._file.integer(self._tensors[reads[1]], _BUFFER)]
        levels = self._file.values(buffer, 0, "<b")
        if len(levels) != 1:
            return False
        added, before, after = (self.kind(one) for one in (reads[1], self.input, self.made_first()))
        (scale,), (zero,) = added[1:]
        options = self._file.table(self._operators[0], _OPTIONS)
        return (
            added[0] == before[0] == after[0] == _INT8
            and before[1] == after[1] == [1.0]
            and np.float32(scale) * np.float32(levels[0] - zero) == before[2][0] - after[2][0]
            and self._file.byte(options, 0) == 0  # no activation
            and self.read_once(self.input)
        )

    def join(self, cell_px: int) -> int:
        """Make the first convolution see the pixels of a row of its square as one."""
        kind, reads = self.first()
        if kind != _CONVOLUTION or reads[0] != self.input or not self.read_once(self.input):
            return 1
        options = self._file.table(self._operators[0], _OPTIONS)
        stride = self._file.integer(options, _STRIDE)
        pixels, weights = (self._tensors[one] for one in reads[:2])
        made, high, wide, channels = self._file.integers(weights, _SHAPE)
        one, height, width, colours = self._file.integers(pixels, _SHAPE)
        fits = (
            wide == stride > 1
            and cell_px % stride == width % stride == 0
            and channels == colours
            and self._file.integer(options, _DILATION, 1) == 1
            and not any(self._file.field(each, _SIGNATURE) for each in (pixels, weights))
        )
        if not fits:
            return 1
        self._file.set_integers(pixels, _SHAPE, [one, height, width // wide, wide * colours])
        self._file.set_integers(weights, _SHAPE, [made, high, 1, wide * colours])
        self._file.set_integer(options, _STRIDE, 1)
        return wide
