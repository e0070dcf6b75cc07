"""Photographs of walls to train on: with masks, with a teacher's crack maps, without a crack."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from crackscan.core.cells import CELL_PX
from crackscan.core.errors import DataError
from crackscan.core.pictures import is_picture, read_picture
from crackscan.core.pooling import sigmoid
from crackscan.train.data.examples import (
    RGB,
    UNKNOWN,
    Example,
    ExampleSource,
    Targets,
    as_bytes,
    cells_of_mask,
    patch_of_cells,
    turn_square,
    vary_light,
)
from crackscan.train.data.photographs import cut_square, rescale_layers

WALLS, SCENES = "wall_cracks", "scenes"
DEVELOPMENT_OF_WALLS, DEVELOPMENT_OF_SCENES = 5, 4
"""Every fifth photograph with masks, and every fourth scene, is held out to judge models by."""
DOUBTFUL_SCENES = frozenset({"damp-wm-paint-001.jpg"})
"""Peeling paint whose edges look like cracks: neither trained on nor judged by."""
SUFFIX = re.compile(r"_[A-Za-z0-9]{10}$")
"""What distinguishes the crops of one photograph, at the end of their names."""

MASKED_SCALES = (0.4, 1.8)
VIEW_SCALES = (0.5, 1.6)
AROUND_CRACK = 0.8
CRACK_FROM, NONE_BELOW = 0.45, 0.08
"""A teacher's cell probabilities on pictures that are known to show a crack: from the first on a
cell is crack, below the second it is not, between them it is unknown. The first is low because
the teacher misses more than it invents there."""

Ask = Callable[[RGB], Targets]
"""uint8 RGB (height, width, 3) in whole cells to float32 cell logits (rows, cols)."""


@dataclass(frozen=True)
class WallSplit:
    """The files of `wall_cracks`, separated by photograph."""

    masked: tuple[tuple[Path, Path], ...]
    """Pictures and masks to train on."""
    unlabelled: tuple[Path, ...]
    """Pictures without masks to train on."""
    development: tuple[tuple[Path, Path], ...]
    """Pictures and masks that are held out; no crop of their photographs is trained on."""


def photograph_of(picture: Path) -> str:
    """The name of the photograph that a crop was cut from."""
    return SUFFIX.sub("", picture.stem)


def split_walls(folder: Path) -> WallSplit:
    """Separate `wall_cracks` by photograph: every fifth that has masks is for development.

    Raises:
        DataError: the folder does not hold images/ with masks/, and unlabelled/.
    """
    images = _pictures(folder / "images")
    pairs = [(path, folder / "masks" / f"{path.stem}.png") for path in images]
    if missing := [mask.name for _, mask in pairs if not mask.is_file()]:
        raise DataError(f"{folder} has no masks/{missing[0]}")
    names = sorted({photograph_of(path) for path in images})
    held_out = set(names[::DEVELOPMENT_OF_WALLS])
    return WallSplit(
        tuple(pair for pair in pairs if photograph_of(pair[0]) not in held_out),
        tuple(
            path for path in _pictures(folder / "unlabelled") if photograph_of(path) not in held_out
        ),
        tuple(pair for pair in pairs if photograph_of(pair[0]) in held_out),
    )


def split_scenes(folder: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Pictures without a crack to train on, and those held out: every fourth by name."""
    paths = _pictures(folder)
    held_out = set(paths[::DEVELOPMENT_OF_SCENES])
    known = [path for path in paths if path.name not in DOUBTFUL_SCENES]
    return (
        tuple(path for path in known if path not in held_out),
        tuple(path for path in known if path in held_out),
    )


