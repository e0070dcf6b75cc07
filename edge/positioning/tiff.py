"""Reads the directories of an EXIF block or TIFF file, whatever is damaged in them left out."""

import struct
from dataclasses import dataclass

Value = tuple[float, ...] | str | bytes
"""Numbers (rationals divided, those over zero as not-a-number), text, or undefined bytes."""

_MOST_ENTRIES, _MOST_BYTES = 1024, 1 << 20
_NUMBERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
_RATIONALS = {5: "I", 10: "i"}
_ASCII, _UNDEFINED = 2, 7


@dataclass(frozen=True)
class Directory:
    """The entries of one directory that could be read."""

    tags: dict[int, Value]
    damaged: bool
    """Whether an entry, or the end of the directory, lies outside the data."""

    def numbers(self, tag: int, count: int = 1) -> tuple[float, ...] | None:
        """That many numbers at least, or None."""
        value = self.tags.get(tag)
        return value if isinstance(value, tuple) and len(value) >= count else None

    def number(self, tag: int) -> float | None:
        """One finite number, or None."""
        values = self.numbers(tag)
        if values is None or values[0] != values[0] or abs(values[0]) == float("inf"):
            return None
        return values[0]

    def text(self, tag: int) -> str | None:
        """Text without the padding, or None where there is none."""
        value = self.tags.get(tag)
        return (value.strip() or None) if isinstance(value, str) else None


class Tiff:
    """A TIFF structure (TIFF 6.0, section 2), in memory."""

    def __init__(self, data: bytes) -> None:
        """Raises ValueError where the data does not begin as TIFF does."""
        orders = {b"II*\0": "<", b"MM\0*": ">"}
        if len(data) < 8 or data[:4] not in orders:
            raise ValueError("no TIFF header")
        self._data, self._order = data, orders[data[:4]]
        self.first: int = struct.unpack_from(self._order + "I", data, 4)[0]

    def directory(self, offset: float | None) -> Directory:
        """The directory at an offset; an empty, damaged one where there is none."""
        if offset is None or not 8 <= offset <= len(self._data) - 2:
            return Directory({}, damaged=True)
        start = int(offset)
        count: int = struct.unpack_from(self._order + "H", self._data, start)[0]
        tags: dict[int, Value] = {}
        damaged = count > _MOST_ENTRIES or start + 2 + 12 * count > len(self._data)
        for at in range(start + 2, start + 2 + 12 * min(count, _MOST_ENTRIES), 12):
            try:
                tag, kind, number = struct.unpack_from(self._order + "HHI", self._data, at)
                value = self._value(kind, number, at + 8)
            except struct.error:
                damaged = True
            else:
                if value is not None:
                    tags.setdefault(tag, value)
        return Directory(tags, damaged)

    def _value(self, kind: int, count: int, at: int) -> Value | None:
        """Raises struct.error where the value lies outside the data."""
        letter = _NUMBERS.get(kind) or 2 * _RATIONALS.get(kind, "")
        if kind in (_ASCII, _UNDEFINED):
            letter = "s"
        if not letter:
            return None
        size = struct.calcsize(self._order + letter) * count
        if size > _MOST_BYTES:
            raise struct.error("too large")
        if size > 4:
            at = struct.unpack_from(self._order + "I", self._data, at)[0]
        if kind in (_ASCII, _UNDEFINED):
            raw: bytes = struct.unpack_from(f"{count}s", self._data, at)[0]
            if kind == _UNDEFINED:
                return raw
            return raw.split(b"\0")[0].decode("utf-8", "replace")
        numbers = struct.unpack_from(self._order + letter * count, self._data, at)
        if kind in _RATIONALS:
            pairs = zip(numbers[::2], numbers[1::2], strict=True)
            return tuple(top / bottom if bottom else float("nan") for top, bottom in pairs)
        return tuple(float(number) for number in numbers)
