"""Models and runs that several tests share, each made once a session, for all workers together."""

import fcntl
import os
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from crackscan.core.model_card import Card, OperatingPoint, Pooling
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import read_picture

SAMPLES = Path(__file__).parents[1] / "samples"

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
        # Made on a machine with TensorFlow for one without: tests/arm64.
        brought = Path(os.environ.get("CRACKSCAN_MADE", "/nowhere")) / name
        if (brought / "done").is_file():
            return brought
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
    """A real network with random weights.

    `tiny.tflite` is int8 with a card, `no-margin.tflite` the same with a card that lies about the
    margin; `float.tflite` has float ends and no card, `float-with-card.tflite` has one.
    """

    def make(folder: Path) -> None:
        from crackscan.core.tensorflow_import import import_tensorflow

        import_tensorflow()
        import keras
        import tensorflow as tf

        from crackscan.convert.tflite import to_int8
        from crackscan.core.model_card import append_card
        from crackscan.core.stderr_capture import drop_stderr
        from crackscan.train.network.crack_network import crack_network, receptive_margin_px

        keras.utils.set_random_seed(0)
        network = crack_network("strided-96")
        pictures = [
            read_picture(path)[:192, :192] for path in sorted(SAMPLES.glob("patches/*/*"))[::6]
        ]
        for layer in network.layers:  # as after training: no layer fades out
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = 0.0
        network(np.stack(pictures), training=True)
        maps = np.asarray(network(np.stack(pictures), training=False))
        head = network.get_layer("crack_logit")
        kernel, bias = head.get_weights()
        # Logits of a trained network's size, on both sides of zero.
        head.set_weights([kernel * 2 / maps.std(), bias - 2 * maps.mean() / maps.std()])
        card = Card(
            name="tiny",
            version="1",
            backbone="strided-96",
            cell_px=16,
            patch_px=224,
            margin_px=receptive_margin_px(network),
            pooling=Pooling(8),
            temperature=1.5,
            operating_points={
                "default": OperatingPoint(0.6, 0.6),
                "high-recall": OperatingPoint(0.2, 0.2),
            },
            scale="test",
        )
        int8 = to_int8(network, pictures)
        append_card(int8, card, folder / "tiny.tflite")
        append_card(int8, replace(card, margin_px=0), folder / "no-margin.tflite")
        fixed = keras.Input(batch_shape=(1, 192, 192, 3))
        converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(fixed, network(fixed)))
        with drop_stderr(), redirect_stdout(StringIO()):
            plain = converter.convert()
        (folder / "float.tflite").write_bytes(plain)
        append_card(plain, card, folder / "float-with-card.tflite")

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
