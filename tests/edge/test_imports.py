"""The field device's part is light: no TensorFlow anywhere in it, and `--help` loads nothing."""

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import crackscan.edge
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import read_picture
from crackscan.edge.cli import COMMANDS

SAMPLES = Path(__file__).parents[2] / "samples"
DESKTOP_ONLY = {"tensorflow", "keras", "sklearn", "scipy", "matplotlib"}
HEAVY = DESKTOP_ONLY | {
    "cv2", "numpy", "PIL", "rich", "ai_edge_litert", "jinja2", "dask", "distributed", "gpiozero",
    "picamera2", "pymavlink", "sqlite3", "asyncio", "ssl", "http",
}  # fmt: skip
CLASSIFIES = {
    "capture", "cli", "detection", "inference", "measurement", "pipelines", "positioning",
    "reporting",
}  # fmt: skip
"""The folders of the edge that `classify` needs: nothing of the live view, tracking or surveys."""
ALLOWED = {"surveys": {"sqlite3"}}
"""What the help of a command loads all the same."""
MOST_HELP_S, MOST_CLASSIFY_S, MOST_FIRST_S, MOST_CLASSIFY_MB = 0.3, 1.5, 2.0, 120
ROOMS = sorted(
    module.name
    for module in pkgutil.walk_packages(crackscan.edge.__path__, f"{crackscan.edge.__name__}.")
)

CLASSIFY = """
import sys
from crackscan.core.command_line import run_command
from crackscan.edge.cli import crackscan
try:
    run_command(crackscan, ["classify", sys.argv[1]])
except SystemExit as ended:
    assert not ended.code, ended.code
"""
SCAN = """
import sys
from crackscan.core.command_line import run_command
from crackscan.edge.cli import crackscan
try:
    run_command(crackscan, ["scan", sys.argv[1], "--out", sys.argv[2], "--json", "--threads", "1"])
except SystemExit as ended:
    assert not ended.code, ended.code
"""
HELP = """
import sys
from crackscan.core.command_line import run_command
from crackscan.edge.cli import crackscan
try:
    run_command(crackscan, ["--help"])
except SystemExit as ended:
    assert not ended.code, ended.code
"""


def loaded_by(program: str, *arguments: str) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded after a program."""
    tell = "\nimport json, sys\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program + tell, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    modules: list[str] = json.loads(done.stdout.splitlines()[-1])
    return {name.partition(".")[0] for name in modules} | set(modules)


def test_the_edge_never_imports_the_desktop() -> None:
    assert len(ROOMS) > 15, "walked past the rooms"
    found = loaded_by("\n".join(f"import {room}" for room in ROOMS))
    assert "numpy" in found
    assert not found & DESKTOP_ONLY
    assert not {"crackscan.train", "crackscan.convert"} & found


def test_classify_runs_without_the_desktop() -> None:
    found = loaded_by(CLASSIFY, str(SAMPLES / "cracked-patch-upright.jpg"))
    assert "crackscan.edge.inference.model" in found
    assert not found & DESKTOP_ONLY


@pytest.mark.parametrize("command", ["edge", "train", "convert"])
def test_help_loads_no_heavy_package(command: str) -> None:
    attribute = {"edge": "", "train": "_train", "convert": "_convert"}[command]
    program = HELP.replace("crackscan.edge.cli import crackscan", "{} import {} as crackscan")
    found = loaded_by(program.format(f"crackscan.{command}.cli", f"crackscan{attribute}"))
    assert "click" in found
    assert not found & HEAVY


@pytest.mark.parametrize("subcommand", sorted(COMMANDS))
def test_help_of_a_command_loads_no_heavy_package(subcommand: str) -> None:
    found = loaded_by(HELP.replace('["--help"]', f'["{subcommand}", "--help"]'))
    assert f"crackscan.edge.cli.{subcommand}" in found
    assert not found & (HEAVY - ALLOWED.get(subcommand, set()))


def test_python_itself_tells_of_nothing_heavy_at_the_start() -> None:
    """As `python -X importtime` lists it: whatever was imported, also if it was dropped again."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", HELP],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "click" in imported and "crackscan.edge.cli" in imported
    assert not {name.partition(".")[0] for name in imported} & HEAVY


