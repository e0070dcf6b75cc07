"""Networks against their cost: each trained alike, quantized, judged as int8, and timed."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from crackscan.core.errors import CrackscanError
from crackscan.train.data.data_folder import DEVELOPMENT, FIELD
from crackscan.train.data.examples import ExampleSource
from crackscan.train.data.field_annotations import read_annotations
from crackscan.train.evaluate.predict import load_scorer
from crackscan.train.fitting.callbacks import Watch
from crackscan.train.fitting.development import Development
from crackscan.train.fitting.distillation import Views, ViewSettings, keep_views, load_teacher
from crackscan.train.fitting.recipe_examples import DEVELOPMENT_POOL
from crackscan.train.fitting.settings import FitSettings
from crackscan.train.network.crack_network import receptive_margin_px
from crackscan.train.study.judge import crack_free_patches, judge_network
from crackscan.train.study.materials import JUDGED_CELLS, Materials
from crackscan.train.study.runs import Result, keep_result, settings_of, train_run

VARIANTS: Mapping[str, str] = {
    "strided-64": "4x4 stem of stride 4, separable; narrow",
    "strided-96": "4x4 stem of stride 4, separable",
    "strided-128": "4x4 stem of stride 4, separable; wide",
    "fused-96": "4x4 stem, whole convolutions to stride 16",
    "fused-96-far": "the same, last two blocks dilated",
    "mobilenet-0.25-half": "MobileNet 0.25 at half the input scale",
    "mobilenet-0.25-cut": "MobileNet 0.25 cut after block 7 of 11",
    "mobilenet-0.25": "MobileNet 0.25 cut at stride 16",
    "efficientnet-lite0-slim": "EfficientNet-Lite0, 7 of 11 blocks",
    "efficientnet-lite0": "EfficientNet-Lite0 cut at stride 16",
}
"""Backbones and what sets each apart."""
USUAL = tuple(name for name in VARIANTS if name != "efficientnet-lite0")
KINDS = ("rendered", "wide", "cracked", "intact", "field", "others")
_CONVERT = "from crackscan.convert.cli import main; main()"


def run_frontier(
    out: Path,
    materials: Materials,
    variants: Sequence[str],
    weights: str,
    seed: int,
    watch: Callable[[str], Watch],
    rounds: int = 40,
    teacher: Path | None = None,
    on_taught: Callable[[int], None] = lambda _: None,
) -> list[Result]:
    """Train, quantize, judge and time each variant; gives their rows, cheapest first.

    With a teacher, a run folder or `.tflite`, networks that start from nothing learn from its
    predictions on more examples, as crack-s does; one pass over few leaves them where they began.
    What `out` already holds of a variant is kept. Costs are measured of all of them at once.

    Raises:
        CrackscanError: training, conversion or timing failed.
    """
    shown = materials.size.development_photographs
    development = Development(
        materials.data / DEVELOPMENT,
        materials.pools[DEVELOPMENT_POOL],
        JUDGED_CELLS,
        shown,
    )
    annotated = read_annotations()[: materials.size.field_photographs]
    field = crack_free_patches(materials.data / FIELD, annotated)

    def made(name: str) -> Result:
        folder = out / name
        settings = settings_of(name, weights, materials.size, seed)
        taught_by = teacher if settings.weights == "none" else None
        if taught_by is None:
            examples = materials.sources(KINDS)
        else:
            settings = replace(settings, epochs=materials.size.passes)
            examples = _taught_examples(materials, taught_by, settings, on_taught)
        kept = train_run(
            folder,
            settings,
            examples,
            materials.close_ups(materials.split.items("validation")),
            materials,
            watch(name),
        )
        file = _model_file(out, name)
        figures = json.loads(_run_convert("quantize", folder, "--out", file, "--json"))
        network = keras.models.load_model(kept, compile=False)
        return {
            "name": name,
            "start": "ImageNet" if settings.weights != "none" else "nothing",
            "taught": taught_by is not None,
            "parameters": int(sum(np.prod(one.shape) for one in network.weights)),
            "sees_px": 2 * receptive_margin_px(network) + 16,
            "close_ups_auroc": figures["int8_auroc"],
            "int8_drop": round(figures["float_auroc"] - figures["int8_auroc"], 4),
            **asdict(judge_network(load_scorer(file), development, field)),
        }

    rows = [keep_result(out / name, partial(made, name)) for name in variants]
    files = [_model_file(out, name) for name in variants]
    costs = json.loads(_run_convert("cost", *files, "--rounds", str(rounds), "--json"))
    measured = {one["name"]: one for one in costs["models"]}
    for row in rows:
        row |= {"cost": measured[row["name"]], "core": costs["core"], "runtime": costs["runtime"]}
    return sorted(rows, key=lambda row: row["cost"]["invocations"]["median"])


def _taught_examples(
    materials: Materials, teacher: Path, settings: FitSettings, progress: Callable[[int], None]
) -> list[ExampleSource]:
    """Examples with the teacher's predictions, computed once for all variants."""
    size = materials.size
    keep_views(
        materials.views,
        materials.sources(KINDS),
        ViewSettings(size.taught, size.size_px, settings.pooled_cells, seed=0),
        load_teacher(teacher),
        progress,
    )
    return [Views(materials.views, size.size_px)]


def best_so_far(rows: Sequence[Result], figure: str) -> list[Result]:
    """The rows, cheapest first, than which no cheaper one has a better figure: the frontier."""
    found: list[Result] = []
    for row in rows:
        if not found or row[figure] > found[-1][figure]:
            found.append(row)
    return found


def _model_file(out: Path, name: str) -> Path:
    return out / name / f"{name}.tflite"


def _run_convert(*arguments: str | Path) -> str:
    """Run `crackscan-convert`, which this side only knows as a program; gives what it prints."""
    command: list[Any] = [sys.executable, "-c", _CONVERT, *arguments]
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no error message"])[-1]
        raise CrackscanError(f"crackscan-convert {arguments[0]} failed: {reason}")
    return done.stdout
