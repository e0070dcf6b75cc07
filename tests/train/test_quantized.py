"""A quantized model is a start: its weights come back, and training goes on from there."""

from pathlib import Path

import numpy as np
import pytest

from crackscan.core.errors import CrackscanError
from crackscan.core.pictures import read_picture
from crackscan.train.evaluate.predict import load_scorer
from crackscan.train.fitting.settings import FitSettings
from crackscan.train.network.crack_network import crack_network
from crackscan.train.network.initial import initial_network
from crackscan.train.network.quantized_weights import load_quantized

ROOT = Path(__file__).parents[2]
SHIPPED = {"crack-s": "fused-96", "crack-m": "efficientnet-lite0-fused"}
PATCHES = np.stack(
    [
        read_picture(one)[:208, :208]
        for kind in ("positive", "negative")
        for one in sorted((ROOT / "samples/patches" / kind).glob("*.jpg"))[:8]
    ]
)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_agrees_as_a_network_with_its_int8_file(name: str) -> None:
    file, network = ROOT / f"models/{name}.tflite", crack_network(SHIPPED[name])
    load_quantized(network, SHIPPED[name], file, PATCHES)
    predicted = load_scorer(file)(PATCHES)
    mine = np.asarray(network(PATCHES, training=False))[..., 0]
    assert np.abs(mine - predicted).mean() < 0.05 * predicted.std()
    # Unfolded by these very pictures, the layers find in training what they expect.
    training = np.asarray(network(PATCHES, training=True))[..., 0]
    np.testing.assert_allclose(training, mine, atol=0.05 * predicted.std())


def test_training_starts_from_a_quantized_model() -> None:
    file = ROOT / "models/crack-s.tflite"
    network = initial_network(FitSettings("fused-96", str(file)), PATCHES)
    pooled = np.asarray(network(PATCHES, training=False)).max((1, 2, 3))
    assert pooled[:8].min() > pooled[8:].max()


@pytest.mark.parametrize(
    ("backbone", "file", "message"),
    [
        ("fused-96", "models/crack-m.tflite", "add --backbone efficientnet-lite0-fused"),
        ("fused-96", "models/none.tflite", "there is no weights file"),
        ("fused-96", "README.md", "carries no crackscan card"),
    ],
)
def test_weights_that_do_not_fit_are_reported_in_one_line(
    backbone: str, file: str, message: str
) -> None:
    with pytest.raises(CrackscanError, match=message) as caught:
        load_quantized(crack_network(backbone), backbone, ROOT / file, PATCHES)
    assert "\n" not in str(caught.value)
