"""Reads the directories of an EXIF block or TIFF file with Pillow; what is damaged is left out."""

import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Any, BinaryIO

Value = tuple[float, ...] | str | bytes
"""Numbers (rationals as quotients, x/0 as not-a-number), text, or the bytes of an opaque value."""

ORIENTATION, XMP_PACKET = 0x0112, 0x02BC
_CAMERA_POINTER, _GPS_POINTER = 0x8769, 0x8825
_MAX_READ_BYTES = 1 << 26
"""More than this is never read of one directory: 64 MiB hold any metadata that a camera writes."""

_BIG_TIFF = b"II\x2b\0"
_warnings_lock = threading.RLock()


@dataclass(frozen=True)
class Directory:
    """The entries of one directory that could be read."""

    tags: Mapping[int, Value] = field(default_factory=dict)
    damaged: bool = False
    """Whether an entry, or the end of the directory, lies outside the data."""

    def read_numbers(self, tag: int, count: int = 1) -> tuple[float, ...] | None:
        """The numbers of an entry, or None if it has fewer than `count`."""
        value = self.tags.get(tag)
        return value if isinstance(value, tuple) and len(value) >= count else None

    def read_number(self, tag: int) -> float | None:
        """The first number of an entry, or None if it is missing or not finite."""
        values = self.read_numbers(tag)
        return values[0] if values is not None and isfinite(values[0]) else None

    def read_text(self, tag: int) -> str | None:
        """The text of an entry without padding, or None if it is missing or empty."""
        value = self.tags.get(tag)
        return (value.strip() or None) if isinstance(value, str) else None


@dataclass(frozen=True)
class Exif:
    """The three directories of an EXIF block that are used here."""

    root: Directory = field(default_factory=Directory)
    camera: Directory = field(default_factory=Directory)
    gps: Directory = field(default_factory=Directory)

    @property
    def damaged(self) -> bool:
        return self.root.damaged or self.camera.damaged or self.gps.damaged

    @property
    def entries(self) -> int:
        return len(self.root.tags) + len(self.camera.tags) + len(self.gps.tags)

    @property
    def orientation(self) -> int:
        """EXIF orientation (tag 0x0112), 1 to 8; 1, upright, if it is missing or invalid."""
        value = self.root.read_number(ORIENTATION)
        return int(value) if value is not None and value in range(1, 9) else 1


NO_EXIF = Exif()
DAMAGED_EXIF = Exif(root=Directory(damaged=True))


def read_exif(file: BinaryIO) -> Exif:
    """Read a TIFF structure (TIFF 6.0 or BigTIFF) that begins at the start of `file`.

    Never raises for damaged data: what can be read is returned, and `damaged` is set.
    """
    file.seek(0)
    head = file.read(8)
    if head[:4] in (_BIG_TIFF, b"MM\0\x2b"):
        head += file.read(8)
    root, first = _read_directory(file, head, None)
    if first is None:
        return DAMAGED_EXIF
    camera = _follow_pointer(file, head, root, _CAMERA_POINTER)
    gps = _follow_pointer(file, head, root, _GPS_POINTER)
    return Exif(root, camera, gps)


@contextmanager
def ignore_warnings() -> Iterator[None]:
    """Ignore Pillow's warnings of damaged metadata: `damaged` and refusals report it.

    One thread at a time, because Python's warning filters belong to the process.
    """
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class _LimitedReader:
    """A file that records reads past its end and gives no more than _MAX_READ_BYTES."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left_bytes = _MAX_READ_BYTES
        self.read_past_end = False

    def read(self, size: int) -> bytes:
        self._left_bytes -= size
        data = self._file.read(size) if self._left_bytes >= 0 else b""
        self.read_past_end |= len(data) < size
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _follow_pointer(file: BinaryIO, head: bytes, root: Directory, tag: int) -> Directory:
    if tag not in root.tags:
        return Directory()
    offset = root.read_number(tag)
    if offset is None or offset < len(head):
        return Directory(damaged=True)
    return _read_directory(file, head, int(offset))[0]


def _read_directory(
    file: BinaryIO, head: bytes, offset: int | None
) -> tuple[Directory, int | None]:
    """The directory at an offset (None: the first one), and its offset (None: not a TIFF)."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    reader = _LimitedReader(file)
    tags: dict[int, Value] = {}
    with ignore_warnings():
        try:
            # Pillow knows a BigTIFF only by its little-endian head; `prefix` is the byte order.
            known_head = _BIG_TIFF + head[4:] if len(head) == 16 else head
            directory: Any = ImageFileDirectory_v2(known_head, prefix=head[:2])
            offset = directory.next if offset is None else offset
            reader.seek(offset)
            directory.load(reader)
            entries = list(directory)
        except Exception:  # Pillow's parsers raise whatever Python raises on damaged data
            return Directory(damaged=True), offset
        damaged = reader.read_past_end
        for tag in entries:
            try:
                tags[tag] = _convert_value(directory[tag])
            except Exception:  # as above: this entry alone is left out
                damaged = True
    return Directory(tags, damaged), offset


def _convert_value(value: Any) -> Value:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):  # Pillow decodes as Latin-1; cameras write ASCII or UTF-8
        return value.split("\0")[0].encode("latin-1", "replace").decode("utf-8", "replace")
    numbers = value if isinstance(value, tuple) else (value,)
    return tuple(_to_float(number) for number in numbers)


def _to_float(number: Any) -> float:
    try:
        return float(number)
    except ZeroDivisionError:  # a rational x/0, in Pillow 9
        return nan
