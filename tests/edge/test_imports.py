"""The field device's part is light: no TensorFlow anywhere in it, and `--help` loads nothing."""

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import crackscan.edge

SAMPLES = Path(__file__).parents[2] / "samples"
DESKTOP_ONLY = {"tensorflow", "keras", "sklearn", "scipy", "matplotlib"}
ROOMS = sorted(
    module.name
    for module in pkgutil.walk_packages(crackscan.edge.__path__, f"{crackscan.edge.__name__}.")
)

CLASSIFY = """
import sys
from crackscan.command import run
from crackscan.edge.cli import crackscan
try:
    run(crackscan, ["classify", sys.argv[1]])
except SystemExit as ended:
    assert not ended.code, ended.code
"""
HELP = """
import sys
from crackscan.command import run
from crackscan.edge.cli import crackscan
try:
    run(crackscan, ["--help"])
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
    assert "crackscan.edge.model" in found
    assert not found & DESKTOP_ONLY


@pytest.mark.parametrize("command", ["edge", "train", "convert"])
def test_help_loads_no_heavy_package(command: str) -> None:
    attribute = {"edge": "", "train": "_train", "convert": "_convert"}[command]
    program = HELP.replace("crackscan.edge.cli import crackscan", "{} import {} as crackscan")
    found = loaded_by(program.format(f"crackscan.{command}.cli", f"crackscan{attribute}"))
    assert "click" in found
    assert not found & ({"cv2", "numpy", "rich", "ai_edge_litert"} | DESKTOP_ONLY)


@pytest.mark.parametrize("subcommand", ["classify", "scan"])
def test_help_of_a_command_loads_no_heavy_package(subcommand: str) -> None:
    found = loaded_by(HELP.replace('["--help"]', f'["{subcommand}", "--help"]'))
    assert not found & ({"cv2", "numpy", "ai_edge_litert"} | DESKTOP_ONLY)
