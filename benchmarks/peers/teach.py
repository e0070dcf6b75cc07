"""Teaches a patch classifier on METU as notebooks do: shuffled pictures, a few epochs, no more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from crackscan.core.dataset.index import read_index
from crackscan.core.pictures import read_picture

BATCH = 32


def train_network(network: Any, data: Path, side_px: int, lessons: int, epochs: int) -> None:
    """Fit a network of one sigmoid, for pixels of 0..1, to pictures of the class folders in `data`.

    Args:
        lessons: number of pictures, evenly over the folder, in every epoch.
    """
    import keras

    class Batches(keras.utils.Sequence):  # type: ignore[misc]
        """Pictures and labels in another order each epoch."""

        def __init__(self) -> None:
            super().__init__()
            items = read_index(data).items
            at = np.linspace(0, len(items) - 1, min(lessons, len(items))).round().astype(int)
            self._items = [items[i] for i in at]
            self._order = np.random.default_rng(0).permutation(len(self._items))

        def __len__(self) -> int:
            return len(self._items) // BATCH

        def __getitem__(self, number: int) -> tuple[Any, Any]:
            items = [self._items[i] for i in self._order[number * BATCH :][:BATCH]]
            pictures = np.stack([_read_resized(data / one.path, side_px) for one in items])
            labels = np.array([bool(one.label) for one in items], np.float32)
            return pictures.astype(np.float32) / np.float32(255), labels

        def on_epoch_end(self) -> None:
            self._order = np.random.default_rng(self._order[0]).permutation(self._order)

    network.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    network.fit(Batches(), epochs=epochs, verbose=2)


def sample_pictures(data: Path, side_px: int, count: int) -> npt.NDArray[np.uint8]:
    """`count` pictures, evenly over the folder, for the ranges of a quantization."""
    items = read_index(data).items
    at = np.linspace(0, len(items) - 1, count).round().astype(int)
    return np.stack(list(_read_pictures(data, [items[i].path for i in at], side_px)))


def _read_pictures(data: Path, paths: list[str], side_px: int) -> Iterator[npt.NDArray[np.uint8]]:
    for path in paths:
        yield _read_resized(data / path, side_px)


def _read_resized(path: Path, side_px: int) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.resize(read_picture(path), (side_px, side_px)), np.uint8)
