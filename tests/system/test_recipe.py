"""The command that makes the shipped models, end to end on next to no data."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from crackscan.core.model_card import Card
from crackscan.core.pictures import read_picture
from crackscan.edge.inference.model import Model

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.system


def run(*arguments: str | Path) -> None:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run([str(one) for one in arguments], check=True, timeout=600, env=environment)


def weights(file: Path) -> list[np.ndarray]:
    import keras

    found: list[np.ndarray] = keras.models.load_model(file, compile=False).get_weights()
    return found


def link_some(source: Path, target: Path) -> None:
    """Every twelfth picture of a folder at any depth, and the masks of those in images/."""
    taken = sorted(path for path in source.rglob("*.jpg"))[::12]
    masks = [path.parents[1] / "masks" / f"{path.stem}.png" for path in taken]
    for path in [*taken, *(mask for mask in masks if mask.is_file())]:
        link = target / path.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the data folder beside the checkout")
@pytest.mark.timeout(900)
def test_a_quick_model_is_taught_converted_and_finds_its_way_into_the_api(tmp_path: Path) -> None:
    others = tmp_path / "others"
    others.mkdir()
    for picture in (DATA / "field_photos").glob("vt-*.jpg"):
        (others / picture.name).symlink_to(picture)
    made, file = tmp_path / "run", tmp_path / "crack-s.tflite"
    small = tmp_path / "data"
    small.mkdir()
    (small / "metu").symlink_to(ROOT / "samples" / "patches")
    for part in ("field_photos", "deepcrack_dev"):
        (small / part).symlink_to(DATA / part)
    link_some(DATA / "wall_cracks", small / "wall_cracks")
    link_some(DATA / "scenes", small / "scenes")
    options = ("--weights", "none", "--negatives", others, "--quick")
    first, teacher = tmp_path / "teacher", tmp_path / "crack-m"
    run(BIN / "crackscan-train", "model", "teacher", small, "--out", first, *options)
    run(BIN / "crackscan-train", "model", "crack-m", small, "--out", teacher, *options[2:])
    assert (teacher / "start.keras").is_file()  # begun as a network that does what the first does
    run(BIN / "crackscan-train", "model", "crack-s", small, "--out", made, *options)
    (made / "stage-2" / "history.csv").unlink()  # as if it had been interrupted before that stage
    for part in ("last.keras", "average.keras", "model.keras"):
        (made / "stage-2" / part).unlink()
        (made / part).unlink(missing_ok=True)
    again = ("model", "crack-s", small, "--out", made, *options)
    run(BIN / "crackscan-train", *again, "--resume")
    assert (made / "average.keras").is_file()
    stages = [weights(made / f"stage-{number}" / "average.keras") for number in (1, 2)]
    for began, ended, kept in zip(*stages, weights(made / "model.keras"), strict=True):
        if kept.shape != (1,):  # calibration moves the head's bias
            np.testing.assert_allclose(kept, 0.35 * began + 0.65 * ended, rtol=1e-4, atol=1e-6)
    assert np.load(made / "views" / "patch.npy").min() >= 0  # nothing is left unknown
    run(BIN / "crackscan-convert", "quantize", made, "--out", file)

    finished, renewed = tmp_path / "crack-m.tflite", tmp_path / "renewed"
    run(BIN / "crackscan-convert", "quantize", teacher, "--out", finished)
    going_on = ("model", "crack-m", small, "--out", renewed, *options[2:], "--from", finished)
    run(BIN / "crackscan-train", *going_on)
    assert Card.from_json((renewed / "card.json").read_text()).made_by.count("epochs") == 1
    assert sorted(one.name for one in renewed.glob("stage-*")) == ["stage-1"]

    card = Card.from_json((made / "card.json").read_text())
    assert {"default", "high-recall"} == set(card.operating_points)
    assert 0 < card.figures["development"]["dev_auroc"] < 1
    assert [source.count for source in card.training_data][1:3] == [54, 6]
    assert all("CC BY" in source.licence for source in card.training_data[3:])
    assert len(card.training_data) == 5
    model = Model.load(file)
    assert model.card.training_data == card.training_data
    picture = read_picture(ROOT / "samples" / "cracked-render.jpg")
    rows, cols = (-(-side // 16) for side in picture.shape[:2])
    assert model.crack_map(picture).shape == (rows, cols)
