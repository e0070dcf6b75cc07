"""The stages of a recipe: what each starts from and learns from, and its training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras

from crackscan.core.run_folder import AVERAGE
from crackscan.train.data.examples import RGB, ExampleSource, draw_batches
from crackscan.train.data.thumbnails import Report
from crackscan.train.fitting.callbacks import Watch
from crackscan.train.fitting.development import Development
from crackscan.train.fitting.distillation import (
    VIEWS,
    Views,
    ViewSettings,
    keep_views,
    load_teacher,
)
from crackscan.train.fitting.fit import Outcome, fit
from crackscan.train.fitting.recipe import SMALL_PX, TEACHER, Recipe, Stage
from crackscan.train.fitting.recipe_examples import usual_sources
from crackscan.train.fitting.settings import HISTORY, LAST, FitSettings
from crackscan.train.fitting.training_data import TrainingData, validation_source
from crackscan.train.fitting.wall_mixture import wall_sources
from crackscan.train.network.crack_network import crack_network
from crackscan.train.network.initial import UNFOLDED_BY, initial_network
from crackscan.train.network.reconstruct import PICTURES, finished_network, reconstruct_network

START = "start.keras"
"""In the run folder: the network that a finished one, or a teacher, was turned into."""


@dataclass(frozen=True)
class StagePlan:
    """One stage of a run, decided before any is trained."""

    stage: Stage
    folder: Path
    """Its own run folder, within the run's."""
    settings: FitSettings
    """Their weights are those that the stage before ends with."""
    teacher: Path
    """Run folder or `.tflite` of the model that is asked, if the stage learns from one."""
    labelled_by: Path
    """The model that labels photographs of walls that have no masks."""
    views_seed: int
    """Seed of the examples for which the teacher is asked."""

    @property
    def is_finished(self) -> bool:
        """Whether every epoch is in the stage's history."""
        history = self.folder / HISTORY
        return history.is_file() and len(history.read_text().splitlines()) > self.stage.epochs


@dataclass(frozen=True)
class StageResult:
    """What the training of a stage ended with."""

    outcome: Outcome
    sources: Sequence[ExampleSource]
    """The pictures that it learned from, before a teacher was asked about them."""


def plan_stages(recipe: Recipe, run: Path, teacher: Path | None) -> list[StagePlan]:
    """Decide start, settings and teacher of each stage of a recipe.

    Without a `teacher`, a stage that learns from one asks the last network that was trained
    without.
    """
    plans: list[StagePlan] = []
    weights, asked, views_seed = recipe.settings.weights, teacher or run, recipe.settings.seed
    for number, stage in enumerate(recipe.stages):
        folder = run / f"stage-{number + 1}"
        settings = replace(
            recipe.settings,
            weights=weights,
            epochs=stage.epochs,
            rate=stage.rate,
            size_px=min(SMALL_PX, recipe.settings.size_px)
            if stage.small
            else recipe.settings.size_px,
            patch_weight=0.0 if stage.walls else recipe.settings.patch_weight,
            seed=recipe.settings.seed + number,
        )
        if teacher is None and not stage.taught:
            asked = folder
        if not stage.again:
            views_seed = settings.seed
        labelled_by = plans[-1].folder if stage.own_labels and plans else asked
        plans.append(StagePlan(stage, folder, settings, asked, labelled_by, views_seed))
        weights = str(folder / AVERAGE)
    return plans


def train_stage(
    plan: StagePlan,
    recipe: Recipe,
    data: TrainingData,
    development: Development,
    report: Report,
    watch: Watch,
) -> StageResult:
    """Train one stage, or go on with it after its last whole epoch.

    A stage with photographs of walls ends with its average, whatever its epochs score, so that
    development data do not judge it.

    Raises:
        CrackscanError: the data, the teacher or the weights cannot be used.
    """
    sources = _stage_sources(plan, recipe, data, report)
    training = sources
    if plan.stage.taught:
        _ask_teacher(plan, recipe, sources, data.run / VIEWS, report)
        training = [Views(data.run / VIEWS, plan.settings.size_px)]
    settings = _choose_start(plan, data.run / START, training)
    validation = [validation_source(data, settings.size_px)]
    resume = (plan.folder / LAST).is_file()
    judge = None if plan.stage.walls else development
    outcome = fit(plan.folder, settings, training, validation, resume, watch, judge)
    return StageResult(outcome, sources)


def _stage_sources(
    plan: StagePlan, recipe: Recipe, data: TrainingData, report: Report
) -> Sequence[ExampleSource]:
    """The examples of a stage; those that a teacher is asked about have the run's full size."""
    size_px = recipe.settings.size_px if plan.stage.taught else plan.settings.size_px
    if plan.stage.walls:
        return wall_sources(recipe.mixture, size_px, data, plan.labelled_by, report)
    return usual_sources(recipe, data, size_px)


def _ask_teacher(
    plan: StagePlan, recipe: Recipe, sources: Sequence[ExampleSource], views: Path, report: Report
) -> None:
    """Keep examples with what the teacher predicts of them."""
    count = recipe.taught
    size_px, pooled_cells = recipe.settings.size_px, plan.settings.pooled_cells
    keep_views(
        views,
        sources,
        ViewSettings(count, size_px, pooled_cells, plan.views_seed),
        load_teacher(plan.teacher),
        lambda done: report("Asking the teacher", done, count),
    )


def _choose_start(
    plan: StagePlan, start_file: Path, training: Sequence[ExampleSource]
) -> FitSettings:
    """The settings with weights that a network can load; a finished model is turned into such."""
    settings = plan.settings
    if settings.weights != TEACHER and not settings.weights.endswith(".tflite"):
        return settings
    if not start_file.is_file():
        if settings.weights == TEACHER:
            network = _reconstruct_teacher(plan, training)
        else:
            network = initial_network(settings, _first_pictures(settings, training, UNFOLDED_BY))
        network.save(start_file)
    return replace(settings, weights=str(start_file))


def _reconstruct_teacher(plan: StagePlan, training: Sequence[ExampleSource]) -> keras.Model:
    """A network of the stage's backbone that does what the teacher does."""
    pictures = _first_pictures(plan.settings, training, PICTURES)
    network = crack_network(plan.settings.backbone)
    reconstruct_network(network, finished_network(plan.teacher, pictures), pictures)
    return network


def _first_pictures(settings: FitSettings, training: Sequence[ExampleSource], count: int) -> RGB:
    pictures, _, _ = next(draw_batches(training, count, settings.seed, 0))
    return pictures
