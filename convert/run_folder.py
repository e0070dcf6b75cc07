"""A training run and its data, as conversion needs them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from crackscan.core.dataset.selection import PatchReader, PatchSelection, select_patches
from crackscan.core.dataset.split import Side
from crackscan.core.errors import DataError, ModelError
from crackscan.core.model_card import Card
from crackscan.core.run_folder import CARD, DATA, NETWORK, REPRESENTATIVE


@dataclass(frozen=True)
class Run:
    """What `crackscan-train fit` left."""

    folder: Path
    network: keras.Model
    card: Card
    representative: npt.NDArray[np.uint8]
    """(n, 192, 192, 3) RGB"""


def read_run(folder: Path) -> Run:
    """Read a run folder.

    Raises:
        ModelError: it is not a run, or an unfinished one.
    """
    for name in (NETWORK, CARD, REPRESENTATIVE):
        if not (folder / name).is_file():
            raise ModelError(
                f"{folder} is not a finished run: {name} is missing; see crackscan-train fit"
            )
    try:
        network = keras.models.load_model(folder / NETWORK, compile=False)
        card = Card.from_json((folder / CARD).read_text())
        pictures = np.load(folder / REPRESENTATIVE)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder} is damaged: {str(error).splitlines()[0]}") from error
    return Run(folder, network, card, pictures)


def data_of(folder: Path, data: Path | None) -> Path:
    """The data folder of a run: the one named, or the one that it was trained on.

    Raises:
        DataError: it is no longer where it was.
    """
    if data is not None:
        return data
    note = folder / DATA
    if not note.is_file():
        raise DataError(f"{folder} does not say which data it was trained on; use --data DATA")
    found = Path(note.read_text())
    if not found.is_dir():
        raise DataError(f"{found}, the data of {folder}, is gone; use --data DATA")
    return found


def read_labelled(
    folder: Path, data: Path, side: Side
) -> tuple[PatchSelection, Iterator[tuple[npt.NDArray[np.uint8], bool]]]:
    """Labelled patches of one side of the run's split; of all of the data if it is other data.

    Raises:
        DataError: the folder cannot be used.
    """
    try:
        judged = select_patches(data, None, side, folder / NETWORK)
    except DataError:
        judged = select_patches(data, None, None, folder / NETWORK)
    patches = PatchReader(judged).read_patches(lambda: None)
    return judged, ((rgb, label.crack) for label, rgb in patches)
