"""Knowledge distillation: a teacher's soft targets, computed once and kept for the student."""

import itertools
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from crackscan.core.cells import CELL_PX
from crackscan.core.errors import CrackscanError
from crackscan.core.pooling import sigmoid, top_k_mean
from crackscan.core.run_folder import AVERAGE
from crackscan.train.data.examples import (
    RGB,
    UNKNOWN,
    Example,
    ExampleSource,
    Targets,
    draw_batches,
    turn_square,
    vary_light,
)
from crackscan.train.evaluate.predict import load_scorer


@dataclass(frozen=True)
class DistillationParameters:
    """Weights of a teacher's targets, and the variation of the kept examples."""

    teacher_share: float = 0.5
    """The teacher's share in a target that is known; one that is not is the teacher's alone."""
    light_strength: float = 0.12
    """How much the light of a kept example is varied: little, because its targets are kept."""
    surely_intact: float = 0.1
    """A picture whose target is below this probability has no crack in any part of it."""
    batch: int = 32
    """Examples that the teacher is asked about at once."""


PARAMETERS = DistillationParameters()
ARRAYS = ("rgb.npy", "cells.npy", "patch.npy")
VIEWS, FINISHED = "views", "views.json"
"""The folder in a run, and the file in it that is written when it is complete."""

Ask = Callable[[RGB], Targets]
"""uint8 RGB (n, side, side, 3) to float32 logits (n, side / 16, side / 16)."""


def load_teacher(where: Path) -> Ask:
    """A teacher that is asked eight times: the averaged network of a run, or a `.tflite`.

    Raises:
        CrackscanError: there is none.
    """
    if where.suffix == ".tflite":
        return of_eight_turns(_in_threads(where, len(os.sched_getaffinity(0))))
    try:
        network = keras.models.load_model(where / AVERAGE, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CrackscanError(
            f"{where} holds no teacher; make it first:"
            f" crackscan-train model {where.name} DATA --out {where}"
        ) from error
    return of_eight_turns(network_as_teacher(network))


def _in_threads(file: Path, count: int) -> Ask:
    """A quantized teacher, whose squares are too small to share one among cores."""
    scorers = [load_scorer(file, threads=1) for _ in range(count)]
    threads = ThreadPoolExecutor(count)

    def ask(pictures: RGB) -> Targets:
        parts = np.array_split(pictures, min(count, len(pictures)))
        logits = threads.map(lambda scorer, part: scorer(part), scorers, parts)
        return np.concatenate(list(logits))

    return ask


def network_as_teacher(network: keras.Model) -> Ask:
    """A crack network as a teacher: pictures in, the logits of their cells out."""
    infer = tf.function(
        lambda pictures: network(pictures, training=False)[..., 0],
        input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8)],
    )
    return lambda pictures: np.asarray(infer(tf.constant(pictures)))


def of_eight_turns(ask: Ask) -> Ask:
    """The mean prediction over the four rotations of a patch, and of its mirror image.

    A wall has no up and no left: if a network predicts something else for a rotated patch, that is
    noise, and the mean has less of it (as model ensembles; Krizhevsky et al. 2012).
    """

    def mean(pictures: RGB) -> Targets:
        logits = np.zeros((), np.float32)
        for quarter, mirror in itertools.product(range(4), (False, True)):
            turned = np.rot90(pictures[:, :, ::-1] if mirror else pictures, quarter, (1, 2))
            maps = np.rot90(ask(np.ascontiguousarray(turned)), -quarter, (1, 2))
            logits = logits + (maps[:, :, ::-1] if mirror else maps)
        return (logits / 8).astype(np.float32)

    return mean


@dataclass(frozen=True)
class ViewSettings:
    """Which examples a teacher is asked for; saved beside them, so field names are kept."""

    count: int
    size: int
    """Side, px."""
    pooled_cells: int
    """k of the top-k mean that pools a patch's cells."""
    seed: int


def keep_views(
    folder: Path,
    sources: Sequence[ExampleSource],
    settings: ViewSettings,
    teacher: Ask,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Draw examples, ask the teacher, and keep pictures and targets (Hinton et al. 2015).

    rgb.npy is uint8 (count, size, size, 3), cells.npy float16 (count, size / 16, size / 16) and
    patch.npy float32 (count,); the last two are probabilities. What is finished and was made with
    the same settings is kept as it is.
    """
    count, size, seed = settings.count, settings.size, settings.seed
    done = folder / FINISHED
    if done.is_file() and json.loads(done.read_text()) == asdict(settings):
        return
    folder.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    side = size // CELL_PX
    shapes = ((count, size, size, 3), (count, side, side), (count,))
    kinds = (np.uint8, np.float16, np.float32)
    rgb, cells, patch = (
        np.lib.format.open_memmap(folder / name, "w+", kind, shape)
        for name, kind, shape in zip(ARRAYS, kinds, shapes, strict=True)
    )
    epochs = (draw_batches(sources, PARAMETERS.batch, seed, epoch) for epoch in itertools.count())
    start = 0
    for pictures, hard, whole in itertools.chain.from_iterable(epochs):
        taken = min(len(pictures), count - start)
        now = slice(start, start + taken)
        logits = teacher(pictures[:taken])
        pooled = np.array([top_k_mean(one, settings.pooled_cells) for one in logits])
        rgb[now] = pictures[:taken]
        cells[now] = soften_targets(hard[:taken, ..., 0], sigmoid(logits))
        patch[now] = soften_targets(whole[:taken, 0], sigmoid(pooled))
        start += taken
        progress(start)
        if start == count:
            break
    for array in (rgb, cells, patch):
        array.flush()
    done.write_text(json.dumps(asdict(settings)))


def soften_targets(hard: Targets, taught: npt.NDArray[Any]) -> Targets:
    """Targets (-1 where not known) and the teacher's probabilities, of one shape, made one."""
    return np.where(
        hard >= 0, (1 - PARAMETERS.teacher_share) * hard + PARAMETERS.teacher_share * taught, taught
    ).astype(np.float32)


class Views:
    """Kept examples with their soft targets, turned, mirrored and lit at random.

    Of a smaller `size` than they were kept in, squares are cut between cells; a part of a picture
    that is probably cracked somewhere has no target as a whole.
    """

    def __init__(self, folder: Path, size: int) -> None:
        if not (folder / FINISHED).is_file():
            raise CrackscanError(f"{folder} holds no finished examples of a teacher")
        self.rgb, self.cells, self.patch = (np.load(folder / one, mmap_mode="r") for one in ARRAYS)
        self.side = size // CELL_PX

    def __len__(self) -> int:
        return len(self.rgb)

    def example(self, index: int, rng: np.random.Generator) -> Example:
        room = self.cells.shape[1] - self.side
        top, left = (int(rng.integers(room + 1)) for _ in range(2))
        cells = self.cells[index, top : top + self.side, left : left + self.side]
        rows, columns = (slice(at * CELL_PX, (at + self.side) * CELL_PX) for at in (top, left))
        rgb, cells = turn_square(
            np.asarray(self.rgb[index, rows, columns]), cells.astype(np.float32), rng
        )
        whole = float(self.patch[index])
        patch = whole if room == 0 or whole < PARAMETERS.surely_intact else UNKNOWN
        return Example(vary_light(rgb, rng, PARAMETERS.light_strength), cells, patch)
