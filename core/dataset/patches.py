"""The fixed patch protocol for pictures with masks, so that figures compare."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscan.core.dataset.index import Item
from crackscan.core.errors import PictureError
from crackscan.core.pictures import RGB, read_picture

PATCH = 128
"""Pixels along each side of a patch."""

POSITIVE_PIXELS = 60
"""A patch with at least so many crack pixels shows a crack; with none it shows none."""

_THRESHOLD = 127


class Patch(NamedTuple):
    """A labelled square of a picture."""

    rgb: RGB
    """uint8 (PATCH, PATCH, 3)."""
    label: bool
    item: Item
    x: int
    y: int
    """Pixels from the picture's left and top to the patch's."""


def mask_patches(root: Path, items: Iterable[Item]) -> Iterator[Patch]:
    """Cut pictures with masks into patches without overlap, from the top left, row by row.

    Patches with 1 to POSITIVE_PIXELS - 1 crack pixels and incomplete ones at the right and bottom
    are left out. Raises PictureError for a picture or mask that cannot be read or do not fit.
    """
    for item in items:
        if item.mask is None:
            raise ValueError(f"{item.path} has no mask")
        rgb = read_picture(root / item.path)
        crack = crack_mask(root / item.mask, rgb)
        height, width = crack.shape
        for y in range(0, height - PATCH + 1, PATCH):
            for x in range(0, width - PATCH + 1, PATCH):
                square = np.s_[y : y + PATCH, x : x + PATCH]
                pixels = int(np.count_nonzero(crack[square]))
                if pixels == 0 or pixels >= POSITIVE_PIXELS:
                    yield Patch(np.ascontiguousarray(rgb[square]), pixels > 0, item, x, y)


def crack_mask(path: Path, rgb: RGB) -> NDArray[np.bool_]:
    """Read the mask of a picture: bool (height, width), True where it is brighter than 127.

    Raises PictureError when it cannot be read or is not as large as `rgb`.
    """
    mask = read_picture(path)
    if mask.shape != rgb.shape:
        raise PictureError(
            f"{path} is {_size(mask)} pixels, its picture {_size(rgb)}: save both at one size"
        )
    crack: NDArray[np.bool_] = mask.max(axis=2) > _THRESHOLD
    return crack


def _size(rgb: RGB) -> str:
    return f"{rgb.shape[1]}x{rgb.shape[0]}"
