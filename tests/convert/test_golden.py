"""The shipped models give the samples the maps that were kept."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from crackscan.convert.cli import crackscan_convert
from crackscan.convert.golden import compare_runtimes, compare_with_kept
from crackscan.core.command_line import run_command
from crackscan.core.errors import CrackscanError
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import read_picture
from crackscan.edge.inference.model import MODELS, Model

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
KEPT = ROOT / "tests" / "data" / "golden"
SHIPPED = sorted(MODELS.glob("*.tflite"))


@pytest.mark.parametrize("built_in", [False, True], ids=["xnnpack", "built-in"])
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_model_gives_the_maps_that_were_kept(path: Path, built_in: bool) -> None:
    kept = KEPT / f"{path.stem}{'.built-in' if built_in else ''}.npz"
    found = compare_with_kept(Model(path, 1, built_in), kept, SAMPLES)
    assert len(found) >= 12
    for one in found:
        assert one.same_pixels and one.largest <= 2 and one.findings_equal, one


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_two_runtimes_kept_is_compared_as_if_one_of_them_were_here(path: Path) -> None:
    model = Model(path, 1)
    kept, other = KEPT / f"{path.stem}.npz", KEPT / f"{path.stem}.built-in.npz"
    assert compare_runtimes(other, kept, model.card, SAMPLES) == compare_with_kept(
        model, other, SAMPLES
    )
    assert all(one.largest == 0 for one in compare_runtimes(kept, kept, model.card, SAMPLES))


def test_maps_of_two_models_are_not_compared() -> None:
    first, second = (KEPT / f"{path.stem}.npz" for path in SHIPPED[:2])
    with pytest.raises(CrackscanError, match="were kept of two models"):
        compare_runtimes(first, second, Model(SHIPPED[0], 1).card, SAMPLES)


def golden(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan_convert, ["golden", *map(str, arguments)])
    return int(ended.value.code or 0), capsys.readouterr().out


def test_another_picture_under_the_same_name_is_reported_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pictures").mkdir()
    picture, maps = tmp_path / "pictures" / "wall.jpg", tmp_path / "maps.npz"
    shutil.copyfile(SAMPLES / "cracked-wall-below-tiles.jpg", picture)
    model = MODELS / "crack-s.tflite"
    assert golden(capsys, model, tmp_path / "pictures", "--keep", maps)[0] == 0
    code, out = golden(capsys, model, tmp_path / "pictures", "--check", maps)
    assert code == 0 and re.search(r"wall.jpg +worst +0 steps.* findings equal\n", out)
    write_picture(picture, np.ascontiguousarray(read_picture(picture)[::-1]))
    code, out = golden(capsys, model, tmp_path / "pictures", "--check", maps)
    assert code == 1 and "decoded to other pixels" in out


def test_maps_of_another_model_are_not_compared(tmp_path: Path) -> None:
    with np.load(KEPT / "crack-s.npz") as kept:
        about = str(kept["about"]).replace('"model_sha256": "', '"model_sha256": "x')
        np.savez(tmp_path / "kept.npz", about=np.array(about))
    with pytest.raises(CrackscanError, match="of another model; run: make golden"):
        compare_with_kept(Model.load("crack-s", 1), tmp_path / "kept.npz", SAMPLES)
