"""Bounds pictures for a page: the longest side in pixels, the JPEG in bytes."""

import base64

import cv2
import numpy as np

from crackscan.core.picture_writing import encode_jpeg
from crackscan.core.pictures import RGB

JPEG_QUALITIES = (82, 70, 55, 40, 25)
"""Tried in this order until the JPEG is small enough; below 25 thin cracks drown in artefacts."""


def shrink_picture(rgb: RGB, longest_px: int) -> RGB:
    """Reduce a picture, uint8 (height, width, 3), until no side is longer than `longest_px`."""
    factor = longest_px / max(rgb.shape[:2])
    if factor >= 1:
        return rgb
    size = max(round(rgb.shape[1] * factor), 1), max(round(rgb.shape[0] * factor), 1)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def encode_bounded_jpeg(rgb: RGB, max_bytes: int) -> bytes:
    """Encode RGB uint8 as JPEG at the best quality that fits, or else at the lowest one."""
    for quality in JPEG_QUALITIES:
        encoded = encode_jpeg(rgb, quality)
        if len(encoded) <= max_bytes:
            break
    return encoded


def encode_data_uri(rgb: RGB, max_bytes: int) -> str:
    """Encode RGB uint8 as a JPEG in a data URI; `max_bytes` bounds the JPEG itself."""
    jpeg = encode_bounded_jpeg(rgb, max_bytes)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
