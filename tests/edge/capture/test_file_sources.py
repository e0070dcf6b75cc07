"""Sources yield RGB frames in order, list skipped files, and report errors in one line."""

import struct
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from crackscan.core.errors import PictureError, SourceError
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import RGB
from crackscan.edge.capture import open_source

RED, BLUE = (220, 20, 20), (20, 20, 220)


def swatch(width: int = 64, height: int = 48) -> RGB:
    """Red on the left, blue on the right."""
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[:, : width // 2], rgb[:, width // 2 :] = RED, BLUE
    return rgb


def is_swatch(rgb: RGB, left: tuple[int, ...] = RED, right: tuple[int, ...] = BLUE) -> bool:
    middle = rgb.shape[1] // 2
    return bool(
        np.allclose(rgb[:, : middle - 8], left, atol=12)
        and np.allclose(rgb[:, middle + 8 :], right, atol=12)
    )


def write_video(path: Path, frames: list[RGB], rate_fps: float = 10) -> Path:
    height, width = frames[0].shape[:2]
    fourcc = cv2.VideoWriter_fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(path), fourcc, rate_fps, (width, height))
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def numbered(count: int) -> list[RGB]:
    """Frames whose brightness encodes their number."""
    return [np.full((48, 64, 3), 10 * number, np.uint8) for number in range(count)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, two of them damaged in different ways, one in a subfolder; and clutter."""
    root = tmp_path / "photos"
    for below in ("sub", ".trash", "earlier/annotated"):
        (root / below).mkdir(parents=True)
    write_picture(root / "b.jpg", swatch())
    write_picture(root / "sub" / "c.png", swatch())
    write_picture(root / ".trash" / "hidden.jpg", swatch())
    write_picture(root / "earlier" / "annotated" / "b.jpg", swatch())
    (root / "earlier" / "scan.json").write_text("{}")
    (root / "._b.jpg").write_bytes(b"resource fork")
    (root / "a.jpg").write_bytes((root / "b.jpg").read_bytes()[:-50])
    (root / "d.jpg").write_text("a text")
    (root / "notes.txt").write_text("a text")
    return root


def test_a_folder_yields_its_pictures_sorted_and_lists_skipped_ones(folder: Path) -> None:
    with open_source(str(folder)) as source:
        frames = list(source)
    assert source.length == 4 and source.kind == "pictures" and not source.live
    assert [frame.name for frame in frames] == ["b.jpg", "sub/c.png"]
    assert [frame.index for frame in frames] == [1, 3]
    assert [skipped.name for skipped in source.skipped] == ["a.jpg", "d.jpg"]
    assert "cut short" in source.skipped[0].reason
    assert "is not a picture" in source.skipped[1].reason


@pytest.mark.parametrize("make", ["picture", "folder", "video"])
def test_red_stays_red(tmp_path: Path, make: str) -> None:
    path = tmp_path / "swatch.png"
    write_picture(path, swatch())
    name = {"picture": path, "folder": tmp_path}.get(make)
    if name is None:
        name = write_video(tmp_path / "swatch.mp4", [swatch()] * 3)
    with open_source(str(name)) as source:
        frames = list(source)
    assert frames and all(is_swatch(frame.rgb) for frame in frames)
    for frame in frames:
        assert frame.rgb.dtype == np.uint8 and frame.rgb.flags.c_contiguous
        assert (frame.height, frame.width) == (48, 64)


def test_a_video_yields_every_frame_in_order_with_its_time(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", numbered(20))
    with open_source(str(path)) as source:
        assert (source.length, source.rate_fps, source.kind) == (20, 10, "video")
        frames = []
        for frame in source:
            frames.append(frame)
            time.sleep(0.005)  # a slow reader loses nothing
    assert [round(float(frame.rgb.mean()) / 10) for frame in frames] == list(range(20))
    assert [frame.clip_s for frame in frames] == pytest.approx([n / 10 for n in range(20)])
    assert frames[12].name == "clip.mp4#12" and frames[12].index == 12
    assert source.skipped == [] and source.dropped == 0


def test_every_third_frame_keeps_numbers_and_times(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", numbered(20))
    with open_source(str(path), every=3) as source:
        frames = list(source)
    assert [frame.index for frame in frames] == [0, 3, 6, 9, 12, 15, 18]
    assert frames[2].clip_s == pytest.approx(0.6)
    assert source.length == 7 and source.rate_fps == pytest.approx(10 / 3)


def test_every_second_picture(folder: Path) -> None:
    (folder / "a.jpg").unlink()
    with open_source(str(folder), every=2) as source:
        assert source.length == 2
        assert [frame.name for frame in source] == ["b.jpg", "sub/c.png"]


def write_rotation(path: Path) -> None:
    """Write a 90 degree display matrix into an MP4's track header, as phones do (ISO 14496-12)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44
    assert struct.unpack_from(">9i", data, at)[:2] == (0x10000, 0)
    height = 48 << 16
    struct.pack_into(">9i", data, at, 0, 0x10000, 0, -0x10000, 0, 0, height, 0, 0x40000000)
    path.write_bytes(data)


def test_an_opencv_without_a_thread_limit_still_opens_a_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "clip.mp4", numbered(5))
    monkeypatch.delattr(cv2, "CAP_PROP_N_THREADS", raising=False)
    with open_source(str(path)) as source:
        assert len(list(source)) == 5


