"""A model gives its network the pixels of any picture, in memory of its own."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crackscan.core.network_input import fill_pixels, input_shape
from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.inference.model import MODELS, Model, shipped_models
from crackscan.edge.inference.runtime import open_interpreter

SAMPLE = Path(__file__).parents[3] / "samples" / "cracked-painted-wall.jpg"


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_model_begins_with_its_first_convolution(name: str) -> None:
    interpreter, _ = open_interpreter(MODELS / f"{name}.tflite", 1, built_in=True)
    interpreter.allocate_tensors()
    (source,) = interpreter.get_input_details()
    first = interpreter._get_ops_details()[0]
    assert first["op_name"] == "CONV_2D" and source["index"] in first["inputs"]
    assert source["dtype"] == np.int8
    joined = int(source["shape"][3]) // 3
    assert joined == {"crack-s": 4}.get(name, 1), "4x4 patches with stride 4"


def map_steps(interpreter: Any, rgb: RGB) -> np.ndarray:
    """The raw int8 map (rows, columns) of a picture."""
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    shape = input_shape(source, *rgb.shape[:2])
    interpreter.resize_tensor_input(source["index"], shape)
    interpreter.allocate_tensors()
    pixels = np.empty(rgb.shape, np.int8)
    fill_pixels(pixels, rgb)
    interpreter.set_tensor(source["index"], pixels.reshape(shape))
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(target["index"]))[0, ..., 0]


def test_a_model_gives_the_map_of_any_part_of_a_picture() -> None:
    rgb = read_picture(SAMPLE)[3:195, 5:261]
    assert not rgb.flags.c_contiguous
    model = Model.load("crack-s", 1)
    plain, _ = open_interpreter(model.path, 1)
    scale, zero = plain.get_output_details()[0]["quantization"]
    expected = (map_steps(plain, rgb).astype(np.float32) - zero) * np.float32(scale)
    assert np.array_equal(model.logits(rgb), expected)
    assert np.array_equal(model.logits(rgb), expected), "a second time, in the same memory"


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