def degrade(rgb: RGB, rng: np.random.Generator) -> RGB:
    """Blur, noise and JPEG compression, each now and then, as cameras and videos add them."""
    if rng.random() < 0.3:
        rgb = as_bytes(cv2.GaussianBlur(rgb, (0, 0), float(rng.uniform(0.4, 1.5))))
    if rng.random() < 0.3:
        strength = float(np.exp(rng.uniform(np.log(1.0), np.log(10.0))))
        noisy = rgb + rng.standard_normal(rgb.shape, np.float32) * np.float32(strength)
        rgb = as_bytes(np.clip(noisy, 0, 255).round())
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 91))]
        _, data = cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]), quality)
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        rgb = np.ascontiguousarray(as_bytes(np.asarray(decoded))[..., ::-1])
    return rgb


class Degraded:
    """Another source's examples with blur, noise and compression."""

    def __init__(self, source: ExampleSource) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source)

    def example(self, index: int, rng: np.random.Generator) -> Example:
        one = self.source.example(index, rng)
        return Example(degrade(one.rgb, rng), one.cells, one.patch)


class MaskedWalls:
    """Squares cut at many scales from pictures with masks, most of them around a crack."""

    def __init__(self, pairs: Sequence[tuple[Path, Path]], size: int, count: int) -> None:
        self.size, self.count = size, count
        self.layers = []
        for picture, mask_file in pairs:
            mask = cv2.cvtColor(read_picture(mask_file), cv2.COLOR_RGB2GRAY)
            self.layers.append(np.dstack([read_picture(picture), mask]))
        self.cracks = [np.argwhere(one[..., 3] > 127).astype(np.int16) for one in self.layers]

    def __len__(self) -> int:
        return self.count

    def example(self, index: int, rng: np.random.Generator) -> Example:
        at = index % len(self.layers)
        layers, crack = self.layers[at], self.cracks[at]
        factor = float(np.exp(rng.uniform(*np.log(MASKED_SCALES))))
        reach = int(np.ceil(self.size / factor))
        if rng.random() < AROUND_CRACK and len(crack):
            point = crack[int(rng.integers(len(crack)))]
            top, left = (
                int(np.clip(middle - int(rng.integers(reach)), 0, max(side - reach, 0)))
                for middle, side in zip(point, layers.shape[:2], strict=True)
            )
        else:
            top, left = (int(rng.integers(max(side - reach, 0) + 1)) for side in layers.shape[:2])
        part = np.ascontiguousarray(layers[top : top + reach, left : left + reach])
        part = cut_square(rescale_layers(part, factor), self.size, rng)
        cells = cells_of_mask(np.ascontiguousarray(part[..., 3]))
        rgb, cells = turn_square(np.ascontiguousarray(part[..., :3]), cells, rng)
        return Example(vary_light(rgb, rng), cells, patch_of_cells(cells))


