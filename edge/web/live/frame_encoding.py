"""Encodes frames and thumbnails for viewers."""

import json
import struct
import time
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.picture_writing import encode_jpeg
from crackscan.core.pictures import RGB
from crackscan.edge.detection.finding import BoundingBox, CrackMap
from crackscan.edge.reporting.palette import AMBER
from crackscan.edge.web.live.values import LiveFrame

LONGEST_PX = 960
THUMBNAIL_PX = 320
MOST_CELLS = 128
"""Cells along the longer side of a map at most."""
_QUALITY, _THUMBNAIL_QUALITY = 72, 80
_AROUND = 0.15
"""Margin of wall around a finding, by the sides of its bounding box."""
_LEAST_PX = 48
"""Least side of the part that a thumbnail shows, frame px."""


@dataclass(frozen=True, eq=False)
class EncodedFrame:
    """A frame as it is sent."""

    number: int
    body: bytes


def encode_frame(number: int, live: LiveFrame) -> EncodedFrame:
    """Encode a frame with its map for a browser.

    Four bytes give the length of the JSON that follows (big-endian); behind it come the map, one
    byte a cell (probability times 255), row by row, and the picture as JPEG.
    """
    frame = live.frame
    crack_map = None if live.shown is None else live.shown()
    cells = None if crack_map is None else _small_map(crack_map)
    head: dict[str, Any] = {
        "number": number,
        "name": frame.name,
        "width": frame.width,
        "height": frame.height,
        "age_s": round(time.monotonic() - frame.monotonic_s, 2),
        "verdict": live.verdict,
        "threshold": live.cell_threshold,
        "findings": [
            {
                "number": one.number,
                "probability": round(one.probability, 3),
                "box": _box_list(one.box),
            }
            for one in live.findings
        ],
        "map": None,
    }
    if cells is not None and crack_map is not None:
        rows, cols = crack_map.shape
        head["map"] = {
            "rows": cells.shape[0],
            "cols": cells.shape[1],
            "width": cols * live.cell_px,
            "height": rows * live.cell_px,
        }
    data = json.dumps(head, allow_nan=False).encode()
    parts = [struct.pack(">I", len(data)), data]
    if cells is not None:
        parts.append(cells.tobytes())
    parts.append(encode_jpeg(shrink_picture(frame.rgb, LONGEST_PX), _QUALITY))
    return EncodedFrame(number, b"".join(parts))


def cut_thumbnail(picture: RGB, box: BoundingBox) -> bytes:
    """A JPEG, 4:3 and THUMBNAIL_PX wide, of a finding's bounding box and some wall around it."""
    height, width = picture.shape[:2]
    wide = max((box.right - box.left) * (1 + 2 * _AROUND), _LEAST_PX)
    high = max((box.bottom - box.top) * (1 + 2 * _AROUND), _LEAST_PX)
    wide = min(max(wide, high * 4 / 3), width)
    high = min(max(high, wide * 3 / 4), height)
    left = round(min(max((box.left + box.right - wide) / 2, 0), width - wide))
    top = round(min(max((box.top + box.bottom - high) / 2, 0), height - high))
    cut = picture[top : top + round(high), left : left + round(wide)]
    size = THUMBNAIL_PX, max(1, round(THUMBNAIL_PX * cut.shape[0] / cut.shape[1]))
    smaller = size[0] < cut.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(cut, size, interpolation=how), np.uint8)
    scale = THUMBNAIL_PX / cut.shape[1]
    corner = round((box.left - left) * scale) - 2, round((box.top - top) * scale) - 2
    other = round((box.right - left) * scale) + 1, round((box.bottom - top) * scale) + 1
    cv2.rectangle(small, corner, other, AMBER, 2)
    return encode_jpeg(small, _THUMBNAIL_QUALITY)


def shrink_picture(rgb: RGB, longest_px: int) -> RGB:
    """The picture, or a smaller copy whose longer side is `longest_px`."""
    height, width = rgb.shape[:2]
    share = longest_px / max(height, width)
    if share >= 1:
        return rgb
    size = max(1, round(width * share)), max(1, round(height * share))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _small_map(crack_map: CrackMap) -> NDArray[np.uint8]:
    """Probabilities as bytes; a large map is reduced to the largest of each block of cells."""
    rows, cols = crack_map.shape
    side = -(-max(rows, cols) // MOST_CELLS)
    padded = np.pad(crack_map, ((0, -rows % side), (0, -cols % side)))
    most = padded.reshape(-(-rows // side), side, -(-cols // side), side).max(axis=(1, 3))
    return np.asarray(np.rint(np.clip(most, 0, 1) * 255), np.uint8)


def _box_list(box: BoundingBox) -> list[int]:
    return [box.left, box.top, box.right, box.bottom]
