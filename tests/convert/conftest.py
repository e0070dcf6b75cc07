"""Runs and files that conversion is tested on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crackscan.convert.cli import crackscan_convert
from crackscan.core.command_line import run_command
from crackscan.core.model_card import Card, OperatingPoint, Pooling
from crackscan.core.pictures import read_picture

SAMPLES = Path(__file__).parents[2] / "samples" / "patches"


def crackscan_convert_(*arguments: str | Path) -> int:
    """Run the command as a program does; gives its exit code."""
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan_convert, list(map(str, arguments)))
    return int(ended.value.code or 0)


@pytest.fixture(scope="session")
def convert() -> Any:
    return crackscan_convert_


@pytest.fixture(scope="session")
def quantized(once: Any, tiny_run: Path) -> Path:
    """`a/tiny.tflite` and `b/tiny.tflite`, made by the command from one run."""

    def make(folder: Path) -> None:
        for name in ("a", "b"):
            (folder / name).mkdir()
            out = folder / name / "tiny.tflite"
            assert crackscan_convert_("quantize", tiny_run, "--out", out) == 0

    return Path(once("quantized", make))


@pytest.fixture(scope="session")
def dark(once: Any) -> Path:
    """A run and `dark.tflite` of a network made by hand that answers to dark lines, and well."""

    def make(folder: Path) -> None:
        from crackscan.core.tensorflow_import import import_tensorflow

        import_tensorflow()
        import keras

        picture = keras.Input((None, None, 3))
        x = keras.layers.Rescaling(-1 / 255, offset=1)(picture)
        x = keras.layers.Conv2D(2, 3, 2, "same", activation="relu", name="blur")(x)
        x = keras.layers.MaxPooling2D(8)(x)
        network = keras.Model(picture, keras.layers.Conv2D(1, 1, name="logit")(x))
        blur = np.full((3, 3, 3, 2), 1 / 27, np.float32)
        network.get_layer("blur").set_weights([blur, np.zeros(2, np.float32)])
        gain = np.array([10.0, 10.0], np.float32).reshape(1, 1, 2, 1)
        network.get_layer("logit").set_weights([gain, np.array([-9.0], np.float32)])
        paths = sorted(SAMPLES.glob("*/*.jpg"))
        pictures = np.stack([read_picture(path)[:192, :192] for path in paths])
        card = Card(
            name="dark",
            version="1",
            backbone="by hand",
            cell_px=16,
            patch_px=227,
            margin_px=1,
            pooling=Pooling(4),
            temperature=1.0,
            operating_points={"default": OperatingPoint(_in_a_gap(network), 0.5)},
            scale="test",
        )
        (folder / "run").mkdir()
        network.save(folder / "run" / "model.keras")
        (folder / "run" / "card.json").write_text(card.to_json())
        (folder / "run" / "data.txt").write_text(str(SAMPLES))
        np.save(folder / "run" / "representative.npy", pictures)
        out = folder / "dark.tflite"
        assert crackscan_convert_("quantize", folder / "run", "--out", out) == 0

    return Path(once("dark", make))


def _in_a_gap(network: Any) -> float:
    """The middle of the widest gap between the patches' probabilities, away from both ends."""
    from crackscan.core.pooling import logit_to_probability, top_k_mean

    pictures = np.stack([read_picture(path)[:224, :224] for path in sorted(SAMPLES.glob("*/*"))])
    maps = np.asarray(network(pictures))[..., 0]
    found = np.sort([logit_to_probability(top_k_mean(one, 4), 1.0) for one in maps])[15:-15]
    widest = int(np.argmax(np.diff(found)))
    return float(found[widest : widest + 2].mean())
