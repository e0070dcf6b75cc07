"""A network whose input is optimized gives the crack maps that it gave before, bit for bit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crackscan.convert.flatbuffer import pack_flatbuffer, parse_flatbuffer, schema
from crackscan.convert.input_rewrite import optimize_input, split_pixels
from crackscan.core.errors import ModelError
from crackscan.core.model_card import append_card, read_card
from crackscan.core.network_input import fill_pixels, input_shape
from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.inference.model import Model
from crackscan.edge.inference.runtime import open_interpreter

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "samples" / "cracked-painted-wall.jpg"
CELL_PX = 16
BACKBONES = {"fused-96": 4, "efficientnet-lite0-fused": 1, "strided-96": 4}
"""Shipped and other networks, with the number of pixels that their first convolution joins."""


@pytest.fixture(scope="session")
def converted(once: Any) -> Path:
    """A `.tflite` of each backbone with random weights, as the converter makes it."""

    def make(folder: Path) -> None:
        from crackscan.core.tensorflow_import import import_tensorflow

        import_tensorflow()
        import keras

        from crackscan.convert.tflite import to_int8
        from crackscan.train.network.crack_network import crack_network

        rgb = read_picture(SAMPLE)
        pictures = [rgb[at : at + 192, at : at + 192] for at in (0, 50, 100)]
        for backbone in BACKBONES:
            keras.utils.set_random_seed(1)
            (folder / f"{backbone}.tflite").write_bytes(to_int8(crack_network(backbone), pictures))

    return Path(once("converted", make))


def crack_map(file: Path, rgb: RGB, built_in: bool = False) -> np.ndarray:
    """The raw int8 map of a picture."""
    interpreter, _ = open_interpreter(file, 1, built_in)
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    shape = input_shape(source, *rgb.shape[:2])
    interpreter.resize_tensor_input(source["index"], shape)
    interpreter.allocate_tensors()
    pixels = np.empty(rgb.shape, source["dtype"])
    fill_pixels(pixels, rgb)
    interpreter.set_tensor(source["index"], pixels.reshape(shape))
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(target["index"]))


def optimized(file: Path, folder: Path, cell_px: int = CELL_PX) -> Path:
    changed = folder / "optimized.tflite"
    changed.write_bytes(optimize_input(file.read_bytes(), cell_px))
    return changed


def input_of(file: Path) -> dict[str, Any]:
    interpreter, _ = open_interpreter(file, 1)
    found: dict[str, Any] = interpreter.get_input_details()[0]
    return found


@pytest.mark.parametrize("built_in", [False, True], ids=["XNNPACK", "built-in kernels"])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_map_stays_bit_identical(
    converted: Path, tmp_path: Path, backbone: str, built_in: bool
) -> None:
    file = converted / f"{backbone}.tflite"
    changed = optimized(file, tmp_path)
    assert input_of(file)["dtype"] == np.uint8 and input_of(changed)["dtype"] == np.int8
    noise = np.random.default_rng(7).integers(0, 256, (160, 112, 3), np.uint8)
    every_level = np.arange(64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)
    for rgb in (read_picture(SAMPLE)[:192, :256], noise, every_level):
        assert np.array_equal(crack_map(changed, rgb, built_in), crack_map(file, rgb, built_in))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_pixels_are_joined_if_patches_do_not_overlap(
    converted: Path, tmp_path: Path, backbone: str
) -> None:
    changed = optimized(converted / f"{backbone}.tflite", tmp_path)
    assert input_of(changed)["shape"][3] == 3 * BACKBONES[backbone]


def test_pixels_are_not_joined_if_a_width_may_have_no_whole_number_of_patches(
    converted: Path, tmp_path: Path
) -> None:
    assert input_of(optimized(converted / "fused-96.tflite", tmp_path, 6))["shape"][3] == 3


def test_split_pixels_undoes_the_joining(converted: Path, tmp_path: Path) -> None:
    file = optimized(converted / "fused-96.tflite", tmp_path)
    split = tmp_path / "split.tflite"
    split.write_bytes(split_pixels(file.read_bytes()))
    assert list(input_of(split)["shape"]) == [1, 192, 192, 3]
    rgb = read_picture(SAMPLE)[:64, :96]
    assert np.array_equal(crack_map(split, rgb), crack_map(file, rgb))
    assert optimize_input(split.read_bytes(), CELL_PX) == file.read_bytes()
    assert split_pixels(split.read_bytes()) == split.read_bytes()


def test_an_optimized_file_needs_no_second_time(converted: Path) -> None:
    once = optimize_input((converted / "fused-96.tflite").read_bytes(), CELL_PX)
    assert optimize_input(once, CELL_PX) is once


def test_the_signature_names_the_new_input(converted: Path) -> None:
    model = parse_flatbuffer(optimize_input((converted / "fused-96.tflite").read_bytes(), CELL_PX))
    (graph,), (signature,) = model.subgraphs, model.signatureDefs
    assert [one.tensorIndex for one in signature.inputs] == list(graph.inputs)


def change_level(model: Any, addition: Any) -> None:
    level = model.subgraphs[0].tensors[addition.inputs[1]]
    model.buffers[level.buffer].data = np.array([100], np.int8).view(np.uint8)


def change_activation(_model: Any, addition: Any) -> None:
    addition.builtinOptions.fusedActivationFunction = schema.ActivationFunctionType.RELU


def change_scale(model: Any, addition: Any) -> None:
    model.subgraphs[0].tensors[addition.outputs[0]].quantization.scale = [2.0]


def read_twice(_model: Any, addition: Any) -> None:
    addition.inputs = [addition.inputs[0], addition.inputs[0]]


@pytest.mark.parametrize("change", [change_level, change_activation, change_scale, read_twice])
def test_an_addition_that_changes_values_stays(
    converted: Path, tmp_path: Path, change: Callable[[Any, Any], None]
) -> None:
    model = parse_flatbuffer((converted / "fused-96.tflite").read_bytes())
    addition = model.subgraphs[0].operators[1]
    change(model, addition)
    file = tmp_path / "changed.tflite"
    file.write_bytes(pack_flatbuffer(model))
    changed = optimized(file, tmp_path)
    source = input_of(changed)
    assert (source["quantization"], source["shape"][3]) == ((1.0, -128), 3)
    rgb = read_picture(SAMPLE)[:64, :96]
    assert np.array_equal(crack_map(changed, rgb), crack_map(file, rgb))


def test_weights_are_aligned_as_the_schema_demands(converted: Path) -> None:
    content = optimize_input((converted / "fused-96.tflite").read_bytes(), CELL_PX)
    model = schema.Model.GetRootAs(content, 0)
    data = [model.Buffers(at) for at in range(model.BuffersLength())]
    places = [one._tab.Vector(one._tab.Offset(4)) for one in data if one.DataLength()]
    assert len(places) > 20 and all(place % 16 == 0 for place in places)


def test_the_command_rewrites_a_file_and_keeps_its_card(
    untrained: Path, tmp_path: Path, convert: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = untrained / "tiny.tflite", tmp_path / "new.tflite"
    assert convert("optimize", old, "--out", new) == 0
    assert "operators instead of" in capsys.readouterr().out
    assert read_card(new) == read_card(old)
    rgb = read_picture(SAMPLE)[:100, :120]
    assert np.array_equal(Model.load(new, 1).logits(rgb), Model.load(old, 1).logits(rgb))
    before = new.read_bytes()
    assert convert("optimize", new) == 0
    assert "nothing to remove" in capsys.readouterr().out
    assert new.read_bytes() == before


def test_a_damaged_file_is_refused_in_one_line(
    untrained: Path, tmp_path: Path, convert: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "damaged.tflite"
    card = read_card(untrained / "tiny.tflite")
    append_card(b"\x1c\x00\x00\x00TFL3" + b"text" * 500, card, damaged)
    before = damaged.read_bytes()
    assert convert("optimize", damaged) == 1
    assert "is not a TFLite model" in capsys.readouterr().err
    assert damaged.read_bytes() == before
    with pytest.raises(ModelError):
        Model.load(damaged)
