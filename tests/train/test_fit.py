"""A run leaves all that comes after it needs, and an interrupted one ends as if it had not been."""

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crackscan.core.command_line import run_command
from crackscan.core.dataset.split_file import read_split
from crackscan.core.errors import CrackscanError, PictureError
from crackscan.core.model_card import Card
from crackscan.core.tensorflow_import import import_tensorflow
from crackscan.train.cli import crackscan_train
from crackscan.train.data.labelled_patches import LabelledPatches

import_tensorflow()
import keras  # noqa: E402

from crackscan.train.fitting.callbacks import Row, Watch  # noqa: E402
from crackscan.train.fitting.fit import Outcome, fit  # noqa: E402
from crackscan.train.fitting.settings import LAST, FitSettings  # noqa: E402
from crackscan.train.network.crack_network import crack_network  # noqa: E402
from crackscan.train.network.initial import in_float32  # noqa: E402

SAMPLES = Path(__file__).parents[2] / "samples" / "patches"
CRACKED, INTACT = (sorted((SAMPLES / name).glob("*")) for name in ("positive", "negative"))
SMALL = FitSettings("strided-96", "none", epochs=3, batch=8, size_px=64, average=0.9)


def patches(first: int, last: int, vary: bool = True) -> LabelledPatches:
    paths = CRACKED[first:last] + INTACT[first:last]
    return LabelledPatches(paths, [path in CRACKED for path in paths], 64, vary)


def train(folder: Path, settings: FitSettings = SMALL, **more: Any) -> Outcome:
    return fit(folder, settings, [patches(0, 8)], [patches(8, 13, vary=False)], **more)


def crackscan_fit(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan_train, ["fit", *map(str, arguments)])
    return int(ended.value.code or 0)


def history(folder: Path) -> list[dict[str, str]]:
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


class PowerCutError(Exception):
    """Nothing in the training catches it."""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    outcome = train(folder)
    assert outcome.epochs == 3 and len(history(folder)) == 3
    return folder


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut off in its third epoch; `first/` holds what was saved after its first."""
    folder = tmp_path_factory.mktemp("runs") / "cut"

    def on_batch(done: int, total: int) -> None:
        if (folder / "history.csv").is_file() and len(history(folder)) == 2 and done == total:
            raise PowerCutError

    def on_epoch(row: Row) -> None:
        if row["epoch"] == 1:
            (folder / "first").mkdir()
            for name in ("last.keras", "average.keras"):
                shutil.copy(folder / name, folder / "first" / name)

    with pytest.raises(PowerCutError):
        train(folder, watch=Watch(on_batch, on_epoch))
    return folder


def as_it_was(_: Path) -> None:
    """Cut off in the middle of an epoch."""


def history_is_ahead(folder: Path) -> None:
    """Cut off after the second epoch's figures were written, before its network was."""
    for path in (folder / "first").iterdir():
        shutil.copy(path, folder / path.name)


