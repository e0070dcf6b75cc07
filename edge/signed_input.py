"""Spares a network its first operator, which only turns the camera's bytes into int8.

No delegate has that operator; the interpreter's own takes a third of the time of `crack-s` on a
whole frame. Here the file is changed in memory so that it takes int8, and the bytes are turned
while they are copied into the interpreter, which costs next to nothing.
"""

import struct

import numpy as np
import numpy.typing as npt

SIGN = np.uint8(0x80)
"""A byte with this bit turned over is, as int8, the byte less 128."""
_QUANTIZE, _UINT8, _INT8 = 114, 3, 9
_SUBGRAPHS, _SIGNATURES = 2, 7
_BROKEN = struct.error, IndexError, ValueError, OverflowError


def with_signed_input(content: bytes) -> bytes | None:
    """The same network for int8 pixels, where its first operator takes camera bytes to int8.

    None where it begins otherwise. The layout is that of TFLite's schema (version 3): tables whose
    fields are found over their vtables.
    """
    try:
        return _changed(bytearray(content))
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


def _changed(data: bytearray) -> bytes | None:
    file = _Flatbuffer(data)
    model = file.follow(0)
    (graph,) = file.tables(model, _SUBGRAPHS)
    tensors, operators = file.tables(graph, 0), file.tables(graph, 3)
    ((given,), (made,)) = (file.integers(operators[0], field) for field in (1, 2))
    readers = [one for one in operators if given in file.integers(one, 1)]
    plain = (
        file.integers(graph, 1) == [given]
        and file.opcode(model, operators[0]) == _QUANTIZE
        and readers == operators[:1]
        and file.kind(tensors[given]) == (_UINT8, [1.0], [0])
        and file.kind(tensors[made]) == (_INT8, [1.0], [-128])
    )
    if not plain:
        return None
    file.drop_first(graph, 3)
    inputs = file.vector(graph, 1)
    struct.pack_into("<i", data, inputs + 4, made)
    signatures = file.vector(model, _SIGNATURES)
    if signatures:  # they name the old input
        struct.pack_into("<I", data, signatures, 0)
    return bytes(data)


class _Flatbuffer:
    """Just enough of the format to read and change a few fields in place."""

    def __init__(self, data: bytearray) -> None:
        self._data = data

    def follow(self, at: int) -> int:
        """Where the offset at a place leads to."""
        return at + self._number("<I", at)

    def field(self, table: int, number: int) -> int:
        """The place of a table's field; 0 where it is not there."""
        vtable = table - self._number("<i", table)
        entry = 4 + 2 * number
        if entry >= self._number("<H", vtable):
            return 0
        offset = self._number("<H", vtable + entry)
        return table + offset if offset else 0

    def vector(self, table: int, number: int) -> int:
        """The place of a vector, where its length is; 0 where it is not there."""
        at = self.field(table, number)
        return self.follow(at) if at else 0

    def tables(self, table: int, number: int) -> list[int]:
        at = self.vector(table, number)
        count = self._number("<I", at) if at else 0
        return [self.follow(at + 4 + 4 * i) for i in range(count)]

    def integers(self, table: int, number: int) -> list[int]:
        return [int(one) for one in self._values(self.vector(table, number), "<i")]

    def kind(self, tensor: int) -> tuple[int, list[float], list[int]]:
        """Type, scales and zero points of a tensor."""
        at = self.field(tensor, 1)
        quantized = self.follow(self.field(tensor, 4))
        scales = [float(one) for one in self._values(self.vector(quantized, 2), "<f")]
        zeros = [int(one) for one in self._values(self.vector(quantized, 3), "<q")]
        return int(self._data[at]) if at else 0, scales, zeros

    def opcode(self, model: int, operator: int) -> int:
        at = self.field(operator, 0)
        code = self.tables(model, 1)[self._number("<I", at) if at else 0]
        old, new = self.field(code, 0), self.field(code, 3)
        return max(self._data[old] if old else 0, self._number("<i", new) if new else 0)

    def drop_first(self, table: int, number: int) -> None:
        """Shorten a vector of tables by its first one."""
        at = self.vector(table, number)
        left = self.tables(table, number)[1:]
        struct.pack_into("<I", self._data, at, len(left))
        for i, one in enumerate(left):
            place = at + 4 + 4 * i
            struct.pack_into("<I", self._data, place, one - place)

    def _values(self, vector: int, form: str) -> list[int | float]:
        count = self._number("<I", vector) if vector else 0
        size = struct.calcsize(form)
        return [
            struct.unpack_from(form, self._data, vector + 4 + size * i)[0] for i in range(count)
        ]

    def _number(self, form: str, at: int) -> int:
        return int(struct.unpack_from(form, self._data, at)[0])
