"""Pictures arrive as RGB uint8, upright and whole, or are refused with one line that says why."""

import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscan.core.errors import CrackscanError, PictureError
from crackscan.core.picture_header import HeaderError, parse_header
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import RGB, decode_picture, is_picture, read_picture
from crackscan.core.stderr_capture import capture_library_messages

DATA = Path(__file__).parents[1] / "data"
SAMPLES = Path(__file__).parents[2] / "samples"
RED, BLUE = (220, 20, 20), (20, 20, 220)


def swatch(width: int = 64, height: int = 32) -> RGB:
    """Red on the left, blue on the right."""
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[:, : width // 2], rgb[:, width // 2 :] = RED, BLUE
    return rgb


def wall(height: int = 240, width: int = 320) -> RGB:
    """A grainy picture, so that its JPEG data are long enough to be cut anywhere."""
    noise = np.random.default_rng(3).normal(128, 30, (height, width, 3))
    return cv2.GaussianBlur(noise.clip(0, 255).astype(np.uint8), (3, 3), 0)


def encoded(suffix: str, rgb: np.ndarray) -> bytes:
    order = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    pixels = cv2.cvtColor(rgb, order[rgb.shape[2]]) if rgb.ndim == 3 else rgb
    return bytes(cv2.imencode(suffix, pixels)[1])


def exif(orientation: int, kind: int = 3) -> bytes:
    """A block with the orientation alone, as SHORT (3) or LONG (4)."""
    return struct.pack("<2sHIHHHIII", b"II", 42, 8, 1, 0x0112, kind, 1, orientation, 0)


def jpeg_with_exif(data: bytes, orientation: int) -> bytes:
    body = b"Exif\0\0" + exif(orientation)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_with_exif(data: bytes, orientation: int) -> bytes:
    return data[:33] + png_chunk(b"eXIf", exif(orientation)) + data[33:]


def webp_with_exif(data: bytes, orientation: int) -> bytes:
    size = (63).to_bytes(3, "little") + (31).to_bytes(3, "little")
    chunks = b"WEBPVP8X" + struct.pack("<IB3x", 10, 0x08) + size + data[12:]
    chunks += b"EXIF" + struct.pack("<I", len(exif(orientation))) + exif(orientation)
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".bmp"])
def test_red_stays_red_in_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"swatch{suffix}"
    path.write_bytes(encoded(suffix, swatch()))
    rgb = read_picture(path)
    assert rgb.shape == (32, 64, 3) and rgb.dtype == np.uint8 and rgb.flags.c_contiguous
    assert np.allclose(rgb[:, :28], RED, atol=3) and np.allclose(rgb[:, 36:], BLUE, atol=3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("suffix", "insert"),
    [(".jpg", jpeg_with_exif), (".png", png_with_exif), (".webp", webp_with_exif)],
)
def test_exif_orientation_is_undone(
    tmp_path: Path, suffix: str, insert: Callable[[bytes, int], bytes], orientation: int
) -> None:
    upright = swatch()
    upright[:8, :8] = (250, 250, 20)  # a yellow corner: no two orientations look the same
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, 3),
    }
    stored = np.ascontiguousarray(turned[orientation])
    if suffix == ".webp":  # its header states the turned size
        stored = cv2.resize(stored, (64, 32), interpolation=cv2.INTER_NEAREST)
        upright = cv2.resize(upright, (64, 32) if orientation < 5 else (32, 64))
    path = tmp_path / f"turned{suffix}"
    path.write_bytes(insert(encoded(suffix, stored), orientation))
    rgb = read_picture(path)
    assert rgb.shape == upright.shape and rgb.flags.c_contiguous
    corners = [(2, 2), (2, -3), (-3, 2), (-3, -3)]
    for corner in corners:
        assert np.allclose(rgb[corner], upright[corner], atol=40)


def test_an_orientation_stored_as_long_is_undone() -> None:
    data = (DATA / "exif" / "e-orient-long.jpg").read_bytes()
    assert parse_header(data).orientation == 6
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    turned = read_picture(DATA / "exif" / "e-orient-long.jpg")
    assert turned.shape == (480, 320, 3)
    assert (turned[..., ::-1] == np.rot90(stored, -1)).all()


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_does_not_exist_is_upright(orientation: int) -> None:
    data = jpeg_with_exif(encoded(".jpg", swatch()), orientation)
    assert parse_header(data).orientation == 1
    assert decode_picture(data, Path("a.jpg")).shape == (32, 64, 3)


def test_the_orientation_of_the_second_exif_block_counts_if_the_first_is_empty() -> None:
    data = jpeg_with_exif(encoded(".jpg", swatch()), 6)
    empty = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 0) + bytes(4)
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(empty) + 2) + empty + data[2:]
    assert decode_picture(data, Path("a.jpg")).shape == (64, 32, 3)


