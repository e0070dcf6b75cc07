"""Train on a data folder: split it, fit, and leave a complete run folder."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from crackscan.core.cells import CELL_PX
from crackscan.core.dataset.index import read_index
from crackscan.core.dataset.split import Side, Split
from crackscan.core.dataset.split_file import read_split, write_split
from crackscan.core.durable_files import write_atomically
from crackscan.core.errors import DataError
from crackscan.core.run_folder import CARD, DATA, SPLIT
from crackscan.train.data.examples import ExampleSource
from crackscan.train.data.labelled_patches import LabelledPatches, MaskedPhotographs
from crackscan.train.data.provenance import describe_data_set
from crackscan.train.data.split import split_folder
from crackscan.train.data.thumbnails import Report
from crackscan.train.fitting.callbacks import Watch
from crackscan.train.fitting.fit import Outcome, fit
from crackscan.train.fitting.run_folder import make_card, save_representative
from crackscan.train.fitting.settings import FitSettings, claim_folder
from crackscan.train.network.initial import initial_network


def train_on_folder(
    data: Path,
    run: Path,
    settings: FitSettings,
    resume: bool,
    report: Report,
    on_split: Callable[[Split], None],
    watch: Watch,
) -> Outcome:
    """Split a data folder, train on it, and leave model, card, split and curves in `run`.

    `report` gets the progress of reading the pictures, `on_split` the split, `watch` the progress
    of training.

    Raises:
        CrackscanError: the data, the weights or the run folder cannot be used.
    """
    if not resume:  # errors come before all pictures are read
        read_index(data)
        initial_network(settings, np.zeros((1, CELL_PX, CELL_PX, 3), np.uint8))
    claim_folder(run, settings, resume)
    split = read_split(run / SPLIT) if resume else split_folder(data, settings.seed, report)
    on_split(split)
    write_split(run / SPLIT, split)
    write_atomically(run / DATA, bytes(data.resolve()))
    training = _open_source(data, split, "train", settings, vary=True)
    validation = _open_source(data, split, "validation", settings, vary=False)
    outcome = fit(run, settings, [training], [validation], resume, watch)
    network = keras.models.load_model(outcome.model, compile=False)
    save_representative(run, [training], settings.seed)
    used = describe_data_set(data, split.items("train"))
    card = make_card(run.name, network, settings, [validation], (used,), "crackscan-train fit")
    write_atomically(run / CARD, card.to_json().encode())
    return outcome


def _open_source(
    data: Path, split: Split, side: Side, settings: FitSettings, vary: bool
) -> ExampleSource:
    items = split.items(side)
    if not items:
        raise DataError(f"{data} has too few pictures: none is left for {side}")
    if split.has_masks:
        pairs = [(data / item.path, data / str(item.mask)) for item in items]
        return MaskedPhotographs(pairs, settings.size_px, vary=vary)
    paths = [data / item.path for item in items]
    return LabelledPatches(paths, [bool(item.label) for item in items], settings.size_px, vary)
