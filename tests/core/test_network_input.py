"""Every picture enters a network as the bytes that the network expects."""

import numpy as np
import pytest

from crackscan.core.network_input import fill_pixels, input_shape, takes_camera_bytes
from crackscan.core.pictures import RGB


def signed_pixels(rgb: RGB) -> np.ndarray:
    pixels = np.empty(rgb.shape, np.int8)
    fill_pixels(pixels, rgb)
    return pixels


def test_every_signed_pixel_is_its_byte_minus_128() -> None:
    rgb = np.arange(256, dtype=np.uint8).reshape(8, 32, 1)
    assert np.array_equal(signed_pixels(rgb).astype(int), rgb.astype(int) - 128)


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
@pytest.mark.parametrize("shape", [(16, 32), (16, 31), (17, 48), (40, 47)])
def test_a_picture_is_mirrored_to_fill_the_input(shape: tuple[int, int], kind: type) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    pixels = np.empty((48, 48, 3), kind)
    fill_pixels(pixels, rgb)
    whole = np.pad(rgb, ((0, 48 - shape[0]), (0, 48 - shape[1]), (0, 0)), mode="reflect")
    assert np.array_equal(pixels.astype(int), whole.astype(int) - 128 * (kind is np.int8))


@pytest.mark.parametrize(
    ("kind", "quantization", "channels", "accepted"),
    [
        (np.uint8, (1.0, 0), 3, True),
        (np.int8, (1.0, -1), 3, True),
        (np.int8, (1.0, -1), 12, True),
        (np.int8, (1.0, -128), 3, True),
        (np.int8, (1.0, -1), 4, False),
        (np.int8, (0.5, -1), 3, False),
        (np.uint8, (1.0, 128), 3, False),
        (np.float32, (0.0, 0), 3, False),
    ],
)
def test_an_input_takes_camera_bytes_if_one_step_is_one_grey_level(
    kind: type, quantization: tuple[float, int], channels: int, accepted: bool
) -> None:
    source = {"dtype": kind, "quantization": quantization, "shape": [1, 192, 192, channels]}
    assert takes_camera_bytes(source) is accepted


@pytest.mark.parametrize(("channels", "expected"), [(3, (1, 480, 640, 3)), (12, (1, 480, 160, 12))])
def test_joined_pixels_make_an_input_narrower_and_deeper(
    channels: int, expected: tuple[int, ...]
) -> None:
    assert input_shape({"shape": [1, 192, 192, channels]}, 480, 640) == expected
