"""Writes pictures: a file is complete or unchanged at any instant."""

import os
from pathlib import Path

import cv2

from crackscan.core.durable_files import write_atomically
from crackscan.core.errors import CrackscanError
from crackscan.core.pictures import RGB
from crackscan.core.stderr_capture import capture_library_messages

_QUALITY_FLAGS = dict.fromkeys((".jpg", ".jpeg", ".jpe"), cv2.IMWRITE_JPEG_QUALITY) | {
    ".webp": cv2.IMWRITE_WEBP_QUALITY
}


def write_picture(path: str | os.PathLike[str], rgb: RGB, quality: int = 90) -> None:
    """Write RGB uint8 (height, width, 3) to a file that is complete or unchanged at any instant.

    The suffix chooses the format; `quality`, 1 to 100, is for JPEG and WebP. Raises CrackscanError
    if the format, the folder or the disk does not take the picture.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    flags = [_QUALITY_FLAGS[suffix], quality] if suffix in _QUALITY_FLAGS else []
    data = _encode_picture(suffix, rgb, flags)
    if data is None:
        height, width = rgb.shape[:2]
        raise CrackscanError(
            f"cannot write {path}: its format does not take a picture of {width}x{height} pixels"
        )
    write_atomically(path, data)


def encode_jpeg(rgb: RGB, quality: int = 90) -> bytes:
    """Encode RGB uint8 (height, width, 3) as a JPEG of a quality from 1 to 100."""
    data = _encode_picture(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if data is None:
        height, width = rgb.shape[:2]
        raise CrackscanError(f"JPEG does not take a picture of {width}x{height} pixels")
    return data


def _encode_picture(suffix: str, rgb: RGB, flags: list[int]) -> bytes | None:
    """None if OpenCV does not know the suffix, or if the format does not take the size."""
    try:
        with capture_library_messages():
            done, data = cv2.imencode(suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), flags)
    except cv2.error:
        return None
    return data.tobytes() if done else None
