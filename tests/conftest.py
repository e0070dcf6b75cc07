"""Models and runs that several tests share, each made once a session, for all workers together."""

import fcntl
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from crackscan.core.model_card import Card, append_card
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import read_picture

SAMPLES = Path(__file__).parents[1] / "samples"
NETWORKS = Path(__file__).parent / "data" / "networks"

# How long an example takes says more of the machine than of the code.
settings.register_profile("crackscan", deadline=None)
settings.load_profile("crackscan")

Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """`once(name, make)` gives a folder that `make` filled once; the other workers wait for it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder_of(name: str, make: Callable[[Path], None]) -> Path:
        folder = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "done").is_file():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                (folder / "done").touch()
        return folder

    return folder_of


@pytest.fixture(scope="session")
def untrained(once: Once) -> Path:
    """A real network with random weights: tests/data/networks.

    `tiny.tflite` is int8 with a card, `no-margin.tflite` the same with a card that lies about the
    margin; `float.tflite` has float ends and no card, `float-with-card.tflite` has one.
    """

    def make(folder: Path) -> None:
        card = Card.from_json((NETWORKS / "card.json").read_text())
        int8, plain = (NETWORKS / f"{name}.tflite" for name in ("int8", "float"))
        append_card(int8.read_bytes(), card, folder / "tiny.tflite")
        append_card(int8.read_bytes(), replace(card, margin_px=0), folder / "no-margin.tflite")
        shutil.copyfile(plain, folder / "float.tflite")
        append_card(plain.read_bytes(), card, folder / "float-with-card.tflite")

    return once("untrained", make)


@pytest.fixture(scope="session")
def tiny_run(once: Once) -> Path:
    """A run folder that the command left: one epoch on the sample patches, 64 px.

    The data beside it, `data/Crack` and `data/NoCrack`, hold mirrored copies of six patches.
    """

    def make(folder: Path) -> None:
        from crackscan.core.command_line import run_command
        from crackscan.train.cli import crackscan_train

        for name, kind in (("positive", "Crack"), ("negative", "NoCrack")):
            shutil.copytree(SAMPLES / "patches" / name, folder / "data" / kind)
            for path in sorted((folder / "data" / kind).iterdir())[:3]:
                mirrored = np.ascontiguousarray(read_picture(path)[:, ::-1])
                write_picture(path.with_name(f"copy-of-{path.name}"), mirrored, quality=80)
        options = ["--backbone", "strided-96", "--weights", "none", "--size", "64"]
        options += ["--batch", "16", "--epochs", "1"]
        with pytest.raises(SystemExit) as ended:
            run_command(
                crackscan_train,
                ["fit", str(folder / "data"), "--out", str(folder / "run"), *options],
            )
        assert ended.value.code == 0

    return once("tiny-run", make) / "run"
