"""Examples from a user's data folder: labelled patches, or photographs with masks."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from crackscan.core.cells import CELL_PX
from crackscan.core.pictures import read_picture
from crackscan.train.data.examples import (
    RGB,
    UNKNOWN,
    Example,
    as_bytes,
    cells_of_mask,
    crop_patch,
    patch_of_cells,
    turn_square,
    vary_light,
)

MOST_CUT_OFF = 1.15
"""Patches larger than this many times the training size are shrunk, so that no crack is cut off."""


class LabelledPatches:
    """Patches with one label each: cells of an intact one are intact, of a cracked one unknown."""

    def __init__(
        self, paths: Sequence[Path], labels: Sequence[bool], size: int, vary: bool = True
    ) -> None:
        self.paths, self.labels, self.size, self.vary = paths, labels, size, vary

    def __len__(self) -> int:
        return len(self.paths)

    def example(self, index: int, rng: np.random.Generator) -> Example:
        rgb = _shrink_patch(read_picture(self.paths[index]), self.size)
        cracked = self.labels[index]
        cells = np.full((self.size // CELL_PX,) * 2, UNKNOWN if cracked else 0.0, np.float32)
        if not self.vary:
            rgb = crop_patch(rgb, self.size, np.random.default_rng(0))
            return Example(rgb, cells, float(cracked))
        rgb, cells = turn_square(vary_light(crop_patch(rgb, self.size, rng), rng), cells, rng)
        return Example(rgb, cells, float(cracked))


class MaskedPhotographs:
    """Squares cut from photographs with pixel masks, half of them around a crack."""

    def __init__(
        self,
        pairs: Sequence[tuple[Path, Path]],
        size: int,
        per_photograph: int = 8,
        vary: bool = True,
    ) -> None:
        self.pairs, self.size, self.per_photograph, self.vary = pairs, size, per_photograph, vary

    def __len__(self) -> int:
        return len(self.pairs) * self.per_photograph

    def example(self, index: int, rng: np.random.Generator) -> Example:
        if not self.vary:
            rng = np.random.default_rng(index)
        picture, mask_file = self.pairs[index % len(self.pairs)]
        rgb = read_picture(picture)
        mask = cv2.cvtColor(read_picture(mask_file), cv2.COLOR_RGB2GRAY)
        both = np.dstack([rgb, mask])
        if index % 2 and (mask > 127).any():
            both = _around_crack(both, self.size, rng)
        both = crop_patch(both, self.size, rng)
        cells = cells_of_mask(both[..., 3])
        rgb = np.ascontiguousarray(both[..., :3])
        if self.vary:
            rgb, cells = turn_square(vary_light(rgb, rng), cells, rng)
        return Example(rgb, cells, patch_of_cells(cells))


def _shrink_patch(rgb: RGB, size: int) -> RGB:
    """Shrink a patch that is much larger than `size` to that size on its shorter side."""
    factor = size / min(rgb.shape[:2])
    if factor * MOST_CUT_OFF >= 1:
        return rgb
    width, height = (max(round(side * factor), size) for side in rgb.shape[1::-1])
    return as_bytes(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA))


def _around_crack(both: RGB, size: int, rng: np.random.Generator) -> RGB:
    """The part of a picture within reach of one crack pixel, drawn at random."""
    ys, xs = np.nonzero(both[..., 3] > 127)
    at = int(rng.integers(len(ys)))
    top, left = max(int(ys[at]) - size + 1, 0), max(int(xs[at]) - size + 1, 0)
    return both[top : top + 2 * size, left : left + 2 * size]
