"""Folders of pictures: crack-free walls to render on, rendered sets with masks to evaluate on."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.durable_files import write_file
from crackscan.core.errors import DataError
from crackscan.core.pictures import is_picture, read_picture, write_picture
from crackscan.train.render.sample import Sample

MOST_BACKGROUNDS = 2000
LONGEST_SIDE_PX = 2048
QUALITY = 95


def read_backgrounds(folders: Sequence[str | os.PathLike[str]]) -> list[NDArray[np.uint8]]:
    """Read the crack-free pictures of folders, at any depth, uint8 RGB; none for no folder.

    Of more than 2,000 pictures, 2,000 spread evenly over the sorted names are read; pictures longer
    than 2,048 px are halved until they are not. Raises DataError for a folder without pictures.
    """
    paths: list[Path] = []
    for folder in folders:
        found = sorted(path for path in Path(folder).rglob("*") if is_picture(path))
        if not found:
            raise DataError(f"{folder} holds no picture to render on")
        paths += found
    if len(paths) > MOST_BACKGROUNDS:
        chosen = np.linspace(0, len(paths) - 1, MOST_BACKGROUNDS).round().astype(int)
        paths = [paths[i] for i in chosen]
    return [_bounded(read_picture(path)) for path in paths]


def _bounded(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    while max(rgb.shape[:2]) > LONGEST_SIDE_PX:
        half = (rgb.shape[1] // 2, rgb.shape[0] // 2)
        rgb = np.asarray(cv2.resize(rgb, half, interpolation=cv2.INTER_AREA), np.uint8)
    return rgb


def write_sample(out: Path, seed: int, sample: Sample) -> None:
    """Add a sample to a data folder: images/SEED.jpg, masks/SEED.png and a line of lines.jsonl.

    The line holds the picture's name, its seed, what it shows, and the centre lines as
    [[x, y, width], ...] in pixels, to a hundredth.
    """
    for part in ("images", "masks"):
        (out / part).mkdir(parents=True, exist_ok=True)
    name = f"{seed:08d}"
    write_picture(out / "images" / f"{name}.jpg", sample.rgb, QUALITY)
    _, data = cv2.imencode(".png", sample.mask)
    write_file(out / "masks" / f"{name}.png", data.tobytes())
    lines = [np.round(line.astype(np.float64), 2).tolist() for line in sample.centre_lines]
    record = {"image": f"{name}.jpg", "seed": seed, "kind": sample.kind, "lines": lines}
    with (out / "lines.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