def ask_in_three_views(ask: Ask) -> Ask:
    """The mean of a teacher's logits for a picture, its mirror image, and half its scale.

    The picture's sides are multiples of two cells. What the three agree on is less noisy than one
    answer, and half the scale sees wide cracks that the full one takes for stains.
    """

    def mean(rgb: RGB) -> Targets:
        plain = ask(rgb)
        mirrored = ask(np.ascontiguousarray(rgb[:, ::-1]))[:, ::-1]
        half = as_bytes(cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
        small = cv2.resize(ask(half), plain.shape[::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray((plain + mirrored + small) / 3, np.float32)

    return mean


@dataclass(frozen=True)
class View:
    """A part of a picture at some scale, and a teacher's probabilities for it."""

    picture: int
    """Which picture."""
    top: int
    left: int
    """The part's corner, in pixels of the picture."""
    factor: float
    """How much the part is enlarged."""
    cells: npt.NDArray[np.float16]
    """(rows, cols) cell probabilities of the enlarged part."""


def draw_views(
    pictures: Sequence[RGB],
    ask: Ask,
    views_each: int,
    scales: tuple[float, float],
    temperature: float,
    seed: int,
    least_px: int,
    progress: Callable[[int], None] = lambda _: None,
) -> list[View]:
    """Ask a teacher about each picture at random scales and positions of the cell grid.

    A view is the whole picture but for less than two cells at its borders, so that the teacher
    sees the surroundings that a training square lacks. Views are at least `least_px` high and
    wide; of a picture that is too small it is enlarged more.
    """
    views = []
    for number, rgb in enumerate(pictures):
        rng = np.random.default_rng((seed, number))
        for _ in range(views_each):
            factor = float(np.exp(rng.uniform(*np.log(scales))))
            factor = max(factor, (least_px + 2) / min(rgb.shape[:2]))
            spare = [
                side - int(np.ceil(_whole(side * factor, 2 * CELL_PX) / factor))
                for side in rgb.shape[:2]
            ]
            top, left = (int(rng.integers(max(one, 0) + 1)) for one in spare)
            part = rescale_layers(np.ascontiguousarray(rgb[top:, left:]), factor)
            height, width = (_whole(side, 2 * CELL_PX) for side in part.shape[:2])
            logits = ask(np.ascontiguousarray(part[:height, :width]))
            cells = sigmoid(logits / np.float32(temperature)).astype(np.float16)
            views.append(View(number, top, left, factor, cells))
        progress(number + 1)
    return views


def _whole(side: float, unit: int) -> int:
    return int(side) // unit * unit


def crack_or_unknown(probabilities: Targets) -> Targets:
    """Hard targets from a teacher's probabilities on pictures that show a crack."""
    cells = np.where(probabilities < NONE_BELOW, 0.0, UNKNOWN)
    return np.where(probabilities >= CRACK_FROM, 1.0, cells).astype(np.float32)


def soft(probabilities: Targets) -> Targets:
    """The teacher's own probabilities (Hinton et al. 2015)."""
    return probabilities


def none(probabilities: Targets) -> Targets:
    """No crack, whatever the teacher predicts."""
    return np.zeros_like(probabilities)


class TaughtViews:
    """Squares cut from a teacher's views, some of them around what it takes for a crack."""

    def __init__(
        self,
        pictures: Sequence[RGB],
        views: Sequence[View],
        targets: Callable[[Targets], Targets],
        around: float,
        size: int,
        count: int,
    ) -> None:
        if not views:
            raise DataError("there is no picture to draw views from")
        self.pictures, self.views, self.targets = pictures, views, targets
        self.around, self.size, self.count = around, size, count

    def __len__(self) -> int:
        return self.count

    def example(self, index: int, rng: np.random.Generator) -> Example:  # noqa: ARG002
        view = self.views[int(rng.integers(len(self.views)))]
        side = self.size // CELL_PX
        probabilities = view.cells.astype(np.float32)
        spare = [length - side for length in probabilities.shape]
        row, column = (int(rng.integers(one + 1)) for one in spare)
        if rng.random() < self.around:
            weights = probabilities.ravel().astype(np.float64) + 1e-3
            at = int(np.searchsorted(np.cumsum(weights), rng.random() * weights.sum()))
            point = divmod(min(at, weights.size - 1), probabilities.shape[1])
            row, column = (
                int(np.clip(middle - int(rng.integers(side)), 0, room))
                for middle, room in zip(point, spare, strict=True)
            )
        cells = self.targets(probabilities[row : row + side, column : column + side])
        rgb = self._cut(view, row, column)
        rgb, cells = turn_square(rgb, cells, rng)
        return Example(vary_light(rgb, rng), cells, patch_of_cells(cells))

    def _cut(self, view: View, row: int, column: int) -> RGB:
        """The square of a view at a cell, uint8 (size, size, 3)."""
        picture = self.pictures[view.picture]
        top, left = (
            min(corner + round(at * CELL_PX / view.factor), side - 1)
            for corner, at, side in zip(
                (view.top, view.left), (row, column), picture.shape[:2], strict=True
            )
        )
        reach = round(self.size / view.factor)
        part = picture[top : top + reach, left : left + reach]
        method = cv2.INTER_AREA if view.factor < 1 else cv2.INTER_CUBIC
        return as_bytes(cv2.resize(part, (self.size, self.size), interpolation=method))


def _pictures(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob("*") if is_picture(path))
    if not found:
        raise DataError(f"{folder} holds no pictures")
    return found
