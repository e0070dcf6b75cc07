"""What the network learns from: one picture with targets for its cells and for the whole patch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from crackscan.core.cells import CELL_PX

CRACK_PX_PER_CELL = 4
"""A cell is cracked from this many crack pixels on; one to three are left undecided."""
CRACK_PX_PER_PATCH = 60
UNKNOWN = -1.0

RGB = npt.NDArray[np.uint8]
Targets = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Example:
    """A picture and what is known of it."""

    rgb: RGB
    """uint8 (size, size, 3)"""
    cells: Targets
    """float32 (size / 16, size / 16): probability of a crack, or -1 where nobody knows."""
    patch: float
    """1 cracked, 0 not, -1 not known."""


class ExampleSource(Protocol):
    """A kind of examples that can be drawn again and again."""

    def __len__(self) -> int:
        """How many examples of this kind make an epoch."""

    def example(self, index: int, rng: np.random.Generator) -> Example:
        """Draw example `index`, varied by `rng`."""


def cells_of_mask(mask: RGB, ignore: RGB | None = None) -> Targets:
    """Cell targets from a pixel mask (uint8, crack where > 127), both sides in whole cells.

    A cell with at least 4 crack pixels is 1, with none 0, and between them unknown; so is a cell
    that `ignore` touches.
    """
    counts = _count_crack_pixels(mask > 127)
    cells = np.where(counts >= CRACK_PX_PER_CELL, 1.0, np.where(counts > 0, UNKNOWN, 0.0))
    if ignore is not None:
        cells = np.where(_count_crack_pixels(ignore > 127) > 0, UNKNOWN, cells)
    return cells.astype(np.float32)


def patch_of_cells(cells: Targets) -> float:
    """Patch target that follows from cell targets: some crack, surely none, or not known."""
    if (cells > 0.5).sum() >= 2:
        return 1.0
    return 0.0 if (cells == 0).all() else UNKNOWN


def _count_crack_pixels(pixels: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    rows, cols = pixels.shape[0] // CELL_PX, pixels.shape[1] // CELL_PX
    whole = pixels[: rows * CELL_PX, : cols * CELL_PX]
    counts: npt.NDArray[np.int64] = whole.reshape(rows, CELL_PX, cols, CELL_PX).sum((1, 3))
    return counts


def crop_patch(rgb: RGB, size: int, rng: np.random.Generator) -> RGB:
    """A random square of `size` px; a smaller picture is enlarged to fit first."""
    height, width = rgb.shape[:2]
    if min(height, width) < size:
        factor = size / min(height, width)
        enlarged = (max(size, round(width * factor)), max(size, round(height * factor)))
        rgb = as_bytes(cv2.resize(rgb, enlarged))
        height, width = rgb.shape[:2]
    top = int(rng.integers(height - size + 1))
    left = int(rng.integers(width - size + 1))
    return rgb[top : top + size, left : left + size]


def turn_square(rgb: RGB, cells: Targets, rng: np.random.Generator) -> tuple[RGB, Targets]:
    """One of the eight turns and mirrors of a square, the same for picture and cells."""
    quarter, mirror = int(rng.integers(4)), bool(rng.integers(2))
    rgb, cells = np.rot90(rgb, quarter), np.rot90(cells, quarter)
    if mirror:
        rgb, cells = rgb[:, ::-1], cells[:, ::-1]
    return np.ascontiguousarray(rgb), np.ascontiguousarray(cells)


def vary_light(rgb: RGB, rng: np.random.Generator, strength: float = 0.25) -> RGB:
    """Vary exposure, contrast, tone curve and white balance, as cameras and surfaces do."""
    gain = 1.0 + rng.uniform(-strength, strength)
    cast = 1.0 + rng.uniform(-strength, strength, 3) * 0.25
    shift = rng.uniform(-strength, strength) * 128
    gamma = np.exp(rng.uniform(-1.6, 1.6) * strength)
    table = 255 * (np.arange(256, dtype=np.float32)[:, None] / 255) ** gamma - 128
    table = np.clip(table * (gain * cast) + 128 + shift, 0, 255).round().astype(np.uint8)
    return as_bytes(cv2.LUT(rgb, table[np.newaxis]))


def as_bytes(picture: npt.NDArray[Any]) -> RGB:
    """What OpenCV made of a uint8 picture, which its types no longer say."""
    return picture.astype(np.uint8, copy=False)


def count_batches(sources: Sequence[ExampleSource], batch: int, rest: bool = False) -> int:
    """How many batches `batches` gives."""
    whole, left = divmod(sum(map(len, sources)), batch)
    return whole + (1 if left and (rest or not whole) else 0)


def draw_batches(
    sources: Sequence[ExampleSource], batch: int, seed: int, epoch: int, rest: bool = False
) -> Iterator[tuple[RGB, Targets, npt.NDArray[np.float32]]]:
    """One epoch of all sources, shuffled together: pictures, cell targets, patch targets.

    Each epoch's order and variations follow from (seed, epoch) alone, so that a resumed run
    sees what an uninterrupted one would have seen. What does not fill a last batch is dropped,
    unless `rest` asks for it or there is no other batch.
    """
    every = [
        (number, index) for number, source in enumerate(sources) for index in range(len(source))
    ]
    order = np.random.default_rng((seed, epoch)).permutation(len(every))
    for number in range(count_batches(sources, batch, rest)):
        start = number * batch
        drawn = [
            sources[every[at][0]].example(
                every[at][1], np.random.default_rng((seed, epoch, int(at)))
            )
            for at in order[start : start + batch]
        ]
        yield (
            np.stack([one.rgb for one in drawn]),
            np.stack([one.cells for one in drawn])[..., np.newaxis],
            np.array([[one.patch] for one in drawn], np.float32),
        )
