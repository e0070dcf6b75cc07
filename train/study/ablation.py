"""Kinds of training data against what they bring: one network, one thing more a line."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import keras
import numpy as np

from crackscan.core.dataset.index import Item
from crackscan.core.dataset.split import SHARES as SIDES
from crackscan.train.data.data_folder import CLOSE_UPS, DEVELOPMENT, FIELD
from crackscan.train.data.examples import ExampleSource
from crackscan.train.data.field_annotations import read_annotations
from crackscan.train.data.labelled_patches import LabelledPatches
from crackscan.train.evaluate.metrics import auroc
from crackscan.train.evaluate.predict import load_scorer
from crackscan.train.fitting.callbacks import Watch
from crackscan.train.fitting.development import Development
from crackscan.train.fitting.distillation import Views, ViewSettings, keep_views, load_teacher
from crackscan.train.fitting.recipe_examples import DEVELOPMENT_POOL
from crackscan.train.fitting.run_folder import patch_logits
from crackscan.train.fitting.settings import FitSettings
from crackscan.train.study.judge import crack_free_patches, judge_network
from crackscan.train.study.materials import JUDGED_CELLS, Drawn, Materials, open_patches
from crackscan.train.study.runs import Result, keep_result, settings_of, train_run

PLAIN, DISTINCT, DISTILLED = "plain", "distinct", "distilled"
STAGES = {
    PLAIN: "METU, copies on both sides of the split",
    DISTINCT: "+ copies on one side only",
    "augmented": "+ scales 0.4 to 3, around cracks, cells by darkness",
    "rendered": "+ rendered cracks",
    "look-alikes": "+ rendered look-alikes, wide cracks",
    "field": "+ field photographs, pictures without a crack",
    DISTILLED: "+ soft targets of a teacher",
}
KINDS = {
    "augmented": ("cracked", "intact"),
    "rendered": ("bare", "cracked", "intact"),
    "look-alikes": ("rendered", "wide", "cracked", "intact"),
    "field": ("rendered", "wide", "cracked", "intact", "field", "others"),
}
"""Of the stages that mix kinds of examples; a teacher is asked for the last one's."""
FIELD_SEEN = ("field", DISTILLED)


def run_ablation(
    out: Path,
    materials: Materials,
    backbone: str,
    weights: str,
    seeds: int,
    teacher: Path | None,
    watch: Callable[[str], Watch],
    on_taught: Callable[[int], None] = lambda _: None,
) -> list[list[Result]]:
    """Train and judge each stage with each seed; what `out` already holds is kept.

    Gives a list of results, one a seed, for each stage; the last stage only with a teacher, a run
    folder or `.tflite` whose network is asked once, for the same examples whatever the seed.

    Raises:
        CrackscanError: training failed, or `teacher` holds none.
    """
    development = Development(
        materials.data / DEVELOPMENT,
        materials.pools[DEVELOPMENT_POOL],
        JUDGED_CELLS,
        materials.size.development_photographs,
    )
    annotated = read_annotations()[: materials.size.field_photographs]
    field = crack_free_patches(materials.data / FIELD, annotated)
    size = materials.size

    def sources(stage: str, settings: FitSettings) -> list[ExampleSource]:
        if stage == PLAIN:
            return [_draw_patches(materials, _split_randomly(materials, settings.seed)["train"])]
        if stage == DISTINCT:
            return [_draw_patches(materials, materials.split.items("train"))]
        if stage != DISTILLED:
            return materials.sources(KINDS[stage])
        assert teacher is not None
        keep_views(
            out / "views",
            materials.sources(KINDS["field"]),
            ViewSettings(size.examples, size.size_px, settings.pooled_cells, seed=0),
            load_teacher(teacher),
            on_taught,
        )
        return [Views(out / "views", size.size_px)]

    def made(stage: str, seed: int, folder: Path) -> Result:
        settings = settings_of(backbone, weights, size, seed)
        kept_back = materials.split.items("validation")
        if stage == PLAIN:
            kept_back = _split_randomly(materials, seed)["validation"]
        validation = materials.close_ups(kept_back)
        file = train_run(
            folder, settings, sources(stage, settings), validation, materials, watch(stage)
        )
        network = keras.models.load_model(file, compile=False)
        logits, labels = patch_logits(network, [validation], JUDGED_CELLS)
        return {
            "stage": STAGES[stage],
            "seed": seed,
            "own_auroc": auroc(labels, logits),
            "field_seen": stage in FIELD_SEEN,
            **asdict(judge_network(load_scorer(file), development, field)),
        }

    rows = []
    for stage in STAGES:
        if stage == DISTILLED and teacher is None:
            continue
        folders = {seed: out / f"{stage}-{seed}" for seed in range(seeds)}
        rows.append(
            [
                keep_result(folder, partial(made, stage, seed, folder))
                for seed, folder in folders.items()
            ]
        )
    return rows


def _draw_patches(materials: Materials, items: Sequence[Item]) -> Drawn:
    size = materials.size
    source: LabelledPatches = open_patches(
        materials.data / CLOSE_UPS, items, size.size_px, vary=True
    )
    return Drawn(source, size.examples)


def _split_randomly(materials: Materials, seed: int) -> dict[str, list[Item]]:
    """The usual split: all pictures shuffled and cut, whatever they are copies of."""
    members = materials.split.members
    order = np.random.default_rng(seed).permutation(len(members))
    ends = np.round(np.cumsum(list(SIDES.values())) * len(members)).astype(int)
    parts = np.split(order, ends[:-1])
    return {
        side: [members[at].item for at in part] for side, part in zip(SIDES, parts, strict=True)
    }
