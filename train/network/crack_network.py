"""The crack-map network: a backbone cut at stride 16, and one logit a cell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
from keras import layers

from crackscan.core.errors import CrackscanError
from crackscan.train.network.pretrained import (
    load_efficientnet_lite0,
    load_mobilenet,
)

HEAD = "crack_logit"
"""The last layer."""


@dataclass(frozen=True)
class Backbone:
    """A convolutional trunk of total stride 16."""

    build: Callable[[Any], Any]
    """Keras tensor (N, H, W, 3) in -1..1 to features (N, H / 16, W / 16, C)."""
    load: Callable[[keras.Model, str], None]
    """Put pretrained weights ("imagenet" or a file) into a model that holds the trunk."""


def crack_network(backbone: str) -> keras.Model:
    """A fully convolutional network from camera values to cell logits.

    Input (N, H, W, 3) of 0..255 RGB, H and W divisible by 16; output (N, H / 16, W / 16, 1)
    logits. Scaling to -1..1 is part of the network, so nobody else ever scales pixels.

    Raises:
        CrackscanError: no backbone of that name.
    """
    if backbone not in BACKBONES:
        raise CrackscanError(f"no backbone {backbone!r}; there are: {', '.join(BACKBONES)}")
    picture = keras.Input((None, None, 3), name="rgb")
    scaled = layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(picture)
    features = BACKBONES[backbone].build(scaled)
    logits = layers.Conv2D(1, 1, name=HEAD, dtype="float32")(features)
    return keras.Model(picture, logits, name=backbone.replace(".", "_"))


def load_weights(model: keras.Model, backbone: str, weights: str) -> None:
    """Load `"imagenet"`, `"none"` (leave the random start) or a weights file.

    Raises:
        CrackscanError: they cannot be had, or do not fit.
    """
    if weights == "none":
        return
    if weights != "imagenet" and not Path(weights).is_file():
        raise CrackscanError(f"there is no weights file {weights}")
    if weights.endswith(".keras"):
        try:
            model.set_weights(keras.models.load_model(weights, compile=False).get_weights())
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise CrackscanError(f"{weights} holds no {backbone} crack network") from error
        return
    BACKBONES[backbone].load(model, weights)


def receptive_margin_px(model: keras.Model) -> int:
    """How far outside a cell the picture can change its value, at most, in px.

    Walks the layers from picture to logit with the recurrence for kernel size and stride (Dumoulin
    and Visin 2016); all branches of these networks follow one another in `model.layers`, and a
    skip connection looks no farther than the branch beside it. Keras pads `kernel - stride`, the
    larger half of it after the picture, so that a cell looks farther to the right and down.
    """
    before, after, jump = 0, 0, 1
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
            stride = layer.strides[0]
            kernel = (layer.kernel_size[0] - 1) * layer.dilation_rate[0] + 1
            padded = max(kernel - stride, 0) // 2
            before += padded * jump
            after += (kernel - 1 - padded) * jump
            jump *= stride
    return max(before, after - (jump - 1))


def _add_convolution(x: Any, filters: int, kernel: int, stride: int, name: str) -> Any:
    x = layers.Conv2D(filters, kernel, stride, "same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def _add_depthwise(x: Any, kernel: int, stride: int, name: str, dilation: int = 1) -> Any:
    x = layers.DepthwiseConv2D(
        kernel, stride, "same", dilation_rate=dilation, use_bias=False, name=f"{name}_conv"
    )(x)
    x = layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def _mobilenet_trunk(width: float, blocks: int = 11, halved: bool = False) -> Callable[[Any], Any]:
    """MobileNet (Howard et al. 2017) up to stride 16; there it has blocks 6 to 11.

    `halved` looks at the picture at half its scale: the first convolution, 6x6 of stride 4, is the
    original one on means of 2x2 px; so that cells stay 16 px, `conv_dw_6` keeps its resolution.
    """
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 1 if halved else 2)]
    plan += [(512, 1)] * 5

    def build(x: Any) -> Any:
        x = _add_convolution(x, int(32 * width), *((6, 4) if halved else (3, 2)), "conv1")
        for number, (filters, stride) in enumerate(plan[:blocks], start=1):
            x = _add_depthwise(x, 3, stride, f"dw_{number}")
            x = _add_convolution(x, int(filters * width), 1, 1, f"pw_{number}")
        return x

    return build


def _strided_trunk(width: int, depth: int) -> Callable[[Any], Any]:
    """A trunk for small processors: 4x4 patches at once, then separable convolutions.

    The layers at full and half resolution take most of MobileNet's time on a whole frame; here
    one 4x4 convolution of stride 4 (Dosovitskiy et al. 2021, "patchify") stands for them, and the
    multiply-adds go where a crack is distinguished from a joint: into the layers at stride 16.
    """

    def build(x: Any) -> Any:
        x = _add_convolution(x, 32, 4, 4, "stem")
        for number, (filters, stride) in enumerate([(64, 2), (width, 2)] + [(width, 1)] * depth, 1):
            x = _add_depthwise(x, 3, stride, f"dw_{number}")
            x = _add_convolution(x, filters, 1, 1, f"pw_{number}")
        return x

    return build


def _fused_trunk(width: int, depth: int, dilated: int = 0) -> Callable[[Any], Any]:
    """A trunk for processors with int8 dot products: whole convolutions on the way to stride 16.

    As the first blocks of EfficientNetV2 (Tan and Le 2021), for the same reason: few channels in a
    whole convolution take less time than a depthwise one that mostly waits for memory. The last
    `dilated` blocks look twice as far at the same price, along joints and cables.
    """

    def build(x: Any) -> Any:
        x = _add_convolution(x, 16, 4, 4, "stem")
        x = _add_convolution(x, 32, 3, 2, "eighth")
        x = _add_convolution(x, width, 3, 2, "sixteenth")
        for number in range(1, depth + 1):
            x = _add_depthwise(x, 3, 1, f"dw_{number}", 2 if number > depth - dilated else 1)
            x = _add_convolution(x, width, 1, 1, f"pw_{number}")
        return x

    return build


def _efficientnet_lite0(repeats: Sequence[int]) -> Callable[[Any], Any]:
    """EfficientNet-Lite0 (Liu 2020) up to stride 16, with the first `repeats` blocks a stage.

    Blocks keep the numbers that they have in the whole network, for the pretrained weights.
    """

    def build(x: Any) -> Any:
        x = _add_convolution(x, 32, 3, 2, "stem")
        first, channels = 0, 32
        for used, (blocks, kernel, stride, expand, filters) in zip(
            repeats, LITE0_STAGES, strict=True
        ):
            for number in range(first, first + used):
                step = stride if number == first else 1
                x = _add_inverted_residual(
                    x, f"block_{number}", channels, kernel, step, expand, filters
                )
                channels = filters
            first += blocks
        return x

    return build


def _efficientnet_lite0_fused(x: Any) -> Any:
    """EfficientNet-Lite0 for int8 dot products: six of its blocks, the first two of them fused.

    At high resolution a depthwise convolution waits for memory; one whole convolution instead of
    it and of the expansion before it takes half the time (EfficientNetV2, Tan and Le 2021). Block
    0 is left out. 5x5 depthwise convolutions are 3x3 ones of every second cell: they look as far
    with a third of the products. All other blocks are as `LITE0_STAGES` has them.
    """
    x = _add_convolution(x, 32, 3, 2, "stem")
    for number, inner, filters in ((1, 48, 24), (3, 128, 40)):
        x = _add_convolution(x, inner, 3, 2, f"block_{number}_fused")
        x = _add_projection(x, f"block_{number}", filters)
    x = _add_inverted_residual(x, "block_5", 40, 3, 2, 6, 80)
    x = _add_inverted_residual(x, "block_6", 80, 3, 1, 6, 80)
    x = _add_inverted_residual(x, "block_8", 80, 3, 1, 6, 112, dilation=2)
    return _add_inverted_residual(x, "block_9", 112, 3, 1, 6, 112, dilation=2)


def _add_inverted_residual(
    x: Any,
    name: str,
    channels: int,
    kernel: int,
    stride: int,
    expand: int,
    filters: int,
    dilation: int = 1,
) -> Any:
    """Inverted residual block (Sandler et al. 2018) with ReLU6."""
    inner = _add_convolution(x, channels * expand, 1, 1, f"{name}_expand") if expand > 1 else x
    inner = _add_depthwise(inner, kernel, stride, f"{name}_depth", dilation)
    inner = _add_projection(inner, name, filters)
    if stride > 1 or filters != channels:
        return inner
    return layers.Add(name=f"{name}_add")([inner, x])


def _add_projection(x: Any, name: str, filters: int) -> Any:
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project_conv")(x)
    return layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=f"{name}_project_bn")(x)


LITE0_STAGES: Sequence[tuple[int, int, int, int, int]] = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
)
"""(blocks, kernel, stride, expansion, filters) of the stages up to stride 16."""


def _only_from_nothing(model: keras.Model, weights: str) -> None:  # noqa: ARG001
    raise CrackscanError(f"this backbone has no {weights} weights; train it with --weights none")


BACKBONES: dict[str, Backbone] = {
    "mobilenet-0.25": Backbone(_mobilenet_trunk(0.25), load_mobilenet),
    "efficientnet-lite0": Backbone(_efficientnet_lite0((1, 2, 2, 3, 3)), load_efficientnet_lite0),
    "efficientnet-lite0-slim": Backbone(
        _efficientnet_lite0((1, 1, 1, 2, 2)), load_efficientnet_lite0
    ),
    "efficientnet-lite0-fused": Backbone(_efficientnet_lite0_fused, _only_from_nothing),
    "mobilenet-0.25-cut": Backbone(_mobilenet_trunk(0.25, blocks=7), load_mobilenet),
    "mobilenet-0.25-half": Backbone(_mobilenet_trunk(0.25, halved=True), load_mobilenet),
    "strided-64": Backbone(_strided_trunk(64, 5), _only_from_nothing),
    "strided-96": Backbone(_strided_trunk(96, 5), _only_from_nothing),
    "strided-128": Backbone(_strided_trunk(128, 5), _only_from_nothing),
    "fused-96": Backbone(_fused_trunk(96, 5), _only_from_nothing),
    "fused-96-far": Backbone(_fused_trunk(96, 5, dilated=2), _only_from_nothing),
}


def has_pretrained(backbone: str) -> bool:
    """Whether there are weights to start this backbone from."""
    return BACKBONES[backbone].load is not _only_from_nothing
