"""A wall to measure on: real concrete, cracked and not, over which a camera is moved."""

import cv2
import numpy as np

from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.inference.self_test import CRACKED, INTACT, SAMPLES

STEP_PX = 6
"""How far the view moves to the right from frame to frame, and half as far down: a slow pan."""
_LEAST, _MOST, _PIXELS = 24, 60, 64_000_000
"""Limits of the number of different frames, and of their pixels together; after them the view goes
back the same way. 60 frames are two seconds of a camera."""
_QUALITY = 90


def encoded_frames(width: int, height: int) -> list[bytes]:
    """Frames of a slow pan over the two sample patches, tiled and mirrored, as JPEG.

    They are in order and go there and back, so that they can be repeated without a jump.
    """
    turns = min(max(_PIXELS // (width * height), _LEAST), _MOST)
    wall = _wall(width + STEP_PX * turns, height + STEP_PX * turns // 2)
    views = []
    for turn in range(turns):
        left, top = turn * STEP_PX, turn * STEP_PX // 2
        views.append(_jpeg(wall[top : top + height, left : left + width]))
    return views + views[-2:0:-1]


def _wall(width: int, height: int) -> RGB:
    """Each second tile cracked; mirrored, so that tiles of one kind join without an edge."""
    cracked, intact = read_picture(SAMPLES / CRACKED), read_picture(SAMPLES / INTACT)
    row = np.hstack([cracked, cracked[:, ::-1], intact, intact[:, ::-1]])
    block = np.vstack([row, row[::-1], np.roll(row, row.shape[1] // 2, axis=1)])
    times = -(-height // block.shape[0]), -(-width // block.shape[1])
    return np.tile(block, (*times, 1))[:height, :width]


def _jpeg(rgb: RGB) -> bytes:
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )
    assert done
    return data.tobytes()
