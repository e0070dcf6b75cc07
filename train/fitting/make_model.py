"""Making a model by its recipe: from the data folder to a run that `quantize` takes."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import keras
import numpy as np

from crackscan.core.cells import CELL_PX
from crackscan.core.dataset.index import Item
from crackscan.core.dataset.split import Split
from crackscan.core.dataset.split_file import read_split, write_split
from crackscan.core.durable_files import write_file
from crackscan.core.errors import CrackscanError, DataError
from crackscan.core.model_card import Card, DataSource, Pooling
from crackscan.core.run_folder import AVERAGE, CARD, DATA, NETWORK, SPLIT
from crackscan.train.data.examples import Source, batches
from crackscan.train.data.field_annotations import read_annotations
from crackscan.train.data.labelled_patches import LabelledPatches
from crackscan.train.data.negatives import collect
from crackscan.train.data.photographs import CloseUps, FieldPhotographs, OtherPictures
from crackscan.train.data.rendered import Rendered, render_pool
from crackscan.train.data.split import prepare
from crackscan.train.data.thumbnails import Report
from crackscan.train.data.wall_photographs import SCENES, WALLS, split_scenes, split_walls
from crackscan.train.fitting.development import Development
from crackscan.train.fitting.distillation import VIEWS, Views, keep_views, load_teacher
from crackscan.train.fitting.fit import Outcome, Watch, fit
from crackscan.train.fitting.recipe import (
    CLOSE_UPS,
    DEVELOPMENT,
    DEVELOPMENT_PX,
    FIELD,
    MASONRY,
    POOL_PX,
    SCALES,
    SMALL_PX,
    TEACHER,
    WIDE,
    Recipe,
    Stage,
)
from crackscan.train.fitting.run_folder import save_representative
from crackscan.train.fitting.settings import HISTORY, LAST, Settings
from crackscan.train.fitting.train_folder import data_source
from crackscan.train.fitting.wall_mixture import wall_sources
from crackscan.train.network.crack_network import crack_network, receptive_margin_px
from crackscan.train.network.initial import UNFOLDED_BY, in_float32, start
from crackscan.train.network.reconstruct import PICTURES, finished_network, reconstruct
from crackscan.train.render.sample import RenderConfig

JUDGED, STAGES, START = "pool-development", "stages.json", "start.keras"


def make(
    name: str,
    recipe: Recipe,
    data: Path,
    run: Path,
    negatives: Path | None,
    teacher: Path | None,
    workers: int,
    resume: bool,
    report: Report,
    watch: Watch,
) -> Outcome:
    """Make a model as the shipped one of that name was made.

    `data` holds metu/, field_photos/ and deepcrack_dev/, and for a stage with `walls`, wall_cracks/
    and scenes/; `negatives` pictures without a crack, by default collected from Debian packages
    into the run folder; `teacher` is the run folder, or the `.tflite`, of the model that a recipe
    with `taught` examples learns from. deepcrack_dev chooses the epoch, the temperature and the
    patch thresholds; nothing of it is trained on.

    Raises:
        CrackscanError: part of the data is missing, or the run folder is another run's.
    """
    walls = (WALLS, SCENES) if any(stage.walls for stage in recipe.stages) else ()
    for part in (CLOSE_UPS, FIELD, DEVELOPMENT, *walls):
        if not (data / part).is_dir():
            raise DataError(f"{data} has no folder {part}/; the README says what belongs there")
    if recipe.stages[0].taught and teacher is None:
        raise DataError(f"{name} learns from another model; name it with --teacher")
    _claim(run, recipe, resume)
    split = _split(data / CLOSE_UPS, run, recipe.settings.seed, report)
    others = negatives or _collected(run / "negatives", report)
    intact = [data / CLOSE_UPS / item.path for item in split.items("train") if not item.label]
    for pool, count, seed, size, config in (
        ("pool", recipe.pool, 1_000_000, POOL_PX, RenderConfig()),
        ("pool-wide", recipe.wide_pool, 3_000_000, POOL_PX, WIDE),
        ("pool-masonry", recipe.mixture.masonry_pool, 5_000_000, POOL_PX, MASONRY),
        (
            "pool-development",
            recipe.development_renderings,
            9_000_000,
            DEVELOPMENT_PX,
            RenderConfig(),
        ),
    ):
        told = _of_stage(report, f"Rendering {pool}", count)
        render_pool(run / pool, count, seed, size, intact, config, workers, told)
    judge = Development(
        data / DEVELOPMENT,
        run / JUDGED,
        recipe.judged_cells,
        recipe.development_photographs,
    )
    weights, outcome = recipe.settings.weights, None
    taught_by = teacher or run
    views_seed = recipe.settings.seed
    for number, stage in enumerate(recipe.stages):
        folder = run / f"stage-{number + 1}"
        if teacher is None and not stage.taught:
            taught_by = folder
        settings = _of(stage, recipe.settings, number, weights)
        views_seed = views_seed if stage.again else settings.seed
        weights = str(folder / AVERAGE)
        if number + 1 < len(recipe.stages) and _is_finished(folder, stage):
            continue
        source_px = recipe.settings.size_px if stage.taught else settings.size_px
        if stage.walls:
            own = stage.own_labels and number > 0
            labelled_by = run / f"stage-{number}" if own else taught_by
            sources = _walls(recipe, source_px, data, run, split, others, labelled_by, report)
        else:
            sources = _training(recipe, source_px, data, run, split, others)
        training = sources
        if stage.taught:
            count = recipe.mixture.taught if stage.walls else recipe.taught
            keep_views(
                run / VIEWS,
                sources,
                source_px,
                count,
                load_teacher(taught_by),
                settings.pooled_cells,
                views_seed,
                _of_stage(report, "Asking the teacher", count),
            )
            training = [Views(run / VIEWS, settings.size_px)]
        if settings.weights == TEACHER or settings.weights.endswith(".tflite"):
            if not (run / START).is_file():
                _begun(settings, training, taught_by).save(run / START)
            settings = replace(settings, weights=str(run / START))
        validation = [_validation(settings.size_px, data, split)]
        again = (folder / LAST).is_file()
        judged = None if stage.walls else judge  # it ends with its average, whatever the epochs say
        outcome = fit(folder, settings, training, validation, again, watch, judged)
    if outcome is None:
        raise ValueError("a recipe without stages")
    if recipe.stages[-1].walls:
        ended = keras.models.load_model(Path(weights), compile=False)
        network = in_float32(ended, recipe.settings.backbone)
    else:
        network = keras.models.load_model(outcome.model, compile=False)
    if recipe.averaged_stages > 1:
        ends = [run / f"stage-{number + 1}" / AVERAGE for number in range(len(recipe.stages))]
        _set_mean(network, [run / START, *ends][-recipe.averaged_stages :])
    network.save(run / AVERAGE)  # as a teacher is asked: before calibration
    save_representative(run, sources, recipe.settings.seed)
    (run / DATA).write_text(str((data / CLOSE_UPS).resolve()))
    card = _card(name, recipe, network, judge, _sources(data, split, others, bool(walls)))
    network.save(run / NETWORK)
    (run / CARD).write_text(card.to_json())
    return replace(outcome, best={**outcome.best, **card.figures["development"]})


def _begun(settings: Settings, training: Sequence[Source], teacher: Path) -> keras.Model:
    """The network that a finished one leads to: itself, or one that does what the teacher does."""
    count = PICTURES if settings.weights == TEACHER else UNFOLDED_BY
    pictures, _, _ = next(batches(training, count, settings.seed, 0))
    if settings.weights != TEACHER:
        return start(settings, pictures)
    network = crack_network(settings.backbone)
    reconstruct(network, finished_network(teacher, pictures), pictures)
    return network


def _set_mean(network: keras.Model, files: Sequence[Path]) -> None:
    """Give a network the mean weights of saved ones like it."""
    weights = [keras.models.load_model(file, compile=False).get_weights() for file in files]
    network.set_weights([np.mean(alike, axis=0) for alike in zip(*weights, strict=True)])


def _claim(run: Path, recipe: Recipe, resume: bool) -> None:
    """Make the run folder ours: a new one for a new run, the same recipe for a resumed one.

    Raises:
        CrackscanError: it holds another run, or nothing to resume.
    """
    file, told = run / STAGES, json.dumps(asdict(recipe), indent=2)
    if resume and not file.is_file():
        raise CrackscanError(f"{run} holds no run to resume; start one without --resume")
    if resume and file.read_text() != told:
        raise CrackscanError(
            f"{run} was started with another recipe; resume it as it was, or start another run"
        )
    if not resume and file.exists():
        raise CrackscanError(
            f"{run} holds a run already; go on with --resume or name another --out"
        )
    run.mkdir(parents=True, exist_ok=True)
    write_file(file, told.encode())


def _of(stage: Stage, settings: Settings, number: int, weights: str) -> Settings:
    return replace(
        settings,
        weights=weights,
        epochs=stage.epochs,
        rate=stage.rate,
        size_px=min(SMALL_PX, settings.size_px) if stage.small else settings.size_px,
        patch_weight=0.0 if stage.walls else settings.patch_weight,
        seed=settings.seed + number,
    )


def _is_finished(folder: Path, stage: Stage) -> bool:
    history = folder / HISTORY
    return history.is_file() and len(history.read_text().splitlines()) > stage.epochs


def _of_stage(report: Report, stage: str, total: int) -> Callable[[int], None]:
    return lambda done: report(stage, done, total)


def _split(close_ups: Path, run: Path, seed: int, report: Report) -> Split:
    file = run / SPLIT
    if file.is_file():
        return read_split(file)
    split = prepare(close_ups, seed, report)
    write_split(file, split)
    return split


def _collected(folder: Path, report: Report) -> Path:
    if not folder.is_dir() or not any(folder.glob("*.jpg")):
        collect(folder, report=report)
    return folder


def _training(
    recipe: Recipe, size: int, data: Path, run: Path, split: Split, others: Path
) -> Sequence[Source]:
    items = split.items("train")
    cracked = [data / CLOSE_UPS / item.path for item in items if item.label]
    intact = [data / CLOSE_UPS / item.path for item in items if not item.label]
    pictures = sorted(others.glob("*.jpg"))
    if not pictures:
        raise DataError(f"{others} holds no .jpg pictures")
    return [
        Rendered(run / "pool", size, recipe.rendered),
        Rendered(run / "pool-wide", size, recipe.wide_rendered),
        CloseUps(cracked, [True] * len(cracked), size, recipe.cracked_close_ups),
        CloseUps(intact, [False] * len(intact), size, recipe.intact_close_ups),
        FieldPhotographs(data / FIELD, read_annotations(), size, recipe.field_photographs),
        OtherPictures(pictures, size, recipe.other_pictures),
    ]


def _walls(
    recipe: Recipe,
    size: int,
    data: Path,
    run: Path,
    split: Split,
    others: Path,
    teacher: Path,
    report: Report,
) -> Sequence[Source]:
    pools = run / "pool", run / "pool-wide", run / "pool-masonry"
    pictures = sorted(others.glob("*.jpg"))
    return wall_sources(
        recipe.mixture,
        size,
        data,
        pools,
        split,
        pictures,
        teacher,
        CLOSE_UPS,
        FIELD,
        report,
    )


def _validation(size: int, data: Path, split: Split) -> Source:
    """Every eighth validation patch: enough for a curve; the verdict is development's."""
    items = sorted(split.items("validation"), key=lambda item: (not item.label, item.path))[::8]
    paths = [data / CLOSE_UPS / item.path for item in items]
    labels = [bool(item.label) for item in items]
    return LabelledPatches(paths, labels, size, vary=False)


