"""What users do wrong ends in one line that says what, with what value, and what to do."""

import struct
import sys
import zlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import click
import pytest

from crackscan.core.command_line import LazyGroup, run_command
from crackscan.core.durable_files import write_atomically

SAMPLES = Path(__file__).parents[1] / "samples"
PROGRAMS = {
    "crackscan": ("crackscan.edge.cli", "crackscan"),
    "crackscan-train": ("crackscan.train.cli", "crackscan_train"),
    "crackscan-convert": ("crackscan.convert.cli", "crackscan_convert"),
}


def enormous_png(path: Path) -> None:
    """60,000 x 60,000 pixels, says the header; the file is a few bytes."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + bytes(64))


@pytest.fixture(scope="module")
def place(once: Callable[[str, Callable[[Path], None]], Path], untrained: Path) -> Path:
    """A folder full of what can go wrong."""

    def make(folder: Path) -> None:
        patch = (SAMPLES / "cracked-patch-fine.jpg").read_bytes()
        (folder / "wall.jpg").write_bytes(patch)
        (folder / "cut.jpg").write_bytes(patch[:4000])
        (folder / "text.jpg").write_text("no picture")
        (folder / "text.tflite").write_text("no model, but long enough to look like one")
        (folder / "file").touch()
        enormous_png(folder / "enormous.png")
        for model in ("tiny", "float", "float-with-card"):
            write_atomically(
                folder / f"{model}.tflite", (untrained / f"{model}.tflite").read_bytes()
            )
        (folder / "empty").mkdir()
        for number in range(5):
            for data, kind in (("one-class", "Crack"), ("unread", "crack"), ("unread", "nocrack")):
                inside = folder / data / kind
                inside.mkdir(parents=True, exist_ok=True)
                content = patch if data == "one-class" else patch[:2000]
                (inside / f"{number}.jpg").write_bytes(content)
        (folder / "unnamed" / "walls").mkdir(parents=True)
        (folder / "unnamed" / "walls" / "a.jpg").write_bytes(patch)
        (folder / "few" / "positive").mkdir(parents=True)
        (folder / "few" / "negative").mkdir(parents=True)
        (folder / "few" / "positive" / "a.jpg").write_bytes(patch)
        intact = (SAMPLES / "intact-patch-grey.jpg").read_bytes()
        (folder / "few" / "negative" / "b.jpg").write_bytes(intact)
        (folder / "damaged").mkdir()
        for name in ("model.keras", "card.json", "representative.npy"):
            (folder / "damaged" / name).write_text("damaged")

    return once("misuse", make)


GOOD = SAMPLES / "patches"
CLASSIFY = "crackscan classify"
SCAN = "crackscan scan"
FIT = "crackscan-train fit"
EVALUATE = "crackscan-train evaluate"
QUANTIZE = "crackscan-convert quantize"
VERIFY = "crackscan-convert verify"

CASES = [
    (f"{CLASSIFY} gone.jpg", 1, "gone.jpg does not exist"),
    (f"{CLASSIFY} empty", 1, "empty holds no pictures"),
    (f"{CLASSIFY} text.jpg", 1, "text.jpg is not a picture (JPEG, PNG,"),
    (f"{CLASSIFY} cut.jpg", 1, "cut.jpg is cut short"),
    (f"{CLASSIFY} enormous.png", 1, "enormous.png is too large: 60000x60000 pixels"),
    (f"{CLASSIFY} wall.jpg --model text.tflite", 1, "text.tflite is not a TFLite model"),
    (f"{CLASSIFY} wall.jpg --model float.tflite", 1, "float.tflite carries no crackscan card"),
    (f"{CLASSIFY} wall.jpg --model float-with-card.tflite", 1, "is a float model; make it int8"),
    (f"{CLASSIFY} wall.jpg --model gone.tflite", 1, "there is no model file gone.tflite"),
    (f"{CLASSIFY} wall.jpg --model crack-xl", 1, "there is no model 'crack-xl'; shipped: "),
    (f"{CLASSIFY} wall.jpg --operating-point night", 1, "no operating point 'night'; it has: "),
    (f"{CLASSIFY}", 2, "Missing argument 'PICTURES...'"),
    (f"{SCAN} gone --out NEW", 1, "gone"),
    (f"{SCAN} empty --out NEW", 1, "empty"),
    (f"{SCAN} text.jpg --out NEW", 1, "text.jpg"),
    (f"{SCAN} enormous.png --out NEW", 1, "is too large: 60000x60000 pixels"),
    (f"{SCAN} 97 --out NEW", 1, "97"),
    (f"{SCAN} wall.jpg --out file", 1, "file"),
    (f"{SCAN} wall.jpg --out file/below", 1, "file/below"),
    (f"{SCAN} wall.jpg --out NEW --model float.tflite", 1, "carries no crackscan card"),
    (f"{SCAN} few --out few", 1, "few is not empty and holds no scan"),
    (f"{SCAN} few --out NEW --operating-point night", 1, "no operating point 'night'"),
    (f"{SCAN} few --out NEW --distance far", 1, "must be metres, like 1.5"),
    (f"{SCAN} few --out NEW --dask tcp://x:1 --workers 2", 2, "--workers is for this machine"),
    (f"{SCAN} 97 --out NEW --workers 2", 2, "are for folders of pictures"),
    (f"{SCAN} few --out NEW --position gpsd", 2, "Photographs carry their own positions"),
    (f"{FIT} gone --out NEW", 1, "gone does not exist"),
    (f"{FIT} wall.jpg --out NEW", 1, "wall.jpg is not a folder"),
    (f"{FIT} empty --out NEW", 1, "empty holds no pictures"),
    (f"{FIT} one-class --out NEW", 1, "one-class holds one class only, cracks: Crack (5)"),
    (f"{FIT} unnamed --out NEW", 1, "unnamed has no class folders (folders with pictures: walls)"),
    (f"{FIT} unread --out NEW --weights none", 1, "none of 10 pictures can be read"),
    (f"{FIT} few --out NEW --weights none", 1, "few has too few distinct pictures to split"),
    (f"{FIT} {GOOD} --out file", 1, "file is a file; --out names a folder"),
    (f"{FIT} {GOOD} --out file/below --weights none", 1, "file/below"),
    (f"{FIT} {GOOD} --out NEW --weights gone.h5", 1, "there is no weights file gone.h5"),
    (f"{FIT} {GOOD} --out NEW --weights text.jpg", 1, "text.jpg"),
    (f"{FIT} {GOOD} --out NEW --backbone resnet", 1, "no backbone 'resnet'; there are: mobilenet"),
    (f"{FIT} {GOOD} --out NEW --size 100", 2, "100 is not divisible by 16"),
    (f"{FIT} {GOOD} --out NEW --resume", 1, "holds no run to resume"),
    (f"{FIT} {GOOD}", 2, "Missing option '--out'"),
    (f"{EVALUATE} gone.tflite {GOOD}", 1, "there is no model file gone.tflite"),
    (f"{EVALUATE} text.tflite {GOOD}", 1, "text.tflite is not a TFLite model"),
    (f"{EVALUATE} float.tflite {GOOD}", 1, "float.tflite"),
    (f"{EVALUATE} tiny.tflite gone", 1, "gone does not exist"),
    (f"{EVALUATE} tiny.tflite empty", 1, "empty holds no pictures"),
    (f"{EVALUATE} tiny.tflite one-class", 1, "one-class holds one class only"),
    (f"{EVALUATE} tiny.tflite unread --out NEW", 1, "none of 10 pictures can be read: "),
    (f"{EVALUATE} tiny.tflite few --out file/below", 1, "file/below"),
    (f"{EVALUATE} empty {GOOD}", 1, "empty is not a run folder"),
    (f"{QUANTIZE} gone --out a.tflite", 1, "gone is not a finished run: model.keras is missing"),
    (f"{QUANTIZE} empty --out a.tflite", 1, "empty is not a finished run: model.keras is missing"),
    (f"{QUANTIZE} damaged --out a.tflite", 1, "damaged is damaged: "),
    (f"{QUANTIZE} damaged --out a.keras", 2, "a.keras must end in .tflite"),
    (f"{QUANTIZE} damaged --out gone/a.tflite", 1, "cannot write gone/a.tflite: no such folder"),
    (f"{VERIFY} gone.tflite damaged", 1, "there is no model file gone.tflite"),
    (f"{VERIFY} float.tflite damaged", 1, "float.tflite carries no crackscan card"),
    (f"{VERIFY} float-with-card.tflite damaged", 1, "is a float model; make it int8"),
    (f"{VERIFY} tiny.tflite empty", 1, "empty is not a finished run: model.keras is missing"),
    (f"{VERIFY} tiny.tflite damaged", 1, "damaged is damaged: "),
]


@pytest.mark.parametrize(("line", "code", "told"), CASES, ids=[case[0] for case in CASES])
def test_a_mistake_ends_in_one_clear_line(
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    line: str,
    code: int,
    told: str,
) -> None:
    monkeypatch.chdir(place)
    program, *arguments = line.replace("NEW", str(tmp_path / "new")).split()
    module, attribute = PROGRAMS[program]
    group = getattr(import_module(module), attribute)
    with pytest.raises(SystemExit) as ended:
        run_command(group, arguments)
    printed = capfd.readouterr()
    assert ended.value.code == code, printed.err
    assert told in printed.err
    assert printed.err.count("Error") == 1 and "Traceback" not in printed.err
    if code == 1:
        assert len([one for one in printed.err.splitlines() if one.strip()]) == 1, printed.err
    assert printed.out == ""


def test_a_missing_package_is_named_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for package, advice in (
        ("sklearn", "pip install"),
        ("cv2", "apt install python3-opencv"),
        ("PIL", "apt install python3-pil"),
    ):
        monkeypatch.setitem(sys.modules, package, None)

        @click.command()
        def needs(package: str = package) -> None:
            import_module(package)

        with pytest.raises(SystemExit) as ended:
            run_command(needs, [])
        printed = capsys.readouterr()
        assert ended.value.code == 1
        assert f"the Python package {package} is missing" in printed.err and advice in printed.err
        assert len(printed.err.splitlines()) == 1


def test_a_mistake_of_ours_is_not_hidden() -> None:
    group = LazyGroup("broken", lazy={"it": ("crackscan.no_such_module:it", "help")})
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        run_command(group, ["it"])
