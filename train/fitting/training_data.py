"""The pictures of one training: the data folder, its split, and pictures without a crack."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crackscan.core.dataset.index import Item
from crackscan.core.dataset.split import Side, Split
from crackscan.core.dataset.split_file import read_split, write_split
from crackscan.core.errors import DataError
from crackscan.core.model_card import DataSource
from crackscan.core.run_folder import SPLIT
from crackscan.train.data.data_folder import CLOSE_UPS, FIELD
from crackscan.train.data.examples import ExampleSource
from crackscan.train.data.field_annotations import read_annotations
from crackscan.train.data.labelled_patches import LabelledPatches
from crackscan.train.data.negatives import collect_negatives
from crackscan.train.data.provenance import describe_data_set
from crackscan.train.data.split import split_folder
from crackscan.train.data.thumbnails import Report
from crackscan.train.data.wall_photographs import SCENES, WALLS, split_scenes, split_walls

USUAL_POOL, WIDE_POOL, MASONRY_POOL = "pool", "pool-wide", "pool-masonry"
"""Folders in a run folder: usual renderings, wide cracks, cracks in masonry."""
VALIDATION_STEP = 8
"""Every eighth validation patch is judged: enough for a curve; development data decide."""


@dataclass(frozen=True)
class TrainingData:
    """Folders and split that the examples of a run are drawn from."""

    data: Path
    """The data folder, with close-ups, field photographs and development photographs."""
    run: Path
    """The run folder, which holds the pools of renderings."""
    split: Split
    """Of the close-ups."""
    negatives: Path
    """Pictures without a crack, .jpg."""

    @property
    def close_ups(self) -> Path:
        return self.data / CLOSE_UPS

    def close_up_paths(self, side: Side, cracked: bool) -> list[Path]:
        """The close-ups on a side of the split that show a crack, or those that do not."""
        items = self.split.items(side)
        return [self.close_ups / item.path for item in items if bool(item.label) == cracked]

    def negative_paths(self) -> list[Path]:
        """Pictures without a crack, sorted.

        Raises:
            DataError: there are none.
        """
        paths = sorted(self.negatives.glob("*.jpg"))
        if not paths:
            raise DataError(f"{self.negatives} holds no .jpg pictures")
        return paths


def prepare_data(
    data: Path, run: Path, negatives: Path | None, seed: int, report: Report
) -> TrainingData:
    """Split the close-ups and collect pictures without a crack; what the run has is kept.

    Without `negatives`, pictures are collected from Debian packages into the run folder.

    Raises:
        CrackscanError: the close-ups cannot be read, or nothing could be collected.
    """
    split = _split_close_ups(data / CLOSE_UPS, run / SPLIT, seed, report)
    if negatives is None:
        negatives = run / "negatives"
        if not any(negatives.glob("*.jpg")):
            collect_negatives(negatives, report=report)
    return TrainingData(data, run, split, negatives)


def _split_close_ups(close_ups: Path, file: Path, seed: int, report: Report) -> Split:
    if file.is_file():
        return read_split(file)
    split = split_folder(close_ups, seed, report)
    write_split(file, split)
    return split


def validation_source(data: TrainingData, size_px: int) -> ExampleSource:
    """Validation patches as they are, every eighth, cracked ones first."""
    items = sorted(data.split.items("validation"), key=lambda item: (not item.label, item.path))
    chosen: Sequence[Item] = items[::VALIDATION_STEP]
    paths = [data.close_ups / item.path for item in chosen]
    return LabelledPatches(paths, [bool(item.label) for item in chosen], size_px, vary=False)


def describe_sources(data: TrainingData, walls: bool) -> tuple[DataSource, ...]:
    """The data sets that a card names, with counts and hashes.

    With `walls`, photographs of walls and scenes are among them.
    """
    return (
        describe_data_set(
            data.close_ups,
            data.split.items("train"),
            "Concrete Crack Images for Classification (Özgenel 2019), train side",
            "https://doi.org/10.17632/5y9wdsg2zt.2",
            "CC BY 4.0",
        ),
        describe_data_set(
            data.data / FIELD,
            [Item(one.file) for one in read_annotations()],
            "field photographs, annotated in train/data/field_photos.json",
            "MBDD2025, SDNET2018 and others; see the model's page",
            "CC BY 4.0, CC0, public domain",
        ),
        describe_data_set(
            data.negatives,
            [Item(path.name) for path in data.negative_paths()],
            "pictures without a crack, listed in train/data/negatives.tsv",
            "Debian packages",
            "CC0, CC BY, public domain, permissive",
        ),
        *(_describe_walls(data.data) if walls else ()),
    )


def _describe_walls(data: Path) -> tuple[DataSource, ...]:
    trained = split_walls(data / WALLS)
    pictures = [picture for picture, _ in trained.masked] + list(trained.unlabelled)
    masks = [mask for _, mask in trained.masked]
    scenes, _ = split_scenes(data / SCENES)
    return (
        describe_data_set(
            data / WALLS,
            [Item(str(path.relative_to(data / WALLS))) for path in [*pictures, *masks]],
            "wall_cracks: photographs of cracked walls and masks, without those held out",
            "Supervisely, Cracks Synthetic Dataset (August 2023), the real part",
            "CC BY 4.0",
        ),
        describe_data_set(
            data / SCENES,
            [Item(path.name) for path in scenes],
            "scenes without a crack, three of four",
            "building fronts, camera samples, Kodak's suite, damp walls; see the model's page",
            "CC BY 4.0, CC0, free to use",
        ),
    )
