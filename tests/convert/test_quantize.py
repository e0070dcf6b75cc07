"""A run becomes a file that takes camera bytes, computes in int8, and carries its card."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crackscan.convert.audit import audit_model
from crackscan.core.errors import ModelError
from crackscan.core.model_card import Card, read_card
from crackscan.core.network_input import SIGN_BIT
from crackscan.core.pictures import read_picture
from crackscan.edge.inference.model import Model
from crackscan.edge.inference.runtime import open_interpreter

SAMPLES = Path(__file__).parents[2] / "samples"


def test_the_file_takes_camera_bytes_minus_128_and_gives_int8(quantized: Path) -> None:
    interpreter, _ = open_interpreter(quantized / "a" / "tiny.tflite", 1)
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert source["dtype"] == np.int8 and source["quantization"][0] == 1.0
    assert target["dtype"] == np.int8


def test_the_file_is_int8_throughout_and_per_channel(quantized: Path) -> None:
    inside = audit_model(quantized / "a" / "tiny.tflite")
    assert inside.float_operators == ()
    assert inside.not_delegated == ()
    assert inside.per_channel
    assert inside.operators["CONV_2D"] >= 8 and inside.operators["DEPTHWISE_CONV_2D"] == 7


def test_every_grey_level_reaches_the_first_convolution(quantized: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = Interpreter(
        model_path=str(quantized / "a" / "tiny.tflite"),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    (source,) = plain.get_input_details()
    plain.allocate_tensors()
    grey = np.arange(np.prod(source["shape"]), dtype=np.uint32).astype(np.uint8)
    plain.set_tensor(source["index"], (grey ^ SIGN_BIT).view(np.int8).reshape(source["shape"]))
    plain.invoke()
    first = next(one for one in plain._get_ops_details() if one["op_name"] == "CONV_2D")
    reached = plain.get_tensor(first["inputs"][0]).ravel()
    assert np.array_equal(reached, grey.astype(np.int16) - 128)


def test_the_same_run_gives_the_same_bytes(quantized: Path) -> None:
    first, second = ((quantized / name / "tiny.tflite").read_bytes() for name in ("a", "b"))
    assert first == second
    assert len(first) < 200_000


def test_the_card_has_what_the_run_knew_and_what_was_measured(
    quantized: Path, tiny_run: Path
) -> None:
    card = read_card(quantized / "a" / "tiny.tflite")
    trained = Card.from_json((tiny_run / "card.json").read_bytes())
    assert card.name == "tiny"
    assert card.operating_points == trained.operating_points
    assert card.training_data == trained.training_data
    ((name, figures),) = card.figures.items()
    assert name == "data, validation"
    assert figures["patches"] > figures["positives"] > 0
    assert 0 <= figures["int8_auroc"] <= 1 and 0 <= figures["equal_verdicts"] <= 1


@pytest.mark.parametrize("shape", [(64, 64), (227, 227), (300, 410)])
def test_the_file_takes_pictures_of_any_size(quantized: Path, shape: tuple[int, int]) -> None:
    model = Model.load(quantized / "a" / "tiny.tflite", threads=1)
    rgb = read_picture(SAMPLES / "cracked-painted-wall.jpg")[: shape[0], : shape[1]]
    assert rgb.shape[:2] == shape
    assert model.crack_map(rgb).shape == (-(-shape[0] // 16), -(-shape[1] // 16))


def test_int8_maps_are_close_to_the_float_network(dark: Path) -> None:
    import keras

    network = keras.models.load_model(dark / "run" / "model.keras", compile=False)
    model = Model.load(dark / "dark.tflite", threads=1)
    rgb = read_picture(SAMPLES / "cracked-render.jpg")[:320, :640]
    exact = np.asarray(network(rgb[np.newaxis]))[0, ..., 0]
    step = model._output["quantization"][0]
    assert np.abs(model.logits(rgb) - exact).max() <= 2 * step + 0.1


def test_what_the_converter_gets_wrong_is_not_passed_on(dark: Path) -> None:
    import keras

    from crackscan.convert.tflite import to_int8

    network = keras.models.load_model(dark / "run" / "model.keras", compile=False)
    too_bright = [np.full((192, 192, 3), 510.0, np.float32)]
    with pytest.raises(ModelError, match=r"uint8, scale and zero point \(2\.0, 0\)"):
        to_int8(network, too_bright)


def test_json_and_other_data(
    dark: Path, tmp_path: Path, convert: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "mine"
    for kind in ("positive", "negative"):
        for path in sorted((SAMPLES / "patches" / kind).glob("*"))[:4]:
            (data / kind).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, data / kind)
    out = tmp_path / "out.tflite"
    assert convert("quantize", dark / "run", "--out", out, "--data", data, "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["patches"], figures["positives"]) == (8, 4)
    card = read_card(out)
    assert card.name == "out" and list(card.figures) == ["mine, all"]