def test_classify_loads_what_it_uses_and_nothing_else() -> None:
    found = loaded_by(CLASSIFY, str(SAMPLES / "cracked-patch-upright.jpg"))
    ours = {tuple(name.split(".")[1:]) for name in found if name.startswith("crackscan.")}
    assert {name[1] for name in ours if name[0] == "edge" and len(name) > 1} == CLASSIFIES
    assert not any(name[:3] == ("edge", "pipelines", "live") for name in ours)
    runtime = "tflite_runtime" if "tflite_runtime" in found else "ai_edge_litert"
    assert not found & (HEAVY - {"cv2", "numpy", "PIL", "rich", runtime})


def test_the_library_loads_nothing_until_it_is_used() -> None:
    found = loaded_by("import crackscan\nassert {'Model', 'detect'} <= set(dir(crackscan))")
    assert not found & HEAVY
    assert {name for name in found if name.startswith("crackscan")} == {"crackscan"}
    found = loaded_by("from crackscan import Model, detect")
    assert "numpy" in found and not found & DESKTOP_ONLY and "sqlite3" not in found


def test_help_comes_at_once() -> None:
    """Processor time, which other programs on the machine do not lengthen much."""
    tell = "\nimport time\nprint('\\n' + str(time.process_time()))"
    taken_s = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", HELP + tell], capture_output=True, text=True, check=True
        )
        taken_s.append(float(done.stdout.splitlines()[-1]))
    assert min(taken_s) <= MOST_HELP_S


def test_the_first_picture_is_classified_within_a_second_and_a_half() -> None:
    """From the start of Python to the verdict: processor time, as above."""
    tell = "\nimport time\nprint('\\n' + str(time.process_time()))"
    taken_s = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", CLASSIFY + tell, SAMPLES / "cracked-patch-upright.jpg"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "crack" in done.stdout
        taken_s.append(float(done.stdout.splitlines()[-1]))
    assert min(taken_s) <= MOST_CLASSIFY_S, taken_s


def test_a_scan_without_a_screen_loads_no_screen(tmp_path: Path) -> None:
    """Nor the live view's server, nor the report's templates: that costs time and memory."""
    picture = str(SAMPLES / "cracked-patch-upright.jpg")
    found = loaded_by(SCAN, picture, str(tmp_path / "survey"))
    assert "crackscan.edge.pipelines.photos" in found
    assert not found & (HEAVY - {"cv2", "numpy", "PIL", "ai_edge_litert", "sqlite3"})


def test_the_first_picture_is_recorded_within_two_seconds(tmp_path: Path) -> None:
    """From the start of Python to the end of a scan of one picture: processor time, as above."""
    tell = "\nimport time\nprint('\\n' + str(time.process_time()))"
    taken_s = []
    for number in range(3):
        folder = tmp_path / str(number)
        done = subprocess.run(
            [sys.executable, "-c", SCAN + tell, SAMPLES / "cracked-patch-upright.jpg", folder],
            capture_output=True,
            text=True,
            check=True,
        )
        assert (folder / "survey.sqlite").exists()
        taken_s.append(float(done.stdout.splitlines()[-1]))
    assert min(taken_s) <= MOST_FIRST_S, taken_s


def test_classifying_a_picture_takes_little_memory(tmp_path: Path) -> None:
    """The most that the process ever held, for a picture of 1920x1080."""
    photograph = read_picture(SAMPLES / "intact-tiles-and-shadows.jpg")
    large = np.asarray(cv2.resize(photograph, (1920, 1080)), np.uint8)
    write_picture(tmp_path / "wall.jpg", large)
    tell = "\nprint([one for one in open('/proc/self/status') if one.startswith('VmHWM')][0])"
    done = subprocess.run(
        [sys.executable, "-c", CLASSIFY + tell, str(tmp_path / "wall.jpg")],
        capture_output=True,
        text=True,
        check=True,
    )
    [line] = [one for one in done.stdout.splitlines() if one.startswith("VmHWM")]
    assert int(line.split()[1]) * 1024 / 1e6 <= MOST_CLASSIFY_MB
