"""Networks that are made or cut by hand are what they are meant to be."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from crackscan.benchmarks.roof.cut import cut_out
from crackscan.benchmarks.roof.rate import Rate
from crackscan.benchmarks.roof.square import square_convolution, square_macs
from crackscan.benchmarks.roofline import group_layers, main
from crackscan.convert.macs import count_macs, list_layers
from crackscan.edge.inference.model import find_model
from crackscan.edge.inference.runtime import open_interpreter


@pytest.mark.parametrize("kernel", [1, 3])
def test_a_square_convolution_has_its_multiply_adds(tmp_path: Path, kernel: int) -> None:
    file = tmp_path / "square.tflite"
    file.write_bytes(square_convolution(kernel, 12, 16))
    assert count_macs(file) == square_macs(kernel, 12, 16) == 12 * 12 * 16 * 16 * kernel**2
    interpreter, _ = open_interpreter(file, 1)
    interpreter.allocate_tensors()
    pixels = np.full((1, 12, 12, 16), 50, np.int8)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
    interpreter.invoke()
    made = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    assert made.shape == (1, 12, 12, 16) and made.any()


@pytest.mark.parametrize("name", ["crack-s", "crack-m"])
def test_each_layer_is_cut_out_of_a_network(tmp_path: Path, name: str) -> None:
    model = find_model(name)
    whole = list_layers(model)
    for at in (0, 2, len(whole) - 2, len(whole) - 1):
        file = tmp_path / f"{at}.tflite"
        file.write_bytes(cut_out(model, at))
        assert list_layers(file) == [whole[at]]


def test_every_layer_gets_a_rate(tmp_path: Path) -> None:
    words = ["--quick", "--rounds", "2", "--model", "crack-s", "--out", str(tmp_path)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    document = json.loads((tmp_path / "roofline.json").read_text())
    rows = document["models"]["crack-s"]
    assert set(document["best_macs_per_s"]) == {"1x1", "3x3"}
    assert document["copied_bytes_per_s"] > 1e8
    assert "<svg" in (tmp_path / "roofline.svg").read_text()
    whole = rows[-1]
    assert whole["name"] == "whole network"
    assert whole["macs"] == count_macs(find_model("crack-s"), 480, 640)
    assert whole["macs"] == sum(one["macs"] for one in rows[:-1])
    assert all(one["ms"] > 0 for one in rows)
    layer = [Rate(**one) for one in rows[:-1]]
    shares = group_layers(layer)
    assert list(shares)[:2] == ["first conv_2d", "conv_2d, 60 rows"]
    assert sorted(map(id, layer)) == sorted(id(one) for own in shares.values() for one in own)
    assert "| depthwise_conv_2d | 5 |" in (tmp_path / "roofline.md").read_text()
