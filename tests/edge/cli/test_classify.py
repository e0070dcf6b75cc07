"""`crackscan classify`: a verdict for each picture of any kind, and an exit code for scripts."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from crackscan.core.command_line import run_command
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.cli import crackscan
from crackscan.edge.inference.model import Model

SAMPLES = Path(__file__).parents[3] / "samples"
CRACK, INTACT = SAMPLES / "cracked-patch-upright.jpg", SAMPLES / "intact-patch-grey.jpg"


def classify(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan, ["classify", *map(str, arguments)])
    return int(ended.value.code or 0)


Classified = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def classified(capsys: pytest.CaptureFixture[str]) -> Classified:
    """Exit code, the JSON list, and standard error."""

    def call(*arguments: str | Path) -> tuple[int, list[dict[str, Any]], str]:
        code = classify(*arguments, "--json", "--threads", "1")
        printed = capsys.readouterr()
        return code, json.loads(printed.out), printed.err

    return call


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("*-patch-*.jpg")))
def test_the_shipped_model_judges_the_sample_patches_rightly(
    classified: Classified, name: str
) -> None:
    code, (found,), _ = classified(SAMPLES / name)
    assert code == 0
    assert found["crack"] == name.startswith("cracked")
    card = Model.load("crack-m", threads=1).card
    assert (found["probability"] >= card.threshold) == found["crack"] == bool(found["findings"])
    assert (found["model"], found["operating_point"]) == ("crack-m", "default")


def test_a_line_for_each_picture(capsys: pytest.CaptureFixture[str]) -> None:
    assert classify(CRACK, INTACT) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("crack ") and lines[0].endswith(str(CRACK))
    assert lines[1].startswith("no crack ") and "%" in lines[1]
    assert lines[2].startswith("2 pictures: 1 with cracks, 1 without (crack-m ")


def test_a_folder_ends_with_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert classify(SAMPLES / "patches", "--model", "crack-s") == 0
    *lines, last = capsys.readouterr().out.splitlines()
    cracked = sum(line.startswith("crack ") for line in lines)
    assert last.startswith(
        f"{len(lines)} pictures: {cracked} with cracks, {len(lines) - cracked} without (crack-s "
    )


@pytest.mark.parametrize(("pictures", "code"), [([INTACT], 0), ([CRACK], 3), ([INTACT, CRACK], 3)])
def test_the_exit_code_tells_a_script(pictures: list[Path], code: int) -> None:
    assert classify(*pictures, "--exit-code") == code
    assert classify(*pictures) == 0


def test_a_folder_is_taken_with_all_its_pictures(
    classified: Classified, untrained: Path, tmp_path: Path
) -> None:
    (tmp_path / "north").mkdir()
    shutil.copy(CRACK, tmp_path / "north" / "b.JPG")
    shutil.copy(INTACT, tmp_path / "a.jpg")
    (tmp_path / "notes.txt").write_text("no picture")
    _, found, err = classified(tmp_path, "--model", untrained / "tiny.tflite")
    assert [one["picture"] for one in found] == [
        str(tmp_path / "a.jpg"),
        str(tmp_path / "north" / "b.JPG"),
    ]
    assert err == ""


def test_whole_photographs_of_any_size(classified: Classified) -> None:
    _, found, _ = classified(SAMPLES / "cracked-render.jpg", SAMPLES / "intact-rusty-roof.jpg")
    assert found[0]["crack"]
    assert all(0 <= one["probability"] <= 1 for one in found)


def turned(path: Path, rgb: RGB) -> None:
    """A picture that lies on its side, with the EXIF note that says so."""
    done, encoded = cv2.imencode(".png", cv2.cvtColor(np.rot90(rgb), cv2.COLOR_RGB2BGR))
    assert done
    exif = (
        b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"
        + bytes(4)
    )
    chunk = b"eXIf" + exif
    block = len(exif).to_bytes(4, "big") + chunk + _crc(chunk)
    data = encoded.tobytes()
    path.write_bytes(data[:33] + block + data[33:])


def _crc(chunk: bytes) -> bytes:
    import zlib

    return zlib.crc32(chunk).to_bytes(4, "big")


def rgba(path: Path, rgb: RGB) -> None:
    alpha = np.full((*rgb.shape[:2], 1), 7, np.uint8)
    assert cv2.imwrite(str(path), np.dstack([rgb[..., ::-1], alpha]))


def deep(path: Path, rgb: RGB) -> None:
    assert cv2.imwrite(str(path), rgb[..., ::-1].astype(np.uint16) * 257)


def grey(path: Path, rgb: RGB) -> None:
    assert cv2.imwrite(str(path), rgb[..., 0])


@pytest.mark.parametrize("write", [turned, rgba, deep, grey])
def test_pictures_of_every_kind_are_judged_by_what_they_show(
    classified: Classified,
    untrained: Path,
    tmp_path: Path,
    write: Callable[[Path, RGB], None],
) -> None:
    rgb = read_picture(CRACK)[:224, :192]
    if write is grey:
        rgb = np.repeat(rgb[..., :1], 3, axis=2)
    write_picture(tmp_path / "plain.png", rgb)
    write(tmp_path / "special.png", rgb)
    code, (plain, special), _ = classified(
        tmp_path / "plain.png", tmp_path / "special.png", "--model", untrained / "tiny.tflite"
    )
    assert code == 0
    assert special["probability"] == plain["probability"]


def test_an_unreadable_picture_is_named_and_the_others_are_judged(
    classified: Classified, untrained: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(CRACK.read_bytes()[:3000])
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    small = tmp_path / "small.png"
    write_picture(small, np.zeros((31, 200, 3), np.uint8))
    code, found, err = classified(
        cut, CRACK, text, tmp_path / "gone.jpg", small, INTACT, "--model", untrained / "tiny.tflite"
    )
    assert code == 1
    assert [one["picture"] for one in found] == [str(CRACK), str(INTACT)]
    lines = err.splitlines()
    assert len(lines) == 4
    for line, name in zip(lines, ("cut.jpg", "text.jpg", "gone.jpg", "small.png"), strict=True):
        assert line.startswith("Error: ") and name in line


def test_the_operating_point_decides(classified: Classified, untrained: Path) -> None:
    model = untrained / "tiny.tflite"
    for point, threshold in (("default", 0.6), ("high-recall", 0.2)):
        _, (found,), _ = classified(INTACT, "--model", model, "--operating-point", point)
        assert found["crack"] == (found["probability"] >= threshold)
        assert found["operating_point"] == point


def test_a_closed_pipe_is_no_error() -> None:
    program = "from crackscan.edge.cli import main; main()"
    done = subprocess.run(
        f'"{sys.executable}" -c "{program}" classify "{SAMPLES}/patches" | head -n 1',
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""
