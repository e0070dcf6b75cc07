"""Finds the EXIF and XMP blocks and the size of a picture file without reading its pixels."""

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from crackscan.core.picture_header import HeaderError, parse_header
from crackscan.edge.positioning.tiff import Tiff

_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_FRAME_STARTS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_START_OF_SCAN, _END, _APP1 = 0xDA, 0xD9, 0xE1
_TIFF_XMP = 700
_MOST_BYTES = (1 << 31) - 1


@dataclass(frozen=True)
class Blocks:
    """What a picture file says about itself."""

    exif: bytes | None = None
    """A TIFF structure."""
    xmp: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    """Pixels as stored, before any rotation."""


def read_blocks(path: Path) -> Blocks:
    """Find the blocks in a JPEG (of which only the head is read), TIFF, PNG or WebP file.

    What is damaged or of another kind gives empty blocks. Raises OSError where the file cannot be
    read.
    """
    with path.open("rb") as file:
        if file.read(2) == b"\xff\xd8":
            return _jpeg(file)
        file.seek(0)
        data = file.read(min(os.fstat(file.fileno()).st_size, _MOST_BYTES))
    try:
        header = parse_header(data)
    except HeaderError:
        return Blocks()
    finders = {"TIFF": _tiff, "PNG": _png, "WebP": _webp}
    if header.kind not in finders:
        return Blocks(None, None, header.width, header.height)
    exif, xmp = finders[header.kind](data)
    text = None if xmp is None else xmp.decode("utf-8", "replace")
    return Blocks(exif, text, header.width, header.height)


def _jpeg(file: BinaryIO) -> Blocks:
    exif: bytes | None = None
    xmp: str | None = None
    width = height = None
    while (marker := _next_marker(file)) not in (None, _START_OF_SCAN, _END):
        if marker in _STANDALONE:
            continue
        head = file.read(2)
        length = int.from_bytes(head, "big") - 2
        if len(head) < 2 or length < 0:
            break
        if marker == _APP1:
            body = file.read(length)
            if body.startswith(_EXIF) and exif is None:
                exif = body[len(_EXIF) :]
            elif body.startswith(_XMP) and xmp is None:
                xmp = body[len(_XMP) :].decode("utf-8", "replace")
        elif marker in _FRAME_STARTS and width is None:
            body = file.read(length)
            if len(body) >= 5:
                height, width = struct.unpack_from(">HH", body, 1)
        else:
            file.seek(length, 1)
    return Blocks(exif, xmp, width, height)


def _next_marker(file: BinaryIO) -> int | None:
    """The next marker's second byte; padding before it is passed over, other bytes end the walk."""
    byte = file.read(1)
    if byte != b"\xff":
        return None
    while byte == b"\xff":
        byte = file.read(1)
    return byte[0] if byte else None


def _tiff(data: bytes) -> tuple[bytes | None, bytes | None]:
    try:
        tiff = Tiff(data)
    except ValueError:  # BigTIFF
        return None, None
    value = tiff.directory(tiff.first).tags.get(_TIFF_XMP)
    if isinstance(value, tuple):
        value = bytes(int(number) & 0xFF for number in value)
    return data, value if isinstance(value, bytes) else None


def _png(data: bytes) -> tuple[bytes | None, bytes | None]:
    exif = xmp = None
    at = 8
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if kind == b"eXIf":
            exif = body
        elif kind == b"iTXt" and body.startswith(b"XML:com.adobe.xmp\0\0\0"):
            xmp = body[20:].split(b"\0", 2)[-1]
        at += 12 + length
    return exif, xmp


def _webp(data: bytes) -> tuple[bytes | None, bytes | None]:
    exif = xmp = None
    at = 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        kind, body = data[at : at + 4], data[at + 8 : at + 8 + length]
        if kind == b"EXIF":
            exif = body.removeprefix(_EXIF)
        elif kind == b"XMP ":
            xmp = body
        at += 8 + length + length % 2
    return exif, xmp
