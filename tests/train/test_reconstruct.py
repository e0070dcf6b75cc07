"""A network is fitted to another one, layer by layer, and begins by doing what that one does."""

from pathlib import Path

import keras
import numpy as np
import pytest

from crackscan.core.errors import CrackscanError
from crackscan.core.pictures import read_picture
from crackscan.core.run_folder import AVERAGE
from crackscan.train.network.crack_network import crack_network
from crackscan.train.network.reconstruct import finished_network, reconstruct_network

ROOT = Path(__file__).parents[2]
PATCHES = np.stack(
    [
        read_picture(one)[:208, :208]
        for kind in ("positive", "negative")
        for one in sorted((ROOT / "samples/patches" / kind).glob("*.jpg"))[:12]
    ]
)
SEEN, UNSEEN = PATCHES[::2], PATCHES[1::2]


def explained(network: keras.Model, model: keras.Model, patches: np.ndarray) -> float:
    """Share of the variance of the model's logits that the network's have."""
    mine, wanted = (np.asarray(one(patches, training=False)) for one in (network, model))
    return 1 - float(((mine - wanted) ** 2).mean() / wanted.var())


def test_a_network_of_the_same_layers_comes_out_as_the_model() -> None:
    model = finished_network(ROOT / "models/crack-s.tflite", SEEN)
    network = crack_network("fused-96")
    reconstruct_network(network, model, SEEN)
    assert explained(network, model, UNSEEN) > 0.98


def test_fused_blocks_do_what_the_separate_ones_do() -> None:
    keras.utils.set_random_seed(0)
    model = crack_network("efficientnet-lite0-slim")
    network = crack_network("efficientnet-lite0-fused")
    assert explained(network, model, SEEN) < 0.2
    reconstruct_network(network, model, SEEN)
    # A model of chance, and few patches: on others it would take hundreds to come as near.
    assert explained(network, model, SEEN) > 0.7
    training = np.asarray(network(SEEN, training=True))  # what training will find
    still = np.asarray(network(SEEN, training=False))
    assert np.abs(training - still).mean() < 0.1 * still.std()


def test_a_network_of_other_layers_cannot_begin_so() -> None:
    with pytest.raises(
        CrackscanError, match="cannot begin as strided-64, which has no stem_bn like its own"
    ) as caught:
        reconstruct_network(crack_network("fused-96"), crack_network("strided-64"), SEEN)
    assert "\n" not in str(caught.value)


def test_a_run_lends_its_averaged_network(tmp_path: Path) -> None:
    with pytest.raises(CrackscanError, match="holds no finished network"):
        finished_network(tmp_path, SEEN)
    model = crack_network("strided-64")
    model.save(tmp_path / AVERAGE)
    found = finished_network(tmp_path, SEEN)
    for mine, kept in zip(found.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, kept)
