"""What viewers get to see: the frame in its colours, its map, and thumbnails of the right place."""

import json
import struct
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.web.live.frame_encoding import (
    LONGEST_PX,
    MOST_CELLS,
    cut_thumbnail,
    encode_frame,
)
from crackscan.edge.web.live.values import LiveFrame, VisibleFinding


def decoded(jpeg: bytes) -> NDArray[np.uint8]:
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def unpacked(body: bytes) -> tuple[dict[str, Any], NDArray[np.uint8], NDArray[np.uint8]]:
    (length,) = struct.unpack(">I", body[:4])
    head = json.loads(body[4 : 4 + length])
    shape = (head["map"]["rows"], head["map"]["cols"]) if head["map"] else (0, 0)
    end = 4 + length + shape[0] * shape[1]
    cells = np.frombuffer(body[4 + length : end], np.uint8).reshape(shape)
    return head, cells, decoded(body[end:])


def a_frame(height: int, width: int, with_map: bool = True) -> LiveFrame:
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[:, : width // 2] = 220, 20, 20
    rgb[:, width // 2 :] = 20, 20, 220
    crack_map = np.zeros((-(-height // 16), -(-width // 16)), np.float32)
    crack_map[1, 2] = 0.75
    frame = Frame(rgb, 3, "clip.mp4#3", "clip.mp4", 0.0, 0.0)
    findings = (VisibleFinding(7, 0.91234, BoundingBox(32, 16, 48, 32)),)
    shown = (lambda: crack_map) if with_map else None
    return LiveFrame(frame, shown, 0.6, 16, findings, "too fast")


def test_a_frame_comes_whole() -> None:
    head, cells, picture = unpacked(encode_frame(12, a_frame(240, 328)).body)
    assert (head["number"], head["name"], head["verdict"]) == (12, "clip.mp4#3", "too fast")
    assert (head["width"], head["height"]) == (328, 240)
    assert head["findings"] == [{"number": 7, "probability": 0.912, "box": [32, 16, 48, 32]}]
    assert head["map"] == {"rows": 15, "cols": 21, "width": 336, "height": 240}
    assert cells[1, 2] == 191
    assert cells.sum() == 191
    assert picture.shape == (240, 328, 3)
    assert picture[120, 40, 0] > 180 > 60 > picture[120, 40, 2], "red is on the left"
    assert picture[120, 290, 2] > 180 > 60 > picture[120, 290, 0], "blue is on the right"


def test_a_frame_that_the_model_has_not_seen_has_no_map() -> None:
    head, cells, picture = unpacked(encode_frame(1, a_frame(240, 320, with_map=False)).body)
    assert head["map"] is None
    assert cells.size == 0
    assert picture.shape == (240, 320, 3)


def test_a_photograph_is_made_small_and_no_crack_is_lost_from_its_map() -> None:
    head, cells, picture = unpacked(encode_frame(1, a_frame(3000, 4000)).body)
    assert picture.shape == (720, LONGEST_PX, 3)
    assert (head["width"], head["height"]) == (4000, 3000), "boxes are in its own pixels"
    assert max(cells.shape) <= MOST_CELLS
    assert cells.max() == 191
    assert cells[0, 1] == 191, "at cell (1, 2), halved"


@pytest.mark.parametrize(
    "box",
    [
        BoundingBox(0, 0, 16, 16),
        BoundingBox(304, 224, 320, 240),
        BoundingBox(100, 0, 116, 240),
        BoundingBox(0, 100, 320, 116),
        BoundingBox(0, 0, 320, 240),
    ],
)
def test_a_thumbnail_holds_its_finding(box: BoundingBox) -> None:
    picture = np.full((240, 320, 3), 128, np.uint8)
    picture[box.top : box.bottom, box.left : box.right] = 255, 0, 0
    small = decoded(cut_thumbnail(picture, box))
    assert small.shape == (240, 320, 3)
    red = (small[..., 0] > 190) & (small[..., 1] < 100) & (small[..., 2] < 100)
    rows, cols = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    shown = np.ptp(cols) + 1, np.ptp(rows) + 1
    share = max(shown[0] / 320, shown[1] / 240)
    assert share > 0.3, "the finding is lost in its surroundings"
    ratio = (box.right - box.left) / (box.bottom - box.top)
    assert shown[0] / shown[1] == pytest.approx(ratio, rel=0.1), "all of it is seen"
    if box.right - box.left < 320 and box.bottom - box.top < 240:
        assert not red.all(), "nothing is seen around it"
        amber = (small[..., 0] > 190) & (small[..., 1] > 140) & (small[..., 2] < 110)
        assert amber.sum() > 100, "no frame leads the eye"


def test_a_thumbnail_of_a_small_or_narrow_frame_is_possible() -> None:
    for shape in ((64, 64, 3), (64, 2000, 3), (2000, 64, 3)):
        assert (
            decoded(cut_thumbnail(np.zeros(shape, np.uint8), BoundingBox(0, 0, 16, 16))).shape[1]
            == 320
        )
