"""`verify` accepts what agrees with the float network, and nothing else."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crackscan.convert.audit import audit_model
from crackscan.core.errors import DataError
from crackscan.core.pictures import read_picture

SAMPLES = Path(__file__).parents[2] / "samples"


def test_a_true_conversion_passes(
    dark: Path, convert: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert("verify", dark / "dark.tflite", dark / "run") == 0
    output = capsys.readouterr().out
    assert output.count("  ok    ") == 5 and "FAILED" not in output
    assert "on 62 patches of patches (all)" in output


def test_the_proof_can_be_read_by_a_program(
    dark: Path, convert: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert("verify", dark / "dark.tflite", dark / "run", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert all(document["checks"].values()) and len(document["checks"]) == 5
    assert document["agreement"]["patches"] == 62
    assert document["agreement"]["float_auroc"] > 0.8
    assert document["audit"]["float_operators"] == []


def test_another_runs_model_fails(
    dark: Path, quantized: Path, convert: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert("verify", quantized / "a" / "tiny.tflite", dark / "run") == 1
    output = capsys.readouterr().out
    assert "FAILED AUROC drop" in output or "FAILED equal verdicts" in output
    assert "ok     no float operator" in output


def test_a_float_model_is_found_out(
    untrained: Path, dark: Path, convert: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit_model(untrained / "float.tflite").float_operators.count("CONV_2D") >= 8
    assert convert("verify", untrained / "float-with-card.tflite", dark / "run") == 1
    output = capsys.readouterr()
    assert "is a float model" in output.err and output.out == ""


def test_patches_of_one_class_prove_nothing(dark: Path) -> None:
    import keras

    from crackscan.convert.agreement import compare_models
    from crackscan.edge.inference.model import Model

    network = keras.models.load_model(dark / "run" / "model.keras", compile=False)
    rgb = read_picture(SAMPLES / "cracked-patch-fine.jpg")
    with pytest.raises(DataError, match="3 patches, not of both classes"):
        compare_models(network, Model.load(dark / "dark.tflite"), [(rgb, True)] * 3)


def test_float_and_int8_see_the_same_pixels_at_odd_sizes(dark: Path) -> None:
    import keras

    from crackscan.convert.agreement import BATCH, compare_models
    from crackscan.edge.inference.model import Model

    network = keras.models.load_model(dark / "run" / "model.keras", compile=False)
    rgb = read_picture(SAMPLES / "cracked-render.jpg")
    rng = np.random.default_rng(0)
    patches = [
        (rgb[top : top + 60 + at % 3, left : left + 75], bool(at % 2))
        for at, (top, left) in enumerate(rng.integers(0, 300, (BATCH + 9, 2)))
    ]
    found = compare_models(network, Model.load(dark / "dark.tflite"), patches)
    assert (found.patches, found.positives) == (BATCH + 9, (BATCH + 9) // 2)
    assert found.largest_difference < 0.05
