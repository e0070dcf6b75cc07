"""Reads with Pillow what a picture file holds apart from its pixels: format, size, EXIF and XMP."""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

from crackscan.core.exif import NO_EXIF, XMP_PACKET, Exif, ignore_warnings, read_exif

_WIDTH, _HEIGHT = 256, 257
_EXIF_PREFIX, _XMP_PREFIX = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_TIFF_MAGIC = (b"II*\0", b"MM\0*")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"\0\0\0\0IEND\xae\x42\x60\x82"


class UnknownFormatError(Exception):
    """The content is not a picture of a kind that is read; the text says why."""


class DamagedHeaderError(Exception):
    """The content begins like a picture of the kind `args[0]`, but its header cannot be read."""


@dataclass(frozen=True)
class PictureMetadata:
    """What a picture file holds apart from its pixels."""

    kind: str
    """JPEG, PNG, TIFF, WebP or BMP."""
    width: int
    height: int
    """Pixels as stored, before any rotation."""
    exif: Exif = NO_EXIF
    xmp: bytes | None = None
    """The XMP packet: XML, in UTF-8 as a rule."""

    @property
    def orientation(self) -> int:
        """EXIF orientation (tag 0x0112), 1 to 8; of a TIFF always 1, because libtiff applies it."""
        return 1 if self.kind == "TIFF" else self.exif.orientation


def read_metadata(file: BinaryIO) -> PictureMetadata:
    """Read the metadata of an open picture file; of a JPEG, only the head is read.

    Raises UnknownFormatError, DamagedHeaderError, or OSError if nothing can be read.
    """
    start = file.read(32)
    found = next((kind for magic, kind in _MAGIC if re.match(magic, start, re.DOTALL)), None)
    if found in _NOT_READ:
        raise UnknownFormatError(f"is a {found} picture, which is not read: save it as JPEG")
    if found is None:
        raise UnknownFormatError("is not a picture (JPEG, PNG, TIFF, WebP and BMP are read)")
    file.seek(0)
    from PIL.Image import DecompressionBombError

    with ignore_warnings():
        try:
            return _READERS[found](file)
        except ModuleNotFoundError:
            raise
        except DecompressionBombError:  # Pillow sets up a decoder to read the header of a WebP
            raise UnknownFormatError(f"is too large for a {found} to be read") from None
        except Exception as error:  # Pillow's parsers raise whatever Python raises on damaged data
            raise DamagedHeaderError(found) from error


def _read_jpeg(file: BinaryIO) -> PictureMetadata:
    from PIL.JpegImagePlugin import JpegImageFile

    image: Any = JpegImageFile(file)
    blocks: list[bytes] = []
    xmp = None
    for name, body in image.applist:
        if name != "APP1":
            continue
        if body.startswith(_EXIF_PREFIX):
            block = body[len(_EXIF_PREFIX) :]
            if blocks and not block.startswith(_TIFF_MAGIC):  # a long block goes on
                blocks[-1] += block
            else:
                blocks.append(block)
        elif body.startswith(_XMP_PREFIX) and xmp is None:
            xmp = body[len(_XMP_PREFIX) :]
    return PictureMetadata("JPEG", image.width, image.height, _fullest_exif(blocks), xmp)


def _fullest_exif(blocks: list[bytes]) -> Exif:
    """The block with the most entries: some programs add a second one, or leave an empty first."""
    found = [read_exif(BytesIO(block)) for block in blocks]
    return max(found, key=lambda exif: exif.entries, default=NO_EXIF)


def _read_png(file: BinaryIO) -> PictureMetadata:
    from PIL.PngImagePlugin import PngImageFile

    chunks = _png_chunks(file)
    try:
        image: Any = PngImageFile(_small_png(chunks))
    except Exception:  # OpenCV passes over an eXIf or iTXt chunk that it cannot read, and so do we
        image = PngImageFile(_small_png([one for one in chunks if one[4:8] == b"IHDR"]))
    xmp = image.info.get("XML:com.adobe.xmp")
    packet = None if xmp is None else str(xmp).encode()
    return PictureMetadata("PNG", image.width, image.height, _exif_of(image), packet)


def _png_chunks(file: BinaryIO) -> list[bytes]:
    """The chunks that Pillow is to read; it would read those behind the pixels only with them.

    A damaged chunk of metadata is left out here, because whether Pillow refuses it depends on a
    global switch that other libraries set (WeasyPrint for one).
    """
    chunks = []
    file.seek(len(_PNG_SIGNATURE))
    while len(start := file.read(8)) == 8:
        length, kind = int.from_bytes(start[:4], "big"), start[4:]
        if kind in (b"IHDR", b"eXIf", b"iTXt"):
            rest = file.read(length + 4)
            body, stated = rest[:-4], int.from_bytes(rest[-4:], "big")
            if kind == b"IHDR" or zlib.crc32(kind + body) == stated:
                chunks.append(start + rest)
        else:
            file.seek(length + 4, 1)
    return chunks


def _small_png(chunks: list[bytes]) -> BinaryIO:
    return BytesIO(b"".join((_PNG_SIGNATURE, *chunks, _PNG_END)))


def _read_webp(file: BinaryIO) -> PictureMetadata:
    from PIL.WebPImagePlugin import WebPImageFile

    image: Any = WebPImageFile(file)
    return PictureMetadata(
        "WebP", image.width, image.height, _exif_of(image), image.info.get("xmp")
    )


def _exif_of(image: Any) -> Exif:
    block = image.info.get("exif")
    return NO_EXIF if not block else read_exif(BytesIO(block.removeprefix(_EXIF_PREFIX)))


def _read_bmp(file: BinaryIO) -> PictureMetadata:
    from PIL.BmpImagePlugin import BmpImageFile

    image: Any = BmpImageFile(file)
    return PictureMetadata("BMP", image.width, image.height)


def _read_tiff(file: BinaryIO) -> PictureMetadata:
    """The first directory alone: OpenCV reads kinds of pixels that Pillow refuses."""
    exif = read_exif(file)
    packet = exif.root.tags.get(XMP_PACKET)
    width, height = exif.root.read_number(_WIDTH), exif.root.read_number(_HEIGHT)
    if width is None or height is None:
        raise ValueError("no size")
    return PictureMetadata(
        "TIFF", int(width), int(height), exif, packet if isinstance(packet, bytes) else None
    )


_MAGIC: list[tuple[bytes, str]] = [
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]", "TIFF"),
    (rb"RIFF....WEBP", "WebP"),
    (rb"BM.{12}[\x0c-\x7c]\x00\x00\x00", "BMP"),
    (rb"GIF8", "GIF"),
    (rb".{4}ftyp(?:hei|hev|mif|msf|avi)", "HEIC or AVIF"),
]
_NOT_READ = ("GIF", "HEIC or AVIF")
_READERS: dict[str, Callable[[BinaryIO], PictureMetadata]] = {
    "JPEG": _read_jpeg,
    "PNG": _read_png,
    "TIFF": _read_tiff,
    "WebP": _read_webp,
    "BMP": _read_bmp,
}