@pytest.mark.parametrize("when", [as_it_was, history_is_ahead])
def test_a_resumed_run_ends_as_an_uninterrupted_one(
    uninterrupted: Path, interrupted: Path, tmp_path: Path, when: Callable[[Path], None]
) -> None:
    folder = Path(shutil.copytree(interrupted, tmp_path / "run"))
    when(folder)
    epochs: list[float] = []
    outcome = train(
        folder, resume=True, watch=Watch(on_epoch=lambda row: epochs.append(row["epoch"]))
    )
    assert epochs == ([3] if when is as_it_was else [2, 3])
    assert history(folder) == history(uninterrupted)
    kept, expected = (
        keras.models.load_model(one, compile=False).get_weights()
        for one in (outcome.model, uninterrupted / "model.keras")
    )
    for mine, theirs in zip(kept, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_finished_run_has_nothing_left_to_resume(uninterrupted: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(uninterrupted, tmp_path / "run"))
    outcome = train(folder, resume=True)
    assert outcome.epochs == 3
    assert history(folder) == history(uninterrupted)


def test_training_stops_when_it_gets_no_better_and_keeps_the_best(tmp_path: Path) -> None:
    scores = iter([0.1, 0.9, 0.8, 0.7, 1.0])
    weights: list[list[np.ndarray]] = []

    def judge(network: keras.Model) -> Row:
        weights.append(network.get_weights())
        return {"score": next(scores)}

    plain = replace(SMALL, epochs=5, patience=2, average=0.0)
    outcome = train(tmp_path / "run", plain, judge=judge)
    assert outcome.epochs == 4
    assert outcome.best["epoch"] == 2
    kept = keras.models.load_model(outcome.model, compile=False).get_weights()
    for mine, best, last in zip(kept, weights[1], weights[-1], strict=True):
        np.testing.assert_array_equal(mine, best)
        assert mine.shape == last.shape


def test_a_picture_that_is_gone_is_named_in_one_line(tmp_path: Path) -> None:
    gone = tmp_path / "gone.jpg"
    shutil.copy(CRACKED[0], gone)
    source = LabelledPatches([gone, INTACT[0]], [True, False], 64)
    gone.unlink()
    with pytest.raises(PictureError, match=r"gone\.jpg does not exist"):
        fit(tmp_path / "run", SMALL, [source], [patches(8, 13, vary=False)])


def test_without_validation_data_nothing_is_started(tmp_path: Path) -> None:
    with pytest.raises(CrackscanError, match="no validation data"):
        fit(tmp_path / "run", SMALL, [patches(0, 8)], [LabelledPatches([], [], 64)])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("other", [replace(SMALL, seed=1), replace(SMALL, epochs=9)])
def test_a_run_is_resumed_with_its_own_settings_only(interrupted: Path, other: FitSettings) -> None:
    with pytest.raises(CrackscanError, match=r"was started with (seed 0, not 1|epochs 3, not 9)"):
        train(interrupted, other, resume=True)


def test_a_damaged_checkpoint_is_reported_in_one_line(interrupted: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(interrupted, tmp_path / "run"))
    (folder / LAST).write_bytes((folder / LAST).read_bytes()[:5000])
    with pytest.raises(CrackscanError, match="is damaged") as error:
        train(folder, resume=True)
    assert "\n" not in str(error.value)


def test_a_network_trained_in_half_precision_is_kept_in_float32() -> None:
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        half = crack_network("strided-96")
        whole = in_float32(half, "strided-96")
        assert keras.mixed_precision.dtype_policy().name == "mixed_float16"
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert half.get_layer("pw_3_conv").compute_dtype == "float16"
    assert {layer.compute_dtype for layer in whole.layers} == {"float32"}
    for mine, theirs in zip(whole.get_weights(), half.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_run_leaves_what_comes_after_it_needs(tiny_run: Path) -> None:
    names = {path.name for path in tiny_run.iterdir()}
    assert names >= {
        "model.keras",
        "last.keras",
        "history.csv",
        "curves.png",
        "settings.json",
        "split.json",
        "data.txt",
        "card.json",
        "representative.npy",
        "tensorboard",
    }
    assert not [name for name in names if "part" in name]
    assert any((tiny_run / "tensorboard").iterdir())
    card = Card.from_json((tiny_run / "card.json").read_bytes())
    assert (card.name, card.backbone, card.patch_px, card.cell_px) == ("run", "strided-96", 64, 16)
    assert card.training_data[0].count == len(read_split(tiny_run / "split.json").items("train"))
    assert card.operating_points["high-recall"].patch <= card.threshold
    pictures = np.load(tiny_run / "representative.npy")
    assert pictures.shape == (160, 192, 192, 3) and pictures.dtype == np.uint8
    network = keras.models.load_model(tiny_run / "model.keras", compile=False)
    assert network(np.zeros((1, 96, 160, 3))).shape == (1, 6, 10, 1)


def test_copies_and_folder_names_are_understood(tiny_run: Path) -> None:
    split = read_split(tiny_run / "split.json")
    assert {(one.path, one.label) for one in split.classes} == {("Crack", True), ("NoCrack", False)}
    copies = split.copy_groups()
    assert len(copies) >= 6
    side = {member.item.path: member.side for member in split.members}
    for group in copies:
        assert len({side[item.path] for item in group}) == 1, "a copy crossed the split"
    assert set(side.values()) == {"train", "validation", "test"}


def test_a_run_is_not_overwritten(tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (tiny_run / "history.csv").read_bytes()
    data = tiny_run.parent / "data"
    assert crackscan_fit(data, "--out", tiny_run, "--weights", "none") == 1
    assert "holds a run already; go on with --resume" in capsys.readouterr().err
    assert (tiny_run / "history.csv").read_bytes() == before


def test_resuming_needs_no_settings_again(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    data = tiny_run.parent / "data"
    assert crackscan_fit(data, "--out", folder, "--resume", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["settings"]["backbone"] == "strided-96" and document["epochs"] == 1
    assert crackscan_fit(data, "--out", folder, "--resume", "--batch", "4") == 1
    assert "was started with batch 16, not 4" in capsys.readouterr().err
