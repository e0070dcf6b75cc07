"""Where there is no LiteRT, tflite-runtime gives the same maps: a fresh environment proves it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from crackscan.core.pictures import read_picture
from crackscan.edge.cli.photo_options import open_detector
from crackscan.edge.inference.model import MODELS, Model
from crackscan.edge.measurement.scale.settings import ScaleSettings
from crackscan.edge.pipelines.photos.values import Task

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
WANTED = [
    "tflite-runtime==2.14.0",
    "numpy<2",
    "opencv-python-headless<4.12",
    "pillow",
    "click",
    "rich",
]
SAME = 0.005
"""How far a probability may be from that of the same kernels in LiteRT: a step of some cells."""
SHIPPED = sorted(MODELS.glob("*.tflite"))
PICTURES = ["cracked-patch-upright.jpg", "intact-patch-bug-holes.jpg", "cracked-render.jpg"]
pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.version_info >= (3, 12), reason="tflite-runtime ends at Python 3.11"),
]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment with tflite-runtime and this project, no LiteRT."""
    folder = tmp_path_factory.mktemp("tflite-runtime") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "pip", "--disable-pip-version-check", "-q", "install"]
    subprocess.run([*pip, *WANTED], check=True)
    # A copy, since an installation builds inside the folder that it installs from.
    hidden = shutil.ignore_patterns(".*", "build", "*.egg-info", "tests")
    shutil.copytree(ROOT, folder.parent / "checkout", ignore=hidden)
    subprocess.run([*pip, "--no-deps", folder.parent / "checkout"], check=True)
    return folder / "bin"


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_no_litert(environment: Path) -> None:
    frozen = run(environment / "pip", "freeze")
    assert "tflite-runtime==2.14.0" in frozen or "tflite_runtime==2.14.0" in frozen
    assert "litert" not in frozen and "tensorflow" not in frozen


def test_it_is_given_xnnpack(environment: Path) -> None:
    """Which it leaves off for int8; the same kernels as in LiteRT, and many times as quick."""
    told = json.loads(run(environment / "crackscan", "doctor", "--json"))
    [runtime] = [one["found"] for one in told["checks"] if one["name"] == "runtime"]
    assert runtime == "tflite-runtime 2.14.0 with XNNPACK"


def test_the_verdicts_are_the_same(environment: Path) -> None:
    pictures = sorted(SAMPLES.glob("*.jpg"))
    told = json.loads(run(environment / "crackscan", "classify", "--json", *pictures))
    detector = open_detector(None, "default", 1, ScaleSettings())
    assert len(told) == len(pictures) >= 12
    for one, path in zip(told, pictures, strict=True):
        here = detector.process_file(Task(path.name, str(path), 0))
        assert one["probability"] == pytest.approx(here.probability, abs=SAME), path.name
        if abs(here.probability - detector.rule.patch) > SAME:
            assert one["crack"] == bool(here.findings), path.name


@pytest.mark.parametrize("kernels", ["", "built-in"])
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_maps_and_findings_are_the_kept_ones(
    environment: Path, path: Path, kernels: str
) -> None:
    """What the same kernels said in LiteRT: each cell within two steps, each finding the same."""
    kept = ROOT / "tests" / "data" / "golden" / f"{path.stem}{kernels and f'.{kernels}'}.npz"
    golden = [environment / "crackscan-convert", "golden", path, SAMPLES, "--check", kept]
    compared = json.loads(run(*golden, "--json", *([f"--{kernels}"] if kernels else [])))
    assert len(compared) >= 12
    for one in compared:
        assert one["largest"] <= 2 and one["findings_equal"], one


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_xnnpack_is_not_far(path: Path) -> None:
    """What it says beside LiteRT's own kernels, in quantization steps: little, and no bias."""
    plain, fast = (Model(path, 1, built_in) for built_in in (True, False))
    assert plain.runtime != fast.runtime
    step = fast._output["quantization"][0]
    for name in PICTURES:
        rgb = read_picture(SAMPLES / name)
        differences = (plain.logits(rgb) - fast.logits(rgb)) / step
        assert np.abs(differences).mean() <= 4, name
        assert abs(differences.mean()) <= 1, name
