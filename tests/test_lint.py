"""What `make lint` holds is really held: one wrong line in a copy of the code turns it red."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COPIED = ["__init__.py", "core", "edge", "train", "convert", "setup.cfg", "pyproject.toml", ".ci"]
SIDES = "The three sides"
ROOMS = "Inside the edge"
NO_TENSORFLOW = "never import TensorFlow"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout's code as the package of a folder of its own."""
    package = tmp_path_factory.mktemp("lint") / "crackscan"
    package.mkdir()
    hidden = shutil.ignore_patterns("__pycache__", "*.tflite", "*.jpg")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, package / name, ignore=hidden)
        else:
            shutil.copyfile(ROOT / name, package / name)
    return package


@pytest.fixture
def package(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "crackscan"))


def run_tool(package: Path, *command: str | Path) -> tuple[int, str]:
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "NO_COLOR": "1"}
    done = subprocess.run(
        command, cwd=package, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def tool(name: str) -> Path:
    return Path(sys.executable).with_name(name)


def check_contracts(package: Path) -> tuple[int, str]:
    return run_tool(package, tool("lint-imports"), "--no-cache", "--config", "setup.cfg")


def test_the_contracts_are_kept(original: Path) -> None:
    code, text = check_contracts(original)
    assert (code, "BROKEN" in text) == (0, False), text


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("core/errors.py", "import crackscan.edge.capture", SIDES),
        ("edge/capture/frame.py", "from crackscan.train.render import crack", SIDES),
        ("edge/inference/tiling.py", "import crackscan.convert.macs", SIDES),
        ("edge/capture/frame.py", "import crackscan.edge.survey.record", ROOMS),
        ("edge/survey/folder.py", "import crackscan.edge.pipelines.live.tally", ROOMS),
        ("edge/detection/finding.py", "import crackscan.edge.tracking", ROOMS),
        ("edge/inference/tiling.py", "import tensorflow", NO_TENSORFLOW),
        ("core/pooling.py", "import keras", NO_TENSORFLOW),
    ],
)
def test_an_import_that_points_up_breaks_its_contract(
    package: Path, file: str, line: str, broken: str
) -> None:
    path = package / file
    path.write_text(f"{path.read_text()}\n\n{line}\n")
    code, text = check_contracts(package)
    verdicts = [line for line in text.splitlines() if "BROKEN" in line]
    assert code == 1 and any(broken in one for one in verdicts), text


@pytest.mark.parametrize(
    ("file", "line", "rule"),
    [
        ("edge/survey/folder.py", 'print("done")', "T201"),
        ("convert/macs.py", 'import click\n\nclick.echo("done")', "TID251"),
        ("edge/web/live/hub.py", "from rich.console import Console\n\nConsole()", "TID251"),
    ],
)
def test_only_command_lines_print(package: Path, file: str, line: str, rule: str) -> None:
    path = package / file
    before = run_tool(package, tool("ruff"), "check", "--no-cache", "--select", rule, file)
    path.write_text(f"{path.read_text()}\n\n{line}\n")
    code, text = run_tool(package, tool("ruff"), "check", "--no-cache", "--select", rule, file)
    assert before[0] == 0 and code == 1 and rule in text


@pytest.mark.parametrize(
    ("text", "say"),
    [
        ('"""At the most three."""\n', "at most"),
        ("# It takes three at\n# the most.\n", "at most"),
        ("def remembered_cracks() -> None: ...\n", "re-identified, kept"),
    ],
)
def test_a_retired_word_is_refused_with_the_word_to_use(package: Path, text: str, say: str) -> None:
    (package / "core" / "new.py").write_text(text)
    for words in (["init", "-q"], ["add", "-A"]):
        assert run_tool(package, "git", *words)[0] == 0
    code, printed = run_tool(package, sys.executable, ".ci/check_words.py")
    assert code == 1
    assert printed.startswith("core/new.py:1: ") and printed.endswith(f"say {say!r}\n")
