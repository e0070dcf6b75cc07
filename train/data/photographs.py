"""Examples at many scales: close-ups with pseudo-masks, field photographs, other pictures."""

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
    cells_of_mask,
    crop_patch,
    patch_of_cells,
    turn_square,
    vary_light,
)
from crackscan.train.data.field_annotations import Annotation, draw_masks
from crackscan.train.data.pseudo_masks import dark_crack

SCALES = (0.4, 3.0)
AROUND_CRACK = 0.8
"""Share of the squares of a cracked close-up that are cut where some of its crack is."""


def rescale_layers(layers: RGB, factor: float) -> RGB:
    """Resize a picture, and the masks stacked behind it, by a factor; averages when it shrinks."""
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    rgb = cv2.resize(layers[..., :3], None, fx=factor, fy=factor, interpolation=method)
    masks_only = [
        cv2.resize(layers[..., at], rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        for at in range(3, layers.shape[2])
    ]
    return np.dstack([rgb, *masks_only])


def cut_square(rgb: RGB, size: int, rng: np.random.Generator) -> RGB:
    """A random square; what is too small is continued by mirroring, not enlarged."""
    short = [max(size - side, 0) for side in rgb.shape[:2]]
    if any(short):
        rgb = np.pad(rgb, ((0, short[0]), (0, short[1]), (0, 0)), mode="symmetric")
    return crop_patch(rgb, size, rng)


class CloseUps:
    """Labelled patches at many scales; cells of a cracked one from its dark crack."""

    def __init__(
        self, paths: Sequence[Path], labels: Sequence[bool], size: int, count: int
    ) -> None:
        self.paths, self.labels, self.size, self.count = paths, labels, size, count
        self._cracks: dict[int, RGB] = {}

    def __len__(self) -> int:
        return self.count

    def _crack(self, at: int, rgb: RGB) -> RGB:
        """The two masks of `dark_crack`, kept packed once found."""
        if at not in self._cracks:
            self._cracks[at] = np.packbits(np.dstack(dark_crack(rgb)) > 0)
        return (
            np.unpackbits(self._cracks[at], count=2 * rgb[..., 0].size).reshape(*rgb.shape[:2], 2)
            * 255
        )

    def example(self, index: int, rng: np.random.Generator) -> Example:  # noqa: ARG002
        at = int(rng.integers(len(self.paths)))
        rgb, cracked = read_picture(self.paths[at]), self.labels[at]
        factor = float(np.exp(rng.uniform(*np.log(SCALES))))
        if not cracked:
            rgb = cut_square(rescale_layers(rgb, factor), self.size, rng)
            cells = np.zeros((self.size // CELL_PX,) * 2, np.float32)
            rgb, cells = turn_square(vary_light(rgb, rng), cells, rng)
            return Example(rgb, cells, 0.0)
        whole = factor * max(rgb.shape) <= self.size  # nothing of the patch is cut off
        layers = np.dstack([rgb, self._crack(at, rgb)])
        if rng.random() < AROUND_CRACK:
            layers = _cut_around_crack(layers, int(np.ceil(self.size / factor)), rng)
        layers = cut_square(rescale_layers(layers, factor), self.size, rng)
        rgb, core, maybe = np.ascontiguousarray(layers[..., :3]), layers[..., 3], layers[..., 4]
        cells = cells_of_mask(core)
        cells = np.where((cells == 0) & (cells_of_mask(maybe) != 0), UNKNOWN, cells).astype(
            np.float32
        )
        patch = 1.0 if (cells == 1).sum() >= 2 or whole else UNKNOWN
        rgb, cells = turn_square(vary_light(rgb, rng), cells, rng)
        return Example(rgb, cells, patch)


def _cut_around_crack(layers: RGB, reach: int, rng: np.random.Generator) -> RGB:
    """At most `reach` px of a close-up, with a point of its crack anywhere in them."""
    ys, xs = np.nonzero(layers[..., 3] > 127)
    if not len(ys):
        return layers
    at = int(rng.integers(len(ys)))
    top, left = (
        int(np.clip(point[at] - rng.integers(reach), 0, max(side - reach, 0)))
        for point, side in zip((ys, xs), layers.shape[:2], strict=True)
    )
    return layers[top : top + reach, left : left + reach]


class FieldPhotographs:
    """Squares cut from annotated photographs, half of them around a crack where there is one."""

    def __init__(
        self, folder: Path, annotations: Sequence[Annotation], size: int, count: int
    ) -> None:
        self.size, self.count = size, count
        self.layers = []
        for one in annotations:
            rgb = read_picture(folder / one.file)
            crack, ignore = draw_masks(one, rgb.shape[:2])
            self.layers.append(np.dstack([rgb, crack, ignore]))

    def __len__(self) -> int:
        return self.count

    def example(self, index: int, rng: np.random.Generator) -> Example:
        layers = self.layers[index % len(self.layers)]
        factor = float(np.exp(rng.uniform(*np.log((0.4, 2.0)))))
        reach = int(np.ceil(self.size / factor))
        if rng.random() < 0.5 and (layers[..., 3] > 127).any():
            ys, xs = np.nonzero(layers[..., 3] > 127)
            at = int(rng.integers(len(ys)))
            top, left = (max(int(v) - int(rng.integers(reach)), 0) for v in (ys[at], xs[at]))
        else:
            top, left = (int(rng.integers(max(side - reach, 0) + 1)) for side in layers.shape[:2])
        part = np.ascontiguousarray(layers[top : top + reach, left : left + reach])
        part = cut_square(rescale_layers(part, factor), self.size, rng)
        rgb = np.ascontiguousarray(part[..., :3])
        cells = cells_of_mask(part[..., 3])
        near = cv2.dilate(part[..., 3], np.ones((2 * CELL_PX + 1,) * 2, np.uint8))
        doubt = cells_of_mask(np.maximum(part[..., 4], near)) != 0
        cells = np.where(doubt & (cells != 1), UNKNOWN, cells).astype(np.float32)
        rgb, cells = turn_square(vary_light(rgb, rng), cells, rng)
        return Example(rgb, cells, patch_of_cells(cells))


class OtherPictures:
    """Squares cut from pictures without any crack: no concrete, or concrete without one."""

    def __init__(self, paths: Sequence[Path], size: int, count: int) -> None:
        self.pictures = [read_picture(path) for path in paths]
        self.size, self.count = size, count

    def __len__(self) -> int:
        return self.count

    def example(self, index: int, rng: np.random.Generator) -> Example:
        rgb = self.pictures[index % len(self.pictures)]
        factor = float(np.exp(rng.uniform(*np.log((0.3, 2.0)))))
        reach = int(np.ceil(self.size / factor))
        rgb = cut_square(
            rescale_layers(crop_patch(rgb, min(reach, *rgb.shape[:2]), rng), factor), self.size, rng
        )
        cells = np.zeros((self.size // CELL_PX,) * 2, np.float32)
        rgb, cells = turn_square(vary_light(rgb, rng), cells, rng)
        return Example(rgb, cells, 0.0)
