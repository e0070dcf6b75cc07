"""A network that was changed in memory says bit for bit what its file says."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscan.edge.model import MODELS, Model, shipped_models
from crackscan.edge.runtime import open_interpreter
from crackscan.edge.signed_input import fill, with_signed_input
from crackscan.picture import RGB, read_picture

SAMPLE = Path(__file__).parents[2] / "samples" / "cracked-painted-wall.jpg"
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


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_model_says_the_same_without_its_first_operator(name: str) -> None:
    file = MODELS / f"{name}.tflite"
    changed = with_signed_input(file.read_bytes())
    assert changed is not None
    plain, _ = open_interpreter(file, 1)
    spared, _ = open_interpreter(file, 1, content=changed)
    for rgb in (read_picture(SAMPLE)[:192, :256], np.arange(64 * 64 * 3).reshape(64, 64, 3)):
        rgb = rgb.astype(np.uint8)
        assert np.array_equal(cells(spared, signed(rgb)), cells(plain, rgb))


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
    changed = with_signed_input(SMALL.read_bytes())
    assert changed is not None and with_signed_input(changed) is None
    assert with_signed_input(b"") is None and with_signed_input(b"text" * 50) is None


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
    found = with_signed_input(bytes(content))
    assert found is None or len(found) == len(content)


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
