"""The mixture of the last stage: photographs of walls beside what the earlier stages learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from crackscan.core.errors import CrackscanError
from crackscan.core.model_card import read_card
from crackscan.core.pictures import read_picture
from crackscan.core.run_folder import AVERAGE
from crackscan.train.data.data_folder import FIELD
from crackscan.train.data.examples import RGB, ExampleSource
from crackscan.train.data.field_annotations import read_annotations
from crackscan.train.data.photographs import CloseUps, FieldPhotographs, OtherPictures
from crackscan.train.data.rendered import Rendered
from crackscan.train.data.thumbnails import Report
from crackscan.train.data.wall_photographs import (
    SCENES,
    VIEW_SCALES,
    WALLS,
    Ask,
    Degraded,
    MaskedWalls,
    TaughtViews,
    View,
    ask_in_three_views,
    crack_or_unknown,
    draw_views,
    none,
    soft,
    split_scenes,
    split_walls,
)
from crackscan.train.evaluate.predict import load_scorer
from crackscan.train.fitting.distillation import network_as_teacher
from crackscan.train.fitting.training_data import (
    MASONRY_POOL,
    USUAL_POOL,
    WIDE_POOL,
    TrainingData,
)

CLOSE_UP_SCALES = (0.9, 2.0)
SCENE_SCALES = (0.4, 1.6)


@dataclass(frozen=True)
class WallMixture:
    """How many squares of each kind make an epoch, and how many views the teacher is asked for."""

    masked: int = 1400
    """Of `wall_cracks` with masks."""
    unlabelled: int = 2500
    """Of `wall_cracks` without, labelled by the teacher."""
    scenes: int = 1600
    """Of pictures without a crack, half of them around what the teacher takes for one."""
    cracked_close_ups: int = 900
    """Of METU's cracked patches, with the teacher's probabilities as targets."""
    intact_close_ups: int = 500
    field_photographs: int = 400
    other_pictures: int = 400
    rendered: int = 1300
    wide_rendered: int = 200
    masonry: int = 800
    """Of renderings of bricks and stones, with and without cracks."""
    masonry_pool: int = 5120
    views_each: int = 4
    """Views of each unlabelled picture of a wall."""
    scene_views: int = 3
    close_up_views: int = 1500


USUAL = WallMixture()
QUICK = WallMixture(
    masked=8,
    unlabelled=8,
    scenes=8,
    cracked_close_ups=8,
    intact_close_ups=4,
    field_photographs=4,
    other_pictures=4,
    rendered=8,
    wide_rendered=4,
    masonry=8,
    masonry_pool=16,
    views_each=1,
    scene_views=1,
    close_up_views=8,
)


def wall_sources(
    mixture: WallMixture,
    size: int,
    data: TrainingData,
    teacher: Path,
    report: Report,
) -> list[ExampleSource]:
    """The sources of the mixture, in the order of `WallMixture`.

    Args:
        mixture: how many squares of each kind.
        size: side of the squares, px.
        data: its folder holds wall_cracks/ and scenes/, too, and its run finished renderings.
        teacher: the run folder or `.tflite` of the model that labels what has no masks.

    Raises:
        DataError: part of the data is missing.
        CrackscanError: there is no such teacher.
    """
    ask, temperature = _whole_picture_teacher(teacher)
    walls, (scenes, _) = split_walls(data.data / WALLS), split_scenes(data.data / SCENES)
    cracked, intact = (data.close_up_paths("train", cracked=one) for one in (True, False))
    drawn = np.random.default_rng(0).permutation(len(cracked))[: mixture.close_up_views]

    def views_of(
        what: str, paths: Sequence[Path], each: int, scales: tuple[float, float]
    ) -> tuple[list[RGB], list[View]]:
        pictures = [read_picture(path) for path in paths]

        def progress(done: int) -> None:
            report(f"Asking the teacher about {what}", done, len(pictures))

        views = draw_views(pictures, ask, each, scales, temperature, 0, size, progress)
        return pictures, views

    unlabelled = views_of("walls", walls.unlabelled, mixture.views_each, VIEW_SCALES)
    negatives = views_of("scenes", scenes, mixture.scene_views, SCENE_SCALES)
    positives = views_of("close-ups", [cracked[at] for at in drawn], 1, CLOSE_UP_SCALES)
    sources: list[ExampleSource] = [
        MaskedWalls(walls.masked, size, mixture.masked),
        TaughtViews(*unlabelled, crack_or_unknown, 0.8, size, mixture.unlabelled),
        TaughtViews(*negatives, none, 0.5, size, mixture.scenes),
        TaughtViews(*positives, soft, 0.8, size, mixture.cracked_close_ups),
        CloseUps(intact, [False] * len(intact), size, mixture.intact_close_ups),
        FieldPhotographs(data.data / FIELD, read_annotations(), size, mixture.field_photographs),
        OtherPictures(data.negative_paths(), size, mixture.other_pictures),
        Rendered(data.run / USUAL_POOL, size, mixture.rendered),
        Rendered(data.run / WIDE_POOL, size, mixture.wide_rendered),
        Rendered(data.run / MASONRY_POOL, size, mixture.masonry),
    ]
    return [Degraded(one) for one in sources]


def _whole_picture_teacher(where: Path) -> tuple[Ask, float]:
    """A teacher that is asked about whole pictures in three views, and its temperature.

    Raises:
        CrackscanError: there is none.
    """
    if where.suffix == ".tflite":
        scorer = load_scorer(where)
        return ask_in_three_views(lambda rgb: scorer(rgb[np.newaxis])[0]), read_card(
            where
        ).temperature
    try:
        infer = network_as_teacher(keras.models.load_model(where / AVERAGE, compile=False))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CrackscanError(f"{where} holds no finished network to learn from") from error
    return ask_in_three_views(lambda rgb: infer(rgb[np.newaxis])[0]), 1.0
