"""How the shipped models are made: from the data folder to a run that `quantize` takes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import keras

from crackscan.card import Card, DataSource, Pooling
from crackscan.errors import DataError
from crackscan.train.dataset.index import Item
from crackscan.train.dataset.split import Split, prepare
from crackscan.train.dataset.split_file import read_split, write_split
from crackscan.train.dataset.thumbnails import Report
from crackscan.train.development import Development
from crackscan.train.distil import Views, keep_views, load_teacher
from crackscan.train.examples import CELL_PX, Source
from crackscan.train.field import read_annotations
from crackscan.train.fit import AVERAGE, BEST, LAST, Outcome, Settings, Watch, claim, fit
from crackscan.train.job import data_source
from crackscan.train.negatives import collect
from crackscan.train.network import receptive_margin_px
from crackscan.train.patches import LabelledPatches
from crackscan.train.photographs import CloseUps, FieldPhotographs, OtherPictures
from crackscan.train.render.sample import RenderConfig
from crackscan.train.rendered import Rendered, render_pool
from crackscan.train.run import CARD, DATA, SPLIT, save_representative

CLOSE_UPS, FIELD, DEVELOPMENT = "metu", "field_photos", "deepcrack_dev"
POOL_PX, DEVELOPMENT_PX, SMALL_PX = 224, 256, 128
SMALL, VIEWS = "small", "views"
WIDE = RenderConfig(crack_share=0.7, width_px=(10.0, 40.0))
"""Cracks as close photographs show them; and the look-alikes beside them, one picture in three."""


@dataclass(frozen=True)
class Recipe:
    """Settings of the training, and how many examples of each kind make an epoch."""

    settings: Settings
    pool: int = 14336
    """Renderings made once; an epoch draws from them."""
    wide_pool: int = 3072
    rendered: int = 8000
    wide_rendered: int = 2500
    cracked_close_ups: int = 4000
    intact_close_ups: int = 1500
    field_photographs: int = 2500
    other_pictures: int = 3500
    development_renderings: int = 800
    development_photographs: int | None = None
    small_epochs: int = 0
    """Epochs after the others, at a fourth of their rate, on squares of SMALL_PX: as patches are
    judged, with more cells at an edge."""
    judged_cells: int = 2
    """k of the top-k mean by which the finished network is judged and used. Training pools more:
    it teaches more cells at once; but a crack that only enters a patch has few cells there."""
    look_alike_alarms: float = 0.04
    """Share of rendered look-alike pictures that the default threshold may let alarm: a little
    below what is promised, for quantization moves it."""
    taught: int = 0
    """Examples for which a teacher is asked, from which alone the network then learns."""


BASE = Settings(
    epochs=7,
    patience=99,
    batch=32,
    size_px=192,
    rate=2e-3,
    pooled_cells=4,
    patch_weight=0.3,
    average=0.995,
)
RECIPES = {
    "crack-s": Recipe(
        replace(
            BASE,
            backbone="fused-96",
            weights="none",
            epochs=16,
            batch=64,
            rate=4e-3,
            average=0.998,
        ),
        taught=44000,
    ),
    "crack-m": Recipe(
        replace(BASE, backbone="efficientnet-lite0-slim", epochs=3, rate=1.2e-3),
        small_epochs=2,
        look_alike_alarms=0.015,
    ),
}


def quick(recipe: Recipe) -> Recipe:
    """The same path with next to no data: minutes, and a model good for nothing."""
    return Recipe(
        replace(recipe.settings, epochs=1, batch=8, size_px=96),
        pool=48,
        wide_pool=16,
        rendered=32,
        wide_rendered=8,
        cracked_close_ups=16,
        intact_close_ups=8,
        field_photographs=8,
        other_pictures=8,
        development_renderings=32,
        development_photographs=4,
        small_epochs=min(recipe.small_epochs, 1),
        taught=48 if recipe.taught else 0,
    )


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

    `data` holds metu/, field_photos/ and deepcrack_dev/; `negatives` pictures without a crack, by
    default collected from Debian packages into the run folder; `teacher` is the run folder of the
    model that a recipe with `taught` examples learns from. deepcrack_dev chooses the epoch,
    the temperature and the thresholds; nothing of it is trained on.

    Raises:
        CrackscanError: part of the data is missing, or the run folder is another run's.
    """
    for part in (CLOSE_UPS, FIELD, DEVELOPMENT):
        if not (data / part).is_dir():
            raise DataError(f"{data} has no folder {part}/; the README says what belongs there")
    if recipe.taught and teacher is None:
        raise DataError(f"{name} learns from another model; name its run folder with --teacher")
    claim(run, recipe.settings, resume)
    split = _split(data / CLOSE_UPS, run, recipe.settings.seed, report)
    others = negatives or _collected(run / "negatives", report)
    intact = [data / CLOSE_UPS / item.path for item in split.items("train") if not item.label]
    for folder, count, seed, size, config in (
        ("pool", recipe.pool, 1_000_000, POOL_PX, RenderConfig()),
        ("pool-wide", recipe.wide_pool, 3_000_000, POOL_PX, WIDE),
        (
            "pool-development",
            recipe.development_renderings,
            9_000_000,
            DEVELOPMENT_PX,
            RenderConfig(),
        ),
    ):
        render_pool(
            run / folder,
            count,
            seed,
            size,
            intact,
            config,
            workers,
            _of_stage(report, f"Rendering {folder}", count),
        )
    training = _training(recipe, data, run, split, others)
    if recipe.taught and teacher is not None:
        settings = recipe.settings
        keep_views(
            run / VIEWS,
            training,
            settings.size_px,
            recipe.taught,
            load_teacher(teacher),
            settings.pooled_cells,
            settings.seed,
            _of_stage(report, "Asking the teacher", recipe.taught),
        )
        training = [Views(run / VIEWS, settings.size_px)]
    validation = [_validation(recipe, data, split)]
    judge = Development(
        data / DEVELOPMENT,
        run / "pool-development",
        recipe.judged_cells,
        recipe.development_photographs,
    )
    outcome = fit(run, recipe.settings, training, validation, resume, watch, judge)
    if recipe.small_epochs:
        late = replace(recipe, settings=_late(recipe, run))
        outcome = fit(
            run / SMALL,
            late.settings,
            [Views(run / VIEWS, late.settings.size_px)]
            if recipe.taught
            else _training(late, data, run, split, others),
            [_validation(late, data, split)],
            (run / SMALL / LAST).is_file(),
            watch,
            judge,
        )
    network = keras.models.load_model(outcome.model, compile=False)
    save_representative(run, training, recipe.settings.seed)
    (run / DATA).write_text(str((data / CLOSE_UPS).resolve()))
    card = _card(name, recipe, network, judge, _sources(data, split, others))
    network.save(run / BEST)
    (run / CARD).write_text(card.to_json())
    return outcome