def _sources(data: Path, split: Split, others: Path, walls: bool) -> tuple[DataSource, ...]:
    annotated = [Item(one.file) for one in read_annotations()]
    return (
        data_source(
            data / CLOSE_UPS,
            split.items("train"),
            "Concrete Crack Images for Classification (Özgenel 2019), train side",
            "https://doi.org/10.17632/5y9wdsg2zt.2",
            "CC BY 4.0",
        ),
        data_source(
            data / FIELD,
            annotated,
            "field photographs, annotated in train/data/field_photos.json",
            "MBDD2025, SDNET2018 and others; see the model's page",
            "CC BY 4.0, CC0, public domain",
        ),
        data_source(
            others,
            [Item(path.name) for path in sorted(others.glob("*.jpg"))],
            "pictures without a crack, listed in train/data/negatives.tsv",
            "Debian packages",
            "CC0, CC BY, public domain, permissive",
        ),
        *(_wall_sources_of(data) if walls else ()),
    )


def _wall_sources_of(data: Path) -> tuple[DataSource, ...]:
    trained = split_walls(data / WALLS)
    pictures = [picture for picture, _ in trained.masked] + list(trained.unlabelled)
    masks = [mask for _, mask in trained.masked]
    scenes, _ = split_scenes(data / SCENES)
    return (
        data_source(
            data / WALLS,
            [Item(str(path.relative_to(data / WALLS))) for path in [*pictures, *masks]],
            "wall_cracks: photographs of cracked walls and masks, without those held out",
            "Supervisely, Cracks Synthetic Dataset (August 2023), the real part",
            "CC BY 4.0",
        ),
        data_source(
            data / SCENES,
            [Item(path.name) for path in scenes],
            "scenes without a crack, three of four",
            "building fronts, camera samples, Kodak's suite, damp walls; see the model's page",
            "CC BY 4.0, CC0, free to use",
        ),
    )


def _card(
    name: str,
    recipe: Recipe,
    network: keras.Model,
    judge: Development,
    sources: tuple[DataSource, ...],
) -> Card:
    found = judge.calibrate(network, recipe.look_alike_alarms)
    settings = recipe.settings
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
        training_data=sources,
        figures={"development": {key: round(v, 4) for key, v in judge(network).items()}},
        made_by=f"crackscan-train model {name}; {settings.backbone} from "
        f"{Path(settings.weights).name}, batch {settings.batch}; {_told(recipe.stages)}; "
        f"averaged_stages={recipe.averaged_stages}, taught={recipe.taught}",
    )


def _told(stages: Sequence[Stage]) -> str:
    return ", ".join(
        f"{one.epochs} epochs at {one.rate:g}{' on small squares' * one.small}" for one in stages
    )
