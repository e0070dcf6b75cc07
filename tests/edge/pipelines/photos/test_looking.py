"""One photograph: where it was taken, what is on it in mm, or why it cannot be judged."""

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from photographing import CRACKED, INTACT, METHOD, jpeg, sample

from crackscan.core.errors import PictureError, ScaleError
from crackscan.core.pictures import read_picture
from crackscan.edge.capture.file_mark import read_marked_file
from crackscan.edge.measurement.scale import ScaleSettings
from crackscan.edge.measurement.width import measure_crack
from crackscan.edge.pipelines.photos.detect_photo import PhotoDetector
from crackscan.edge.pipelines.photos.measuring import PART_PX, measure_parts
from crackscan.edge.pipelines.photos.values import Method, PhotoResult, Task


@pytest.fixture(scope="module")
def detector() -> PhotoDetector:
    return PhotoDetector(METHOD)


def processed(detector: PhotoDetector, path: Path, content: bytes) -> PhotoResult:
    path.write_bytes(content)
    return detector.process_file(Task(path.name, str(path), 7))


def test_a_drones_photograph_gives_place_scale_and_widths(
    detector: PhotoDetector, tmp_path: Path
) -> None:
    found = processed(detector, tmp_path / "dji.jpg", jpeg(sample(CRACKED), laser_m=0.5))
    assert found.geotag.position is not None and found.geotag.position.lat == 49.726349021
    assert found.geotag.position.relative_altitude_m == 36.28
    assert found.geotag.attitude is not None and found.geotag.attitude.pitch_deg == -24.5
    assert found.scale is not None and found.scale.mm_per_px == pytest.approx(0.134, rel=0.01)
    [crack, *_] = found.findings
    assert crack.measures is not None and crack.measures.width_p95 is not None
    assert crack.scale is not None and crack.scale.mm_per_px == pytest.approx(0.134, rel=0.05)
    assert len(found.close_ups) == len(found.findings) and found.copy is not None
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(found.copy)
    assert read_picture(copy).shape == sample(CRACKED).shape
    assert found.index == 7 and found.file is not None and found.file.bytes > 1000


def test_a_fine_photograph_is_decoded_small_for_the_maps_and_whole_for_the_widths(
    detector: PhotoDetector, tmp_path: Path
) -> None:
    wall = np.asarray(cv2.resize(sample(CRACKED), None, fx=3, fy=3), np.uint8)
    plain = processed(detector, tmp_path / "plain.jpg", jpeg(wall))
    near = processed(detector, tmp_path / "near.jpg", jpeg(wall, 1.0, 40_000))
    assert plain.map_scales == (1.0, 0.25) and near.map_scales == (0.25,)
    assert (near.width, near.height) == (plain.width, plain.height) == (681, 681)
    widths = []
    for found in (plain, near):
        measures = found.findings[0].measures
        assert measures is not None and measures.width_median is not None
        widths.append(measures.width_median.value_px)
    assert widths[1] == pytest.approx(widths[0], rel=0.15)
    boxes = [found.findings[0].box for found in (plain, near)]
    assert abs((boxes[0].top + boxes[0].bottom) - (boxes[1].top + boxes[1].bottom)) < 128


def test_an_intact_photograph_has_no_pictures_and_no_cracks(
    detector: PhotoDetector, tmp_path: Path
) -> None:
    found = processed(detector, tmp_path / "intact.jpg", jpeg(sample(INTACT)))
    assert not found.findings and not found.skipped and found.copy is None
    assert found.file is not None


def enormous_png() -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


DAMAGED = {
    "cut": (jpeg(sample(INTACT))[:-2000], "is cut short"),
    "text": (b"no picture at all", "is not a picture"),
    "bomb": (enormous_png() + bytes(64), "is too large: 60000x60000 pixels"),
    "tiny": (jpeg(sample(INTACT)[:20, :20]), "is too small: 20x20 pixels"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(64), "is a HEIC"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_cannot_be_judged_says_why_once_and_for_all(
    detector: PhotoDetector, tmp_path: Path, kind: str
) -> None:
    content, told = DAMAGED[kind]
    found = processed(detector, tmp_path / f"{kind}.jpg", content)
    assert found.skipped.startswith(told) and not found.findings
    assert found.file is not None, "it need not be processed again while the file is the same"


def test_what_cannot_be_read_now_is_tried_again(detector: PhotoDetector, tmp_path: Path) -> None:
    empty = processed(detector, tmp_path / "empty.jpg", b"")
    gone = detector.process_file(Task("gone.jpg", str(tmp_path / "gone.jpg"), 0))
    (tmp_path / "folder.jpg").mkdir()
    folder = detector.process_file(Task("folder.jpg", str(tmp_path / "folder.jpg"), 0))
    os.mkfifo(tmp_path / "pipe.jpg")
    pipe = detector.process_file(Task("pipe.jpg", str(tmp_path / "pipe.jpg"), 0))
    assert [one.skipped for one in (empty, gone, folder, pipe)] == [
        "is empty (0 bytes)",
        "does not exist",
        "is not a regular file",
        "is not a regular file",
    ]
    assert all(one.file is None for one in (empty, gone, folder, pipe))


def test_a_photograph_with_damaged_exif_is_judged_without_a_place(
    detector: PhotoDetector, tmp_path: Path
) -> None:
    content = jpeg(sample(CRACKED))
    block = b"Exif\0\0II*\0" + bytes([0xFF] * 200)
    content = content[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + content[2:]
    found = processed(detector, tmp_path / "exif.jpg", content)
    assert found.findings and found.geotag.position is None and found.scale is None


def test_a_file_that_grows_while_it_is_read_is_left_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "growing.jpg"
    path.write_bytes(jpeg(sample(INTACT)))
    fstat = os.fstat

    def grown_after(file: int) -> os.stat_result:
        state = fstat(file)
        with path.open("ab") as more:
            more.write(b"more")
        return state

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", grown_after)
        with pytest.raises(PictureError, match="is still being written"):
            read_marked_file(path)
    assert len(read_marked_file(path)[0]) == path.stat().st_size


def test_a_scale_that_fits_no_photograph_is_an_error_before_any_is_read() -> None:
    with pytest.raises(ScaleError, match="--lens"):
        PhotoDetector(Method(METHOD.model, scale=ScaleSettings(lens_mm=6.0)))


def test_a_long_crack_is_measured_in_parts_as_it_is_whole() -> None:
    tile = sample("cracked-patch-level.jpg")
    wide = np.ascontiguousarray(np.concatenate([tile, tile[:, ::-1]] * 5, axis=1))
    assert wide.shape[1] > PART_PX
    rows, columns = -(-wide.shape[0] // 16), -(-wide.shape[1] // 16)
    cells = tuple((row, column) for row in range(rows) for column in range(columns))
    parts = measure_parts(wide, cells, 16)
    whole = measure_crack(wide, np.ones((rows, columns), np.bool_))
    assert parts.length_px == pytest.approx(whole.length_px, rel=0.05)
    both = parts.width.median.value_px, whole.width.median.value_px
    assert both[0] == pytest.approx(both[1], rel=0.05)
