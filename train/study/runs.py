"""One run of a study: train, leave a run folder, and keep its result."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from crackscan.core.dataset.split_file import write_split
from crackscan.core.durable_files import write_atomically
from crackscan.core.errors import CrackscanError
from crackscan.core.run_folder import CARD, DATA, NETWORK, SPLIT
from crackscan.train.data.data_folder import CLOSE_UPS
from crackscan.train.data.examples import ExampleSource
from crackscan.train.fitting.callbacks import Watch
from crackscan.train.fitting.fit import fit
from crackscan.train.fitting.recipe import BASE
from crackscan.train.fitting.run_folder import make_card, save_representative
from crackscan.train.fitting.settings import HISTORY, FitSettings
from crackscan.train.network.crack_network import has_pretrained
from crackscan.train.study.materials import Materials, Size

STUDY, RESULT = "study.json", "result.json"

Result = dict[str, Any]


def settings_of(backbone: str, weights: str, size: Size, seed: int) -> FitSettings:
    """The equal settings of all runs: one pass over the examples, the last weights judged.

    `weights` is "imagenet", "none", or a file for the MobileNets in place of ImageNet's download;
    a backbone without pretrained weights starts from nothing.
    """
    if not has_pretrained(backbone):
        weights = "none"
    elif weights != "none" and not backbone.startswith("mobilenet"):
        weights = "imagenet"
    return replace(
        BASE,
        backbone=backbone,
        weights=weights,
        epochs=1,
        batch=size.batch,
        size_px=size.size_px,
        seed=seed,
    )


def claim_study(out: Path, settings: Mapping[str, Any]) -> None:
    """Make a folder that of a study with these settings, or go on with it.

    Raises:
        CrackscanError: the folder holds a study with others.
    """
    file, text = out / STUDY, json.dumps(settings, indent=2)
    if file.is_file() and file.read_text() != text:
        raise CrackscanError(
            f"{out} holds a study with other settings ({STUDY}); take another --out"
        )
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text.encode())


def keep_result(folder: Path, make: Callable[[], Result]) -> Result:
    """The result in a run's folder; made and kept there if it is not there yet."""
    file = folder / RESULT
    if not file.is_file():
        write_atomically(file, json.dumps(make(), indent=2).encode())
    found: Result = json.loads(file.read_text())
    return found


def train_run(
    folder: Path,
    settings: FitSettings,
    training: Sequence[ExampleSource],
    validation: ExampleSource,
    materials: Materials,
    watch: Watch,
) -> Path:
    """Train into a run folder that `crackscan-convert quantize` takes; gives the network's file.

    Training that was finished is not done again.
    """
    if not (folder / HISTORY).is_file() or not (folder / CARD).is_file():
        (folder / HISTORY).unlink(missing_ok=True)
        fit(folder, settings, training, [validation], watch=watch)
        network = keras.models.load_model(folder / NETWORK, compile=False)
        save_representative(folder, training, settings.seed)
        write_split(folder / SPLIT, materials.split)
        write_atomically(folder / DATA, bytes((materials.data / CLOSE_UPS).resolve()))
        card = make_card(folder.name, network, settings, [validation], (), "a study")
        write_atomically(folder / CARD, card.to_json().encode())
    return folder / NETWORK
