"""Reads pictures as RGB uint8, whatever the file holds; a file that is cut short is refused."""

import os
import re
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.errors import PictureError
from crackscan.core.picture_header import HeaderError, parse_header
from crackscan.core.picture_metadata import PictureMetadata
from crackscan.core.stderr_capture import capture_library_messages

RGB = NDArray[np.uint8]
"""A picture: uint8 (height, width, 3), red first, contiguous."""

MAX_PIXELS = 200_000_000
MAX_BYTES = 2**31 - 1
_STRIP_ROWS = 128
_TRANSPOSED = (5, 6, 7, 8)
_FLIP_CODES = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}
"""By orientation: the flip that follows the transposition, as cv2.flip takes it."""
_SUFFIXES = {".jpg", ".jpeg", ".jpe", ".png", ".tif", ".tiff", ".webp", ".bmp"}
_UNREAD_SUFFIXES = {".heic", ".heif", ".avif", ".gif"}
_REDUCED = {
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
_DAMAGE = re.compile(
    r"Corrupt JPEG data: (?:premature|bad|found|\d{2,} extraneous)|Premature end of JPEG"
    r"|Inconsistent progression|TIFF_Error"
)


def is_picture(path: str | os.PathLike[str]) -> bool:
    """Whether a file's name is a picture's, even of a kind that `read_picture` refuses."""
    return Path(path).suffix.lower() in _SUFFIXES | _UNREAD_SUFFIXES


def read_picture(path: str | os.PathLike[str]) -> RGB:
    """Read a JPEG, PNG, TIFF, WebP or BMP as RGB uint8 (height, width, 3), upright.

    EXIF orientation is applied. Grey becomes three equal channels; 16 bits are scaled to 8 (65535
    is 255); transparency is dropped, and the stored colours are kept; of several pages, the first
    is read. The content decides the format, not the name.

    Raises PictureError, in one line, for a file that is missing, a folder, not a picture, cut
    short, damaged, or larger than MAX_PIXELS, which the header states before anything is decoded.
    """
    path = Path(path)
    return decode_picture(_read_bytes(path), path)


def decode_picture(
    data: bytes, path: Path, reduction: int = 1, metadata: PictureMetadata | None = None
) -> RGB:
    """Decode a picture file's content as `read_picture` does; `path` is named in errors.

    With a `reduction` of 2, 4 or 8 the result has ceil(height / reduction) by
    ceil(width / reduction) px. A JPEG is decoded at that size, which takes less memory; other
    formats are decoded first and then scaled down. `metadata` is that of `check_header`, if it was
    called before.
    """
    return _decode(path, data, metadata or check_header(data, path), reduction)


def check_header(data: bytes, path: Path) -> PictureMetadata:
    """Read the metadata of a picture file's content; `path` is named in errors.

    Raises PictureError if it is not a picture, is cut short, or is larger than MAX_PIXELS.
    """
    try:
        header = parse_header(data)
    except HeaderError as error:
        raise PictureError(f"{path} {error}") from None
    if header.width * header.height > MAX_PIXELS:
        raise PictureError(
            f"{path} is too large: {header.width}x{header.height} pixels, "
            f"at most {MAX_PIXELS // 10**6} megapixels are read"
        )
    return header


def _read_bytes(path: Path) -> bytes:
    try:
        if not path.exists():
            raise PictureError(f"{path} does not exist")
        if path.is_dir():
            raise PictureError(f"{path} is a folder, not a picture")
        if not path.is_file():
            raise PictureError(f"{path} is not a regular file")
        size = path.stat().st_size
        if size == 0:
            raise PictureError(f"{path} is empty (0 bytes)")
        if size > MAX_BYTES:
            raise PictureError(f"{path} is too large: {size / 1e9:.1f} GB")
        return path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {error.strerror}") from None


def _decode(path: Path, data: bytes, header: PictureMetadata, reduction: int) -> RGB:
    flags = _REDUCED[reduction] if reduction > 1 else cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
    if header.kind != "TIFF":
        # OpenCV ignores an orientation that is stored as LONG, and before 4.10 that of a WebP.
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    rgb = None
    with capture_library_messages() as messages:
        try:
            bgr = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
            rgb = None if bgr is None else _convert_pixels(path, bgr, header.orientation)
        except (cv2.error, MemoryError) as error:
            if isinstance(error, MemoryError) or "memory" in str(error).lower():
                raise PictureError(f"{path} does not fit into memory") from None
    damage = next((text for text in messages if _DAMAGE.search(text)), None)
    if rgb is None or damage is not None:
        raise PictureError(f"{path} is a damaged {header.kind}, or of a kind that is not read")
    return rgb


def _convert_pixels(path: Path, bgr: Any, orientation: int) -> RGB:
    if bgr.dtype == np.uint16:
        bgr = cv2.convertScaleAbs(bgr, alpha=255 / 65535)
    if bgr.dtype != np.uint8:
        raise PictureError(f"{path} holds {bgr.dtype} pixels: save it with 8 or 16 bits")
    return _turn_upright(_swap_red_and_blue(bgr), orientation)


def _swap_red_and_blue(bgr: RGB) -> RGB:
    """Exchange red and blue in place: a large photograph is not held twice."""
    for top in range(0, bgr.shape[0], _STRIP_ROWS):
        strip = bgr[top : top + _STRIP_ROWS]
        strip[:] = cv2.cvtColor(strip, cv2.COLOR_BGR2RGB)
    return bgr


def _turn_upright(rgb: RGB, orientation: int) -> RGB:
    """Undo an EXIF orientation (1 to 8; EXIF 2.3, tag 0x0112)."""
    if orientation in _TRANSPOSED:
        rgb = cast(RGB, cv2.transpose(rgb))
    if orientation in _FLIP_CODES:
        cv2.flip(rgb, _FLIP_CODES[orientation], dst=rgb)
    return rgb
