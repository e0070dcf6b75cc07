"""The development set: the pictures that choose models and thresholds, the same for everyone.

Nothing of it is trained on. It is fixed by name: anyone who has the data folder has the same set.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.errors import DataError
from crackscan.core.pictures import is_picture, read_picture
from crackscan.train.data.wall_photographs import (
    SCENES,
    WALLS,
    photograph_of,
    split_scenes,
    split_walls,
)
from crackscan.train.render.sample import RenderConfig, render_sample

DRONE, CLOSE_UPS, QUAY, MASONRY = "drone_dev", "deepcrack_dev", "quay_dev", "masonry"
DRONE_RUN = 25
"""Drone pictures whose numbers divided by this are equal overlap: they count as one photograph."""
MASONRY_SEED, MASONRY_COUNT, MASONRY_PX = 21_000_000, 120, 384
RENDERED = RenderConfig(
    crack_share=0.6, look_alike_share=0.3, width_px=(1.0, 8.0), masonry_share=1.0
)
"""Rendered masonry of seeds that no training uses."""

RGB = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """A picture of a set, not read yet."""

    name: str
    photograph: str
    """Pictures of one photograph are not independent."""
    path: Path | None
    """None if it is rendered."""
    mask: Path | None = None
    """Its cracks; None if it shows none."""
    boxes: Path | None = None
    """Boxes around its cracks, in YOLO's format: class, middle, width and height as shares."""
    seed: int = 0


@dataclass(frozen=True)
class PictureSet:
    """Pictures that are judged together."""

    name: str
    pictures: tuple[Picture, ...]

    def read(self) -> Iterator[tuple[Picture, RGB, RGB]]:
        """Each picture, its RGB, and its mask (height, width), 255 = crack."""
        for one in self.pictures:
            if one.path is None:
                sample = render_sample(one.seed, MASONRY_PX, (), RENDERED)
                yield one, sample.rgb, sample.mask
                continue
            rgb = read_picture(one.path)
            mask: RGB = np.zeros(rgb.shape[:2], np.uint8)
            if one.mask is not None:
                mask = np.asarray(
                    cv2.cvtColor(read_picture(one.mask), cv2.COLOR_RGB2GRAY), np.uint8
                )
            if mask.shape != rgb.shape[:2]:
                raise DataError(f"{one.mask} is not of the size of {one.path}")
            yield one, rgb, mask


def development_sets(data: Path) -> list[PictureSet]:
    """drone_dev, deepcrack_dev, a fifth of wall_cracks, a quarter of scenes, rendered masonry,
    and quay_dev, whose cracks are marked by boxes.

    Raises:
        DataError: part of it is missing.
    """
    walls = split_walls(data / WALLS).development
    scenes = split_scenes(data / SCENES)[1]
    return [
        masked_set(data / DRONE, DRONE, _drone_run),
        masked_set(data / CLOSE_UPS, CLOSE_UPS, lambda path: path.stem.rsplit("-", 1)[0]),
        PictureSet(
            WALLS,
            tuple(
                Picture(picture.stem, photograph_of(picture), picture, mask)
                for picture, mask in walls
            ),
        ),
        PictureSet(SCENES, tuple(Picture(path.stem, path.stem, path) for path in scenes)),
        PictureSet(
            MASONRY,
            tuple(
                Picture(str(seed), str(seed), None, seed=seed)
                for seed in range(MASONRY_SEED, MASONRY_SEED + MASONRY_COUNT)
            ),
        ),
        PictureSet(
            QUAY,
            tuple(
                Picture(path.stem, path.stem, path, boxes=path.with_suffix(".txt"))
                for path in sorted((data / QUAY).glob("*.jpg"))
            ),
        ),
    ]


def read_boxes(path: Path) -> NDArray[np.float64]:
    """Boxes of a YOLO file as (n, 4) top, left, bottom, right in shares of the picture.

    Raises:
        DataError: it is not such a file.
    """
    try:
        rows = [[float(one) for one in line.split()] for line in path.read_text().splitlines()]
        x, y, width, height = np.array([row for row in rows if row]).reshape(-1, 5).T[1:]
    except (OSError, ValueError) as error:
        raise DataError(f"{path} holds no boxes ({error})") from None
    return np.column_stack([y - height / 2, x - width / 2, y + height / 2, x + width / 2])


def masked_set(folder: Path, name: str, photograph_of_path: Callable[[Path], str]) -> PictureSet:
    """A folder of images/ and masks/ (x.jpg and x.png).

    Raises:
        DataError: it holds no pictures.
    """
    images = sorted(path for path in (folder / "images").glob("*") if is_picture(path))
    if not images:
        raise DataError(f"{folder} has no pictures in images/")
    return PictureSet(
        name,
        tuple(
            Picture(
                path.stem, photograph_of_path(path), path, folder / "masks" / f"{path.stem}.png"
            )
            for path in images
        ),
    )


def crack_free_set(folder: Path) -> PictureSet:
    """A folder of pictures that are known to show no crack."""
    paths = sorted(path for path in folder.rglob("*") if is_picture(path))
    if not paths:
        raise DataError(f"{folder} holds no pictures")
    return PictureSet(folder.name, tuple(Picture(path.stem, path.stem, path) for path in paths))


def _drone_run(path: Path) -> str:
    number = re.search(r"\d+", path.stem)
    return str(int(number.group()) // DRONE_RUN) if number else path.stem
