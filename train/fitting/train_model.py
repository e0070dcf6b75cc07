"""Train a model by its recipe: from the data folder to a run folder that `quantize` takes."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import keras

from crackscan.core.durable_files import write_atomically
from crackscan.core.errors import CrackscanError
from crackscan.core.run_folder import AVERAGE, CARD, DATA, NETWORK
from crackscan.train.data.data_folder import DEVELOPMENT, USUAL_PARTS, check_data_folder
from crackscan.train.data.rendered import render_pool
from crackscan.train.data.thumbnails import Report
from crackscan.train.data.wall_photographs import SCENES, WALLS
from crackscan.train.fitting.callbacks import Watch
from crackscan.train.fitting.development import Development
from crackscan.train.fitting.finished_model import average_stages, calibrate_model, load_finished
from crackscan.train.fitting.fit import Outcome
from crackscan.train.fitting.recipe import Recipe
from crackscan.train.fitting.recipe_examples import DEVELOPMENT_POOL, list_pools
from crackscan.train.fitting.run_folder import save_representative
from crackscan.train.fitting.training_data import TrainingData, describe_sources, prepare_data
from crackscan.train.fitting.training_stages import plan_stages, train_stage

STAGES = "stages.json"
"""The recipe that a run folder was started with."""


@dataclass(frozen=True)
class ModelRequest:
    """Which model is to be trained, from what, and where to."""

    name: str
    """crack-s, crack-m or teacher."""
    recipe: Recipe
    data: Path
    """The data folder: metu/, field_photos/, deepcrack_dev/, and wall_cracks/ and scenes/ if a
    stage learns from photographs of walls."""
    run: Path
    """The run folder, a new one unless `resume`."""
    negatives: Path | None = None
    """Pictures without a crack; by default collected from Debian packages into the run folder."""
    teacher: Path | None = None
    """Run folder or `.tflite` of the model that taught stages learn from."""
    workers: int = 1
    """Processes that render."""
    resume: bool = False


def train_model(request: ModelRequest, report: Report, watch: Watch) -> Outcome:
    """Train a model as the shipped one of that name was trained.

    deepcrack_dev and the development renderings choose the epoch, the temperature and the patch
    thresholds; nothing of them is trained on.

    Raises:
        CrackscanError: part of the data is missing, or the run folder is another run's.
    """
    recipe, run = request.recipe, request.run
    _check_request(request)
    _claim_run(request)
    data = prepare_data(request.data, run, request.negatives, recipe.settings.seed, report)
    _render_pools(request, data, report)
    development = Development(
        request.data / DEVELOPMENT,
        run / DEVELOPMENT_POOL,
        recipe.judged_cells,
        recipe.development_photographs,
    )
    plans = plan_stages(recipe, run, request.teacher)
    *earlier, last = plans
    for plan in earlier:
        if not plan.is_finished:
            train_stage(plan, recipe, data, development, report, watch)
    result = train_stage(last, recipe, data, development, report, watch)
    network = load_finished(last, result.outcome.model)
    average_stages(network, recipe, run, plans)
    save_representative(run, result.sources, recipe.settings.seed)
    figures = _finish_run(request, data, network, development)
    return replace(result.outcome, best={**result.outcome.best, **figures})


def _check_request(request: ModelRequest) -> None:
    walls = (WALLS, SCENES) if request.recipe.learns_from_walls else ()
    check_data_folder(request.data, (*USUAL_PARTS, *walls))
    if request.recipe.stages[0].taught and request.teacher is None:
        raise CrackscanError(f"{request.name} learns from another model; name it with --teacher")


def _claim_run(request: ModelRequest) -> None:
    """Take a new folder for a new run, or one with the same recipe for a resumed run.

    Raises:
        CrackscanError: the folder holds another run, or nothing to resume.
    """
    run, file = request.run, request.run / STAGES
    text = json.dumps(asdict(request.recipe), indent=2)
    if request.resume and not file.is_file():
        raise CrackscanError(f"{run} holds no run to resume; start one without --resume")
    if request.resume and file.read_text() != text:
        raise CrackscanError(
            f"{run} was started with another recipe; resume it as it was, or start another run"
        )
    if not request.resume and file.exists():
        raise CrackscanError(
            f"{run} holds a run already; go on with --resume or name another --out"
        )
    run.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text.encode())


def _render_pools(request: ModelRequest, data: TrainingData, report: Report) -> None:
    intact = data.close_up_paths("train", cracked=False)
    for pool in list_pools(request.recipe):
        render_pool(pool, request.run / pool.name, intact, request.workers, report)


def _finish_run(
    request: ModelRequest, data: TrainingData, network: keras.Model, development: Development
) -> dict[str, float]:
    """Save the network, calibrated, with its card; gives its figures on development data.

    The network as it is before calibration is kept, too: as such it is asked as a teacher.
    """
    recipe, run = request.recipe, request.run
    network.save(run / AVERAGE)
    (run / DATA).write_text(str(data.close_ups.resolve()))
    card = calibrate_model(
        network, request.name, recipe, describe_sources(data, recipe.learns_from_walls), development
    )
    network.save(run / NETWORK)
    (run / CARD).write_text(card.to_json())
    return dict(card.figures["development"])
