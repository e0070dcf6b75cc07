"""A network that was changed in memory says bit for bit what its file says."""

import sys
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given
from hypothesis import strategies as st

from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.inference.input_rewrite import Spared, fill, without_first_layers
from crackscan.edge.inference.model import MODELS, Model, shipped_models
from crackscan.edge.inference.runtime import open_interpreter

SAMPLE = Path(__file__).parents[3] / "samples" / "cracked-painted-wall.jpg"
SMALL = MODELS / "crack-s.tflite"


def cells(interpreter: Any, pixels: np.ndarray) -> np.ndarray:
    """The raw int8 map of some pixels."""
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(source["index"], (1, *pixels.shape))
    interpreter.allocate_tensors()
    interpreter.set_tensor(source["index"], pixels[np.newaxis])
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(target["index"]))


def signed(rgb: RGB) -> np.ndarray:
    pixels = np.empty(rgb.shape, np.int8)
    fill(pixels, rgb)
    return pixels


def spared(file: Path, cell_px: int = 16) -> Spared:
    found = without_first_layers(file.read_bytes(), cell_px)
    assert found is not None
    return found


@pytest.mark.parametrize("built_in", [False, True], ids=["XNNPACK", "built-in kernels"])
@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_model_says_the_same_without_its_first_layers(name: str, built_in: bool) -> None:
    file = MODELS / f"{name}.tflite"
    changed = spared(file)
    plain, _ = open_interpreter(file, 1, built_in)
    begun_later, _ = open_interpreter(file, 1, built_in, changed.content)
    noise = np.random.default_rng(7).integers(0, 256, (160, 112, 3), np.uint8)
    every_level = np.arange(64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)
    for rgb in (read_picture(SAMPLE)[:192, :256], noise, every_level):
        fed = signed(rgb).reshape(len(rgb), -1, 3 * changed.joined)
        assert np.array_equal(cells(begun_later, fed), cells(plain, rgb))


def test_only_squares_that_lie_side_by_side_are_joined() -> None:
    assert spared(SMALL).joined == 4, "4x4 at every fourth pixel"
    assert spared(MODELS / "crack-m.tflite").joined == 1, "3x3 at every second"
    assert spared(SMALL, 6).joined == 1, "a width of 6 px has no whole number of squares"


@pytest.mark.parametrize("change", ["level", "activation", "scale", "another reader"])
def test_an_addition_that_does_something_stays(tmp_path: Path, change: str) -> None:
    file = tmp_path / "changed.tflite"
    file.write_bytes(with_another_addition(SMALL.read_bytes(), change))
    changed = spared(file)
    plain, _ = open_interpreter(file, 1)
    begun_later, _ = open_interpreter(file, 1, content=changed.content)
    (reads,) = begun_later.get_input_details()
    assert (reads["quantization"], changed.joined) == ((1.0, -128), 1)
    rgb = read_picture(SAMPLE)[:64, :96]
    assert np.array_equal(cells(begun_later, signed(rgb)), cells(plain, rgb))


def with_another_addition(content: bytes, change: str) -> bytes:
    """A network whose second operator, an addition that leaves bytes as they are, does more."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    (graph,) = model.subgraphs
    addition = graph.operators[1]
    before, level = (graph.tensors[at] for at in addition.inputs)
    if change == "level":
        model.buffers[level.buffer].data = np.array([100], np.int8).view(np.uint8)
    elif change == "activation":
        addition.builtinOptions.fusedActivationFunction = schema.ActivationFunctionType.RELU
    elif change == "scale":
        graph.tensors[addition.outputs[0]].quantization.scale = [2.0]
    else:
        addition.inputs = [addition.inputs[0], addition.inputs[0]]
    assert before.quantization.zeroPoint == [-128]
    model.signatureDefs = []
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def test_the_model_uses_it_for_any_part_of_a_picture() -> None:
    rgb = read_picture(SAMPLE)[3:195, 5:261]
    assert not rgb.flags.c_contiguous
    model = Model.load("crack-s", 1)
    plain, _ = open_interpreter(SMALL, 1)
    scale, zero = plain.get_output_details()[0]["quantization"]
    said = (cells(plain, rgb)[0, ..., 0].astype(np.float32) - zero) * np.float32(scale)
    assert np.array_equal(model.logits(rgb), said)
    assert np.array_equal(model.logits(rgb), said), "a second time, in the same memory"


def test_every_byte_is_128_less() -> None:
    rgb = np.arange(256, dtype=np.uint8).reshape(8, 32, 1)
    assert np.array_equal(signed(rgb).astype(int), rgb.astype(int) - 128)


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
@pytest.mark.parametrize("shape", [(16, 32), (16, 31), (17, 48), (40, 47)])
def test_what_a_picture_lacks_is_mirrored(shape: tuple[int, int], kind: type) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    pixels = np.empty((48, 48, 3), kind)
    fill(pixels, rgb)
    whole = np.pad(rgb, ((0, 48 - shape[0]), (0, 48 - shape[1]), (0, 0)), mode="reflect")
    assert np.array_equal(pixels.astype(int), whole.astype(int) - 128 * (kind is np.int8))


def test_a_network_that_begins_otherwise_is_left_alone() -> None:
    assert without_first_layers(spared(SMALL).content, 16) is None
    assert without_first_layers(b"", 16) is None and without_first_layers(b"text" * 50, 16) is None


@given(
    st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), min_size=1, max_size=20),
    st.integers(8, 130_000),
)
def test_a_damaged_file_is_never_an_error_here(damage: list[tuple[int, int]], end: int) -> None:
    content = bytearray(SMALL.read_bytes()[:end])
    for place, value in damage:
        at = place if place % 2 else -1 - place  # at both ends: the tables are at the second
        if -len(content) <= at < len(content):
            content[at] = value
    found = without_first_layers(bytes(content), 16)
    assert found is None or len(found.content) == len(content)


def test_a_profiler_that_holds_frames_of_the_program_does_not_stop_the_network() -> None:
    model = Model.load("crack-s", threads=1)
    rgb = np.random.default_rng(5).integers(0, 256, (64, 70, 3), np.uint8)
    expected, held = model.crack_map(rgb), []
    sys.setprofile(lambda frame, *_: held.append(frame))  # as distributed's samples do
    try:
        found = model.crack_map(rgb)
    finally:
        sys.setprofile(None)
    assert len(held) > 10 and np.array_equal(found, expected)
    assert np.array_equal(model.crack_map(rgb), expected)