@pytest.mark.parametrize("truncated_is_loaded", [False, True])
def test_a_damaged_side_chunk_does_not_hide_a_sound_png(
    truncated_is_loaded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", truncated_is_loaded)
    data = encoded(".png", swatch())
    chunk = bytearray(png_chunk(b"eXIf", exif(6)))
    chunk[-1] ^= 1
    data = data[:33] + bytes(chunk) + data[33:]
    header = parse_header(data)
    assert (header.kind, header.width, header.height, header.orientation) == ("PNG", 64, 32, 1)
    assert decode_picture(data, Path("a.png")).shape == (32, 64, 3)


def test_the_metadata_of_a_png_may_follow_its_pixels() -> None:
    data = encoded(".png", swatch())
    data = data[:-12] + png_chunk(b"eXIf", exif(6)) + data[-12:]
    assert parse_header(data).orientation == 6


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_header_of_a_big_tiff_is_read(order: str) -> None:
    entries = [(256, 4, 40_000), (257, 4, 30_000)]
    mark = b"II" if order == "<" else b"MM"
    data = mark + struct.pack(f"{order}HHHQQ", 43, 8, 0, 16, len(entries))
    for tag, kind, value in entries:
        data += struct.pack(f"{order}HHQI4x", tag, kind, 1, value)
    header = parse_header(data + bytes(8))
    assert (header.kind, header.width, header.height) == ("TIFF", 40_000, 30_000)
    with pytest.raises(PictureError, match="is too large: 40000x30000"):
        decode_picture(data + bytes(8), Path("a.tif"))


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    path.write_bytes(encoded(".png", np.full((20, 30), 77, np.uint8)))
    assert (read_picture(path) == 77).all()


def test_transparency_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "rgba.png"
    alpha = np.full((32, 64, 1), 128, np.uint8)
    path.write_bytes(encoded(".png", np.dstack([swatch(), alpha])))
    assert (read_picture(path) == swatch()).all()


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_are_scaled_and_rounded(tmp_path: Path, suffix: str) -> None:
    values = np.array([[0, 128, 129, 256, 32768, 65407, 65535]], np.uint16)
    path = tmp_path / f"deep{suffix}"
    path.write_bytes(encoded(suffix, np.repeat(values, 4, axis=0)))
    assert read_picture(path)[0, :, 0].tolist() == [0, 0, 1, 1, 128, 255, 255]


def test_damaged_exif_does_not_hide_a_sound_picture() -> None:
    assert read_picture(DATA / "exif" / "image01551.jpg").shape == (58, 61, 3)


def test_the_content_decides_the_format_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "really-a-png.jpg"
    path.write_bytes(encoded(".png", swatch()))
    assert (read_picture(path) == swatch()).all()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".bmp"])
@pytest.mark.parametrize("share", [0.001, 0.02, 0.5, 0.99])
def test_a_file_cut_short_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    data = encoded(suffix, wall())
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(data[: max(1, int(len(data) * share))])
    with pytest.raises(PictureError, match=f"cut{suffix}") as caught:
        read_picture(path)
    assert "\n" not in str(caught.value)


def test_a_cut_jpeg_is_refused_although_its_thumbnail_has_an_end_marker(tmp_path: Path) -> None:
    data, thumbnail = encoded(".jpg", wall()), encoded(".jpg", swatch())
    body = b"Exif\0\0" + exif(1) + thumbnail
    whole = data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
    path = tmp_path / "photo.jpg"
    path.write_bytes(whole)
    assert read_picture(path).shape == (240, 320, 3)
    path.write_bytes(whole[:-2])
    with pytest.raises(PictureError, match="cut short"):
        read_picture(path)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_hole_in_the_middle_is_refused(tmp_path: Path, suffix: str) -> None:
    data = bytearray(encoded(suffix, wall()))
    half = len(data) // 2
    data[half : half + 1000] = bytes(1000)
    path = tmp_path / f"hole{suffix}"
    path.write_bytes(data)
    with pytest.raises(PictureError, match="damaged"):
        read_picture(path)


def refused_files(folder: Path) -> dict[str, Path]:
    (folder / "text.jpg").write_text("not a picture\n" * 50)
    (folder / "empty.jpg").touch()
    (folder / "folder.jpg").mkdir()
    (folder / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    os.mkfifo(folder / "pipe.jpg")
    (folder / "floats.tif").write_bytes(encoded(".tif", np.ones((9, 9, 3), np.float32)))
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    (folder / "huge.png").write_bytes(png + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b""))
    return {path.name: path for path in folder.iterdir()} | {"no.jpg": folder / "no.jpg"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("text.jpg", "is not a picture"),
        ("empty.jpg", "is empty"),
        ("folder.jpg", "is a folder"),
        ("phone.heic", "save it as JPEG"),
        ("pipe.jpg", "not a regular file"),
        ("floats.tif", "save it with 8 or 16 bits"),
        ("huge.png", "is too large: 60000x60000 pixels"),
        ("no.jpg", "does not exist"),
    ],
)
def test_what_is_no_usable_picture_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(PictureError, match=reason):
        read_picture(refused_files(tmp_path)[name])


