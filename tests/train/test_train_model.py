"""A recipe becomes stages, each with its own start, settings and teacher, before any is trained."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from crackscan.core.errors import CrackscanError
from crackscan.core.tensorflow_import import import_tensorflow

import_tensorflow()

from crackscan.train.fitting.recipe import RECIPES, SMALL_PX, TEACHER, renew_recipe  # noqa: E402
from crackscan.train.fitting.settings import HISTORY  # noqa: E402
from crackscan.train.fitting.train_model import (  # noqa: E402
    STAGES,
    ModelRequest,
    train_model,
)
from crackscan.train.fitting.training_stages import plan_stages  # noqa: E402

RUN = Path("runs/model")


def test_each_stage_starts_where_the_one_before_ended() -> None:
    plans = plan_stages(RECIPES["crack-s"], RUN, Path("runs/crack-m"))
    assert [plan.folder.name for plan in plans] == [f"stage-{n}" for n in range(1, 5)]
    assert [plan.settings.weights for plan in plans] == [
        "none",
        "runs/model/stage-1/average.keras",
        "runs/model/stage-2/average.keras",
        "runs/model/stage-3/average.keras",
    ]
    assert [plan.settings.seed for plan in plans] == [0, 1, 2, 3]
    assert {plan.teacher for plan in plans} == {Path("runs/crack-m")}


def test_a_model_without_a_teacher_asks_its_last_untaught_stage() -> None:
    plans = plan_stages(RECIPES[TEACHER], RUN, None)
    assert plans[-1].stage.taught
    assert plans[-1].teacher == plans[-2].folder


def test_a_stage_on_the_same_examples_keeps_the_seed_for_which_the_teacher_was_asked() -> None:
    plans = plan_stages(RECIPES["crack-m"], RUN, Path("runs/teacher"))
    for before, plan in pairwise(plans):
        if plan.stage.again:
            assert plan.views_seed == before.views_seed
        else:
            assert plan.views_seed == plan.settings.seed


def test_a_stage_on_small_squares_has_small_squares() -> None:
    for plan in plan_stages(RECIPES["crack-m"], RUN, Path("runs/teacher")):
        full = RECIPES["crack-m"].settings.size_px
        assert plan.settings.size_px == (SMALL_PX if plan.stage.small else full)


def test_a_finished_model_begins_with_its_own_weights() -> None:
    recipe = renew_recipe(RECIPES["crack-m"], "crack-m.tflite")
    [plan] = plan_stages(recipe, RUN, Path("crack-m.tflite"))
    assert plan.settings.weights == "crack-m.tflite"
    assert plan.stage == RECIPES["crack-m"].stages[-1]


def test_walls_without_masks_are_labelled_by_the_stage_before_or_by_the_teacher() -> None:
    teacher = Path("runs/teacher")
    *_, last = plan_stages(RECIPES["crack-m"], RUN, teacher)
    assert last.stage.own_labels and last.labelled_by.name == "stage-4"
    [begun] = plan_stages(renew_recipe(RECIPES["crack-m"], "crack-m.tflite"), RUN, teacher)
    assert begun.labelled_by == teacher
    *_, last = plan_stages(RECIPES["crack-s"], RUN, Path("runs/crack-m"))
    assert last.stage.walls and last.labelled_by == Path("runs/crack-m")


def test_a_stage_is_finished_when_its_history_has_every_epoch(tmp_path: Path) -> None:
    plan, *_ = plan_stages(RECIPES["crack-s"], tmp_path, Path("runs/crack-m"))
    assert not plan.is_finished
    plan.folder.mkdir()
    for epochs in (plan.stage.epochs - 1, plan.stage.epochs):
        (plan.folder / HISTORY).write_text("epoch,loss\n" + "1,0.5\n" * epochs)
        assert plan.is_finished == (epochs == plan.stage.epochs)


@pytest.fixture
def request_(tmp_path: Path) -> ModelRequest:
    data = tmp_path / "data"
    for part in ("metu", "field_photos", "deepcrack_dev", "wall_cracks", "scenes"):
        (data / part).mkdir(parents=True)
    return ModelRequest("crack-s", RECIPES["crack-s"], data, tmp_path / "run")


def train(request: ModelRequest) -> None:
    from crackscan.train.fitting.fit import Watch

    train_model(request, lambda *_: None, Watch())


@pytest.mark.parametrize("part", ["field_photos", "wall_cracks"])
def test_a_part_of_the_data_that_is_missing_is_named(request_: ModelRequest, part: str) -> None:
    (request_.data / part).rmdir()
    with pytest.raises(CrackscanError, match=f"has no folder {part}/"):
        train(request_)


def test_a_student_needs_a_teacher(request_: ModelRequest) -> None:
    with pytest.raises(CrackscanError, match="name it with --teacher"):
        train(request_)


def test_a_run_is_resumed_with_its_own_recipe_only(request_: ModelRequest) -> None:
    request = replace(request_, teacher=Path("runs/crack-m"), resume=True)
    with pytest.raises(CrackscanError, match="holds no run to resume"):
        train(request)
    request.run.mkdir()
    (request.run / STAGES).write_text("{}")
    with pytest.raises(CrackscanError, match="was started with another recipe"):
        train(request)
    with pytest.raises(CrackscanError, match="holds a run already"):
        train(replace(request, resume=False))