def _late(recipe: Recipe, run: Path) -> Settings:
    return replace(
        recipe.settings,
        weights=str(run / AVERAGE),
        epochs=recipe.small_epochs,
        size_px=min(SMALL_PX, recipe.settings.size_px),
        rate=recipe.settings.rate / 4,
        seed=recipe.settings.seed + 1,
    )


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
    recipe: Recipe, data: Path, run: Path, split: Split, others: Path
) -> Sequence[Source]:
    size = recipe.settings.size_px
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


def _validation(recipe: Recipe, data: Path, split: Split) -> Source:
    """Every eighth validation patch: enough for a curve; the verdict is development's."""
    items = sorted(split.items("validation"), key=lambda item: (not item.label, item.path))[::8]
    paths = [data / CLOSE_UPS / item.path for item in items]
    labels = [bool(item.label) for item in items]
    return LabelledPatches(paths, labels, recipe.settings.size_px, vary=False)


def _sources(data: Path, split: Split, others: Path) -> tuple[DataSource, ...]:
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
            "field photographs, annotated in train/field_photos.json",
            "MBDD2025, SDNET2018 and others; see the model's page",
            "CC BY 4.0, CC0, public domain",
        ),
        data_source(
            others,
            [Item(path.name) for path in sorted(others.glob("*.jpg"))],
            "pictures without a crack, listed in train/negatives.tsv",
            "Debian packages",
            "CC0, CC BY, public domain, permissive",
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
        version="1",
        backbone=settings.backbone,
        cell_px=CELL_PX,
        patch_px=settings.size_px,
        margin_px=receptive_margin_px(network),
        pooling=Pooling(recipe.judged_cells),
        temperature=round(found.temperature, 4),
        operating_points=found.points,
        scale="cracks 1 to 20 px wide",
        training_data=sources,
        figures={"development": {key: round(v, 4) for key, v in judge(network).items()}},
        made_by=f"crackscan-train model {name}; {_told(settings)}, small_epochs="
        f"{recipe.small_epochs}, taught={recipe.taught}",
    )


def _told(settings: Settings) -> dict[str, object]:
    """Settings as a card tells them: a weights file by its run and name, not by its place."""
    weights = "/".join(Path(settings.weights).parts[-2:])
    return {**asdict(settings), "weights": weights}