def test_refusing_is_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    paths = [*refused_files(tmp_path).values()]
    for suffix in (".jpg", ".png", ".tif"):
        paths.append(tmp_path / f"hole{suffix}")
        data = bytearray(encoded(suffix, wall()))
        data[2000:3000] = bytes(1000)
        paths[-1].write_bytes(data)
    for path in paths:
        if path.name != "hole.tif":  # OpenCV 4 does not notice holes in a TIFF
            with pytest.raises(PictureError):
                read_picture(path)
    assert capfd.readouterr().err == ""


def test_other_text_on_standard_error_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with capture_library_messages() as messages:
        os.write(2, b"progress 3 %\nlibpng warning: iCCP: known incorrect sRGB profile\n")
    assert messages == ["libpng warning: iCCP: known incorrect sRGB profile"]
    assert capfd.readouterr().err == "progress 3 %\n"


@given(
    st.binary(max_size=200), st.sampled_from([b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"BM", b"RIFF"])
)
def test_a_header_of_any_bytes_parses_or_is_refused(tail: bytes, magic: bytes) -> None:
    try:
        header = parse_header(magic + tail)
    except HeaderError:
        return
    assert header.width > 0 and header.height > 0


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    """A picture with EXIF, of any format, with some bytes changed and its end cut off."""
    suffix = draw(st.sampled_from([".jpg", ".png", ".webp", ".tif", ".bmp"]))
    data = bytearray(encoded(suffix, swatch()))
    insert = {".jpg": jpeg_with_exif, ".png": png_with_exif, ".webp": webp_with_exif}.get(suffix)
    if insert is not None:
        data = bytearray(insert(bytes(data), 6))
    change = st.tuples(st.integers(0, min(len(data), 400) - 1), st.integers(0, 255))
    for position, value in draw(st.lists(change, max_size=8)):
        data[position] = value
    return bytes(data[: draw(st.integers(len(data) // 2, len(data)))])


@settings(deadline=None)
@given(damaged_files())
def test_a_damaged_picture_is_decoded_or_refused(data: bytes) -> None:
    try:
        rgb = decode_picture(data, Path("damaged"))
    except PictureError as error:
        assert "\n" not in str(error)
    else:
        assert rgb.dtype == np.uint8 and rgb.ndim == 3


def test_a_webp_that_is_too_large_is_refused_by_its_header() -> None:
    size = (16_382).to_bytes(3, "little") * 2
    data = encoded(".webp", swatch())
    chunks = b"WEBPVP8X" + struct.pack("<IB3x", 10, 0) + size + data[12:]
    with pytest.raises(PictureError, match=r"is too large|is a WebP that is damaged"):
        decode_picture(b"RIFF" + struct.pack("<I", len(chunks)) + chunks, Path("a.webp"))


def test_is_picture_goes_by_suffix() -> None:
    assert is_picture("a/B.JPG") and is_picture("x.tiff") and is_picture("phone.HEIC")
    assert not is_picture("notes.txt") and not is_picture("clip.mp4")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_a_written_picture_reads_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    write_picture(path, swatch(), quality=95)
    assert np.abs(read_picture(path)[:, :28].astype(int) - RED).max() <= 6
    assert list(tmp_path.iterdir()) == [path]


def test_a_picture_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    write_picture(path, swatch())
    before = path.read_bytes()
    script = (
        "import resource, sys, numpy as np\n"
        "from crackscan.core.picture_writing import write_picture\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "noise = np.random.default_rng(0).integers(0, 255, (99, 99, 3), np.uint8)\n"
        "write_picture(sys.argv[1], noise)\n"
    )
    child = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True)
    assert "CrackscanError: cannot write" in child.stderr and "File too large" in child.stderr
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["file.txt/out.jpg", "nowhere/out.jpg", "out.xyz"])
def test_where_nothing_can_be_written_it_is_said_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.txt").touch()
    with pytest.raises(CrackscanError, match=r"cannot write .*out"):
        write_picture(tmp_path / name, swatch())


@pytest.mark.parametrize("reduction", [2, 4, 8])
def test_a_jpeg_is_decoded_smaller_and_the_same_way_up(tmp_path: Path, reduction: int) -> None:
    path = SAMPLES / "cracked-painted-wall.jpg"
    whole = read_picture(path)
    small = decode_picture(path.read_bytes(), path, reduction)
    height, width = whole.shape[:2]
    assert small.shape == (-(-height // reduction), -(-width // reduction), 3)
    size = small.shape[1], small.shape[0]
    shrunk = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(float) - shrunk).mean() < 3
    with pytest.raises(PictureError, match=r"cut\.jpg is cut short"):
        decode_picture(path.read_bytes()[:-900], tmp_path / "cut.jpg", reduction)
