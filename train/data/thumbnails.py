"""Reads every picture once: thumbnails for finding copies, colour and texture for clustering."""

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.dataset.index import Item, Skipped
from crackscan.core.dataset.patches import crack_mask
from crackscan.core.errors import DataError, PictureError
from crackscan.core.pictures import RGB, read_picture

SIDE = 16
"""Pixels along each side of a thumbnail."""

_SMALL = 128
_OCTAVES = 4
_LEAST_CONTRAST = 0.05

Report = Callable[[str, int, int], None]
"""Gets the progress of a stage: its name, steps done, steps in all."""


@dataclass(frozen=True)
class Thumbnails:
    """Thumbnails and features of the N pictures that could be read."""

    items: tuple[Item, ...]
    grey: NDArray[np.float32]
    """(N, SIDE, SIDE) mean brightness of each square, 0 to 255."""
    appearance: NDArray[np.float32]
    """(N, 7) median L, a, b; log of the median contrast in four octaves. Equal under flips."""
    cracked: NDArray[np.bool_]
    """(N,) whether the label or the mask has a crack."""
    digests: tuple[str, ...]
    """SHA-256 of each file, hexadecimal."""
    skipped: tuple[Skipped, ...]


def read_thumbnails(root: Path, items: Sequence[Item], report: Report) -> Thumbnails:
    """Read all pictures (and masks), those that cannot be read apart, with the reason.

    Raises DataError when none can be read, or when there are masks and none marks a crack.
    """
    read: list[tuple[Item, _Thumbnail]] = []
    skipped: list[Skipped] = []
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        results = pool.map(_read_thumbnail, repeat(root), items)
        for done, (item, result) in enumerate(zip(items, results, strict=True), 1):
            if isinstance(result, Skipped):
                skipped.append(result)
            else:
                read.append((item, result))
            report("Reading pictures", done, len(items))
    if not read:
        first = skipped[0]
        raise DataError(
            f"none of {len(skipped):,} pictures can be read: {first.path} {first.reason}"
        )
    thumbnails = [one for _, one in read]
    if all(item.mask and not one.cracked for item, one in read):
        raise DataError(f"no mask in {root} marks a crack: cracks must be white (255), the rest 0")
    return Thumbnails(
        tuple(item for item, _ in read),
        np.stack([one.grey for one in thumbnails]),
        np.stack([one.appearance for one in thumbnails]),
        np.array([one.cracked for one in thumbnails]),
        tuple(one.digest for one in thumbnails),
        tuple(skipped),
    )


@dataclass(frozen=True)
class _Thumbnail:
    grey: NDArray[np.float32]
    appearance: NDArray[np.float32]
    cracked: bool
    digest: str


def _read_thumbnail(root: Path, item: Item) -> _Thumbnail | Skipped:
    path = root / item.path
    try:
        rgb = read_picture(path)
        if item.mask is None:
            cracked = bool(item.label)
        else:
            cracked = bool(crack_mask(root / item.mask, rgb).any())
    except PictureError as error:
        reason = str(error).removeprefix(f"{path} ")
        return Skipped(item.path, reason.replace(f"{root}{os.sep}", "has a bad mask: "))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    small = np.asarray(cv2.resize(rgb, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA), np.uint8)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return _Thumbnail(
        _average_squares(grey, SIDE), _measure_appearance(small, grey), cracked, digest
    )


def _measure_appearance(rgb: RGB, grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colour and texture of the wall; medians, so that a crack across it hardly counts."""
    colour = np.median(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[::2, ::2].reshape(-1, 3), axis=0)
    contrast: list[float] = []
    while len(contrast) < _OCTAVES:
        coarse = _average_squares(grey, len(grey) // 2)
        detail = np.abs(grey - coarse.repeat(2, axis=0).repeat(2, axis=1))
        contrast.append(np.log(np.median(detail) + _LEAST_CONTRAST))
        grey = coarse
    return np.array([*colour, *contrast], np.float32)


def _average_squares(grey: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    means = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(means, np.float32)
