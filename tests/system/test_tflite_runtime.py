"""On systems without LiteRT, tflite-runtime gives the same maps: a fresh environment proves it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from crackscan.edge.model import CrackMap, Model, find_model
from crackscan.picture import RGB, read_picture, write_picture

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
WANTED = [
    "tflite-runtime==2.14.0",
    "numpy<2",
    "opencv-python-headless<4.12",
    "click",
    "rich",
]
ROUNDING = 0.1
"""How far a probability may be from LiteRT's, whose XNNPACK rounds otherwise in every layer."""
PICTURES = ["cracked-patch-upright.jpg", "intact-patch-bug-holes.jpg", "cracked-render.jpg"]
MAPS = """
import sys
import numpy as np
from crackscan.edge.model import Model
from crackscan.picture import read_picture
model = Model.load(threads=1)
assert model.runtime == "tflite-runtime 2.14.0", model.runtime
for path in sys.argv[2:]:
    np.save(f"{sys.argv[1]}/{path.rpartition('/')[2]}.npy", model.logits(read_picture(path)))
"""

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


def test_the_verdicts_are_the_same(environment: Path) -> None:
    pictures = sorted(SAMPLES.glob("*.jpg"))
    told = json.loads(run(environment / "crackscan", "classify", "--json", *pictures))
    model = Model.load(threads=1)
    assert len(told) == len(pictures) >= 12
    for one, path in zip(told, pictures, strict=True):
        here = model.picture_probability(read_picture(path))
        assert one["probability"] == pytest.approx(here, abs=ROUNDING)
        if abs(here - model.card.threshold) > ROUNDING:
            assert one["crack"] == (here >= model.card.threshold), path.name


def without_xnnpack(rgb: RGB) -> CrackMap:
    """Logits of LiteRT's own kernels, which tflite-runtime shares, for a picture in whole cells."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = Interpreter(
        model_path=str(find_model()),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        num_threads=1,
    )
    (source,), (target,) = plain.get_input_details(), plain.get_output_details()
    plain.resize_tensor_input(source["index"], (1, *rgb.shape))
    plain.allocate_tensors()
    plain.set_tensor(source["index"], rgb[np.newaxis])
    plain.invoke()
    scale, zero = target["quantization"]
    cells = plain.get_tensor(target["index"])[0, ..., 0].astype(np.float32)
    return np.asarray((cells - zero) * scale, np.float32)


def test_the_maps_are_the_same_but_for_rounding(environment: Path, tmp_path: Path) -> None:
    """Kernel by kernel within two steps; XNNPACK, which rounds otherwise, differs little."""
    for name in PICTURES:
        rgb = read_picture(SAMPLES / name)
        write_picture(
            tmp_path / f"{name}.png", rgb[: len(rgb) // 16 * 16, : rgb.shape[1] // 16 * 16]
        )
    paths = sorted(tmp_path.glob("*.png"))
    run(environment / "python", "-c", MAPS, tmp_path, *map(str, paths))
    model = Model.load(threads=1)
    assert model.runtime.startswith("ai-edge-litert")
    step = model._output["quantization"][0]
    for path in paths:
        there, rgb = np.load(tmp_path / f"{path.name}.npy"), read_picture(path)
        assert np.abs(there - without_xnnpack(rgb)).max() <= 2.001 * step
        differences = (there - model.logits(rgb)) / step
        assert np.abs(differences).mean() <= 4
        assert abs(differences.mean()) <= 2