def test_a_rotated_phone_video_is_turned_upright(tmp_path: Path) -> None:
    path = write_video(tmp_path / "phone.mp4", [swatch()] * 2)
    write_rotation(path)
    with open_source(str(path)) as source:
        rgb = next(iter(source)).rgb
    assert rgb.shape == (64, 48, 3)
    assert is_swatch(np.rot90(rgb, 1))  # left came to the top


def test_a_video_that_ends_early_is_reported(tmp_path: Path) -> None:
    noise = np.random.default_rng(5).integers(0, 255, (30, 48, 64, 3), np.uint8)
    path = write_video(tmp_path / "clip.mp4", list(noise))
    data = path.read_bytes()
    index = data.index(b"moov") - 4
    kept = index // 2  # the frames' second half is lost, the index at the end is not
    path.write_bytes(data[:kept] + bytes(index - kept) + data[index:])
    with open_source(str(path)) as source:
        frames = list(source)
    assert 5 < len(frames) < 25
    assert [skipped.name for skipped in source.skipped] == ["clip.mp4"]
    assert "ends early" in source.skipped[0].reason


def test_a_source_can_be_stopped(tmp_path: Path, folder: Path) -> None:
    video = write_video(tmp_path / "clip.mp4", numbered(9))
    for name in (video, folder):
        with open_source(str(name)) as source:
            for _ in source:
                source.stop()
            assert len(source.skipped) <= 1  # nothing after the stop was read or judged


def make_nothing(root: Path) -> Path:
    return root / "no-such-thing"


def make_empty_folder(root: Path) -> Path:
    (root / "empty").mkdir()
    return root / "empty"


def make_text_video(root: Path) -> Path:
    (root / "text.mp4").write_text("no video\n" * 100)
    return root / "text.mp4"


def make_notes(root: Path) -> Path:
    (root / "notes.txt").write_text("no video\n" * 100)
    return root / "notes.txt"


def make_cut_video(root: Path) -> Path:
    path = write_video(root / "cut.mp4", numbered(10))
    path.write_bytes(path.read_bytes()[:-600])
    return path


def make_bad_folder(root: Path) -> Path:
    (root / "bad").mkdir()
    (root / "bad" / "x.jpg").write_text("no picture")
    return root / "bad"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_nothing, "does not exist"),
        (make_empty_folder, "holds no pictures"),
        (make_text_video, "is not a readable video"),
        (make_notes, "neither a picture nor a video"),
        (make_cut_video, "is not a readable video"),
        (make_bad_folder, "none of the 1 pictures"),
        (lambda _: Path("/dev/null"), "neither a picture nor a video"),
        (lambda _: Path("/dev/video94"), "there is no /dev/video94"),
        (lambda _: Path("94"), "there is no camera 94"),
    ],
)
def test_a_wrong_source_is_one_line_and_nothing_else_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], make: Callable[[Path], Path], reason: str
) -> None:
    with (
        pytest.raises(SourceError, match=reason) as caught,
        open_source(str(make(tmp_path))) as source,
    ):
        list(source)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_single_damaged_picture_is_an_error(folder: Path) -> None:
    with (
        pytest.raises(PictureError, match="cut short"),
        open_source(str(folder / "a.jpg")) as source,
    ):
        list(source)
