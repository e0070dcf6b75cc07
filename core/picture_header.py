"""Reads a picture's format and size from its first bytes, so that nothing is decoded blindly."""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Header:
    """What a picture file says of itself before any pixel is decoded."""

    kind: str
    """JPEG, PNG, TIFF, WebP or BMP."""
    width: int
    height: int
    """Pixels as stored, before any rotation."""
    orientation: int = 1
    """EXIF orientation 1 to 8, read for WebP only: OpenCV before 4.10 ignores it there."""


class HeaderError(Exception):
    """The bytes are no picture that can be read; the text says why, to follow a file's name."""


_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_FRAME_STARTS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WIDTH, _HEIGHT, _ORIENTATION = 256, 257, 274


def parse_header(data: bytes) -> Header:
    """The header of a whole file's bytes; raises HeaderError, also when the file is cut short."""
    parse = next((f for magic, f in _FORMATS if re.match(magic, data, re.DOTALL)), None)
    if parse is None:
        raise HeaderError("is not a picture (JPEG, PNG, TIFF, WebP and BMP are read)")
    try:
        header = parse(data)
    except (IndexError, struct.error):
        raise HeaderError("is cut short: copy it again from the camera or card") from None
    if header.width < 1 or header.height < 1:
        raise HeaderError(
            f"is a damaged {header.kind}: it says {header.width}x{header.height} pixels"
        )
    return header


def _jpeg(data: bytes) -> Header:
    """Walks all segments to the end marker, past the thumbnail that EXIF may hold.

    OpenCV before 5 fills the missing part of a cut file with grey and calls it a success.
    """
    size: tuple[int, int] | None = None
    at = 2
    while True:
        found = _NEXT_MARKER.search(data, at)
        if found is None:
            raise IndexError
        marker, at = data[found.start() + 1], found.end()
        if marker == 0xD9:
            break
        if marker in (0x01, 0xD8):
            continue
        if marker in _FRAME_STARTS and size is None:
            height, width = struct.unpack_from(">HH", data, at + 3)
            size = width, height
        at += struct.unpack_from(">H", data, at)[0]
    if size is None:
        raise HeaderError("is a damaged JPEG: it holds no picture")
    return Header("JPEG", *size)


def _png(data: bytes) -> Header:
    return Header("PNG", *struct.unpack_from(">II", data, 16))


def _bmp(data: bytes) -> Header:
    if struct.unpack_from("<I", data, 14)[0] == 12:
        return Header("BMP", *struct.unpack_from("<HH", data, 18))
    width, height = struct.unpack_from("<ii", data, 18)
    return Header("BMP", width, abs(height))


def _webp(data: bytes) -> Header:
    if struct.unpack_from("<I", data, 4)[0] + 8 > len(data):
        raise IndexError
    chunk = data[12:16]
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header("WebP", width & 0x3FFF, height & 0x3FFF)
    if chunk == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return Header("WebP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    width = int.from_bytes(data[24:27], "little") + 1
    height = int.from_bytes(data[27:30], "little") + 1
    return Header("WebP", width, height, _webp_orientation(data))


def _webp_orientation(data: bytes) -> int:
    at = 12
    while at + 8 <= len(data):
        name, length = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if name == b"EXIF":
            exif = data[at + 8 : at + 8 + length].removeprefix(b"Exif\0\0")
            try:
                orientation = _tiff_tags(exif).get(_ORIENTATION, 1)
            except (IndexError, struct.error):
                return 1
            return orientation if 1 <= orientation <= 8 else 1
        at += 8 + length + length % 2
    return 1


def _tiff(data: bytes) -> Header:
    tags = _tiff_tags(data)
    return Header("TIFF", tags.get(_WIDTH, 0), tags.get(_HEIGHT, 0))


def _tiff_tags(data: bytes) -> dict[int, int]:
    """The first directory's entries that are one unsigned integer (TIFF 6.0 and BigTIFF)."""
    order = "<" if data[:2] == b"II" else ">"
    if struct.unpack_from(order + "H", data, 2)[0] == 43:
        at = struct.unpack_from(order + "Q", data, 8)[0]
        count, at, step, field = struct.unpack_from(order + "Q", data, at)[0], at + 8, 20, 12
    else:
        at = struct.unpack_from(order + "I", data, 4)[0]
        count, at, step, field = struct.unpack_from(order + "H", data, at)[0], at + 2, 12, 8
    tags = {}
    for entry in range(at, at + step * min(count, 4096), step):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if kind in (3, 4, 16):
            code = {3: "H", 4: "I", 16: "Q"}[kind]
            tags[tag] = struct.unpack_from(order + code, data, entry + field)[0]
    return tags


def _unread(data: bytes) -> Header:
    kind = "GIF" if data.startswith(b"GIF8") else "HEIC or AVIF"
    raise HeaderError(f"is a {kind} picture, which is not read: save it as JPEG")


_FORMATS: list[tuple[bytes, Callable[[bytes], Header]]] = [
    (rb"\xff\xd8\xff", _jpeg),
    (rb"\x89PNG\r\n\x1a\n", _png),
    (rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]", _tiff),
    (rb"RIFF....WEBP", _webp),
    (rb"BM.{12}[\x0c-\x7c]\x00\x00\x00", _bmp),
    (rb"GIF8|.{4}ftyp(?:hei|hev|mif|msf|avi)", _unread),
]
