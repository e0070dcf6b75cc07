"""The fixed protocol that cuts pictures with masks into patches, so that figures compare."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscan.core.dataset.index import Item
from crackscan.core.errors import PictureError
from crackscan.core.pictures import RGB, read_picture

PATCH = 128
"""Side of a patch in px."""

POSITIVE_PIXELS = 60
"""A patch with at least this many crack pixels is cracked; one without any is intact."""

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

    Patches with 1 to POSITIVE_PIXELS - 1 crack pixels are left out, and so are incomplete ones at
    the right and bottom. Raises PictureError if a picture or mask cannot be read, or if their
    sizes differ.
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
    """Read the mask of a picture: bool (height, width), True for pixels brighter than 127.

    Raises PictureError if it cannot be read, or if its size is not that of `rgb`.
    """
    mask = read_picture(path)
    if mask.shape != rgb.shape:
        raise PictureError(
            f"{path} is {_size_text(mask)} pixels, its picture {_size_text(rgb)}: "
            "save both at one size"
        )
    crack: NDArray[np.bool_] = mask.max(axis=2) > _THRESHOLD
    return crack


def _size_text(rgb: RGB) -> str:
    return f"{rgb.shape[1]}x{rgb.shape[0]}"
