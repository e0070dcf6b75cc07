"""How a picture enters a network: as bytes, or as bytes minus 128 with pixels of a row joined."""

from typing import Any

import numpy as np
import numpy.typing as npt

COLOURS = 3
SIGN_BIT = np.uint8(0x80)
"""A byte with this bit flipped is, read as int8, the byte minus 128."""
Pixels = npt.NDArray[np.int8] | npt.NDArray[np.uint8]


def takes_camera_bytes(source: dict[str, Any]) -> bool:
    """Whether one step of the input that an interpreter describes is one grey level.

    Either uint8 that stand for 0 to 255, or int8 that are bytes minus 128, whatever grey level
    their zero point calls zero. The channels are those of one pixel or of neighbours in a row.
    """
    scale, zero = source["quantization"]
    signed = source["dtype"] == np.int8
    unsigned = source["dtype"] == np.uint8 and zero == 0
    return scale == 1.0 and (signed or unsigned) and int(source["shape"][3]) % COLOURS == 0


def input_shape(source: dict[str, Any], height: int, width: int) -> tuple[int, int, int, int]:
    """The shape in which a network takes a picture of `height` x `width` pixels.

    A network whose input has 3 * n channels takes n neighbouring pixels of a row as one: the same
    bytes in the same order. `width` is a multiple of n.
    """
    channels = int(source["shape"][3])
    return 1, height, width // max(channels // COLOURS, 1), channels


def fill_pixels(pixels: Pixels, rgb: npt.NDArray[np.uint8]) -> None:
    """Write a picture (height, width, 3) into `pixels` (at least as high and wide, 3).

    Signed pixels get each byte minus 128. If `pixels` is larger, the picture is mirrored at its
    lower and right border.
    """
    height, width = rgb.shape[:2]
    inside = pixels.view(np.uint8)[:height, :width]
    if pixels.dtype == np.int8:
        np.bitwise_xor(rgb, SIGN_BIT, out=inside)
    else:
        inside[:] = rgb
    if height < pixels.shape[0]:
        pixels[height:, :width] = pixels[_mirrored_lines(height, pixels.shape[0]), :width]
    if width < pixels.shape[1]:
        pixels[:, width:] = pixels[:, _mirrored_lines(width, pixels.shape[1])]


def _mirrored_lines(side: int, whole: int) -> npt.NDArray[np.intp]:
    """Which of a picture's `side` lines continue it to `whole` lines."""
    return np.pad(np.arange(side), (0, whole - side), mode="reflect")[side:]
