"""What follows the last stage: the average of stages, calibration, and the model card."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from crackscan.core.cells import CELL_PX
from crackscan.core.model_card import Card, DataSource, Pooling
from crackscan.core.run_folder import AVERAGE
from crackscan.train.fitting.development import Development
from crackscan.train.fitting.recipe import SCALES, Recipe, Stage
from crackscan.train.fitting.training_stages import START, StagePlan
from crackscan.train.network.crack_network import receptive_margin_px
from crackscan.train.network.initial import in_float32


def load_finished(last: StagePlan, best_epoch: Path) -> keras.Model:
    """The network that a run ends with, computing in float32.

    It is the best epoch of the last stage, or the average at its end if the stage learned from
    photographs of walls.
    """
    if not last.stage.walls:
        return keras.models.load_model(best_epoch, compile=False)
    ended = keras.models.load_model(last.folder / AVERAGE, compile=False)
    return in_float32(ended, last.settings.backbone)


def average_stages(
    network: keras.Model, recipe: Recipe, run: Path, plans: Sequence[StagePlan]
) -> None:
    """Give the network the mean weights of the recipe's last stages (Wortsman et al. 2022).

    The start counts as one of them if a run went on from a finished model and has too few stages.
    A recipe that averages one stage leaves the network as it is: its best epoch, or after a stage
    with photographs of walls, its average; of that the recipe may keep a share of the weights that
    the stage began with, so that what was learned before is not forgotten.
    """
    if recipe.kept_share:
        began = plans[-2].folder / AVERAGE if len(plans) > 1 else run / START
        before = keras.models.load_model(began, compile=False).get_weights()
        share = recipe.kept_share
        mixed = zip(before, network.get_weights(), strict=True)
        network.set_weights([share * old + (1 - share) * new for old, new in mixed])
    if recipe.averaged_stages == 1:
        return
    files = [run / START, *(plan.folder / AVERAGE for plan in plans)][-recipe.averaged_stages :]
    weights = [keras.models.load_model(file, compile=False).get_weights() for file in files]
    network.set_weights([np.mean(alike, axis=0) for alike in zip(*weights, strict=True)])


def calibrate_model(
    network: keras.Model,
    name: str,
    recipe: Recipe,
    training_data: tuple[DataSource, ...],
    development: Development,
) -> Card:
    """Calibrate a network on development data, which shifts its head's bias; gives its card."""
    settings = recipe.settings
    found = development.calibrate(network, recipe.look_alike_alarms)
    figures: Mapping[str, float] = development(network)
    return Card(
        name=name,
        version=recipe.version,
        backbone=settings.backbone,
        cell_px=CELL_PX,
        patch_px=settings.size_px,
        margin_px=receptive_margin_px(network),
        pooling=Pooling(recipe.judged_cells),
        temperature=round(found.temperature, 4),
        operating_points=found.points,
        scale=SCALES[name],
        training_data=training_data,
        figures={"development": {key: round(value, 4) for key, value in figures.items()}},
        made_by=f"crackscan-train model {name}; {settings.backbone} from "
        f"{Path(settings.weights).name}, batch {settings.batch}; {_list_stages(recipe.stages)}; "
        f"averaged_stages={recipe.averaged_stages}, taught={recipe.taught}",
    )


def _list_stages(stages: Sequence[Stage]) -> str:
    return ", ".join(
        f"{one.epochs} epochs at {one.rate:g}{' on small squares' * one.small}" for one in stages
    )
