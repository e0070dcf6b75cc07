"""A pool of rendered samples on disk, made by all cores once and drawn from in every epoch."""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from crackscan.core.errors import DataError
from crackscan.core.pictures import read_picture
from crackscan.train.data.examples import (
    RGB,
    Example,
    as_bytes,
    cells_of_mask,
    patch_of_cells,
    turn_square,
    vary_light,
)
from crackscan.train.data.thumbnails import Report
from crackscan.train.render.sample import RenderConfig, render_sample

CHUNK = 32
BACKGROUNDS_A_WORKER = 600
ENLARGED, ENLARGED_SHARE = (1.1, 2.5), 0.25
"""Factors by which some squares are enlarged: wide, soft cracks, as close photographs show them."""


@dataclass(frozen=True)
class Pool:
    """The samples of seeds `seed` to `seed + count - 1`."""

    name: str
    """Of its folder."""
    count: int
    seed: int
    size_px: int
    config: RenderConfig


def render_pool(
    pool: Pool,
    folder: Path,
    backgrounds: Sequence[Path],
    workers: int,
    report: Report = lambda *_: None,
) -> None:
    """Render a pool into `rgb.npy` (n, size, size, 3) and `mask.npy` (n, size, size), uint8.

    A finished pool that was rendered with the same settings is kept as it is. `backgrounds` are
    crack-free pictures; `workers` is the number of processes.
    """
    count, seed, size, config = pool.count, pool.seed, pool.size_px, pool.config
    settings = {"count": count, "seed": seed, "size": size, "config": asdict(config)}
    settings["backgrounds"] = len(backgrounds)
    done = folder / "pool.json"
    if done.is_file() and json.loads(done.read_text()) == json.loads(json.dumps(settings)):
        return
    folder.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    rgb = _open_array(folder / "rgb.npy", (count, size, size, 3))
    mask = _open_array(folder / "mask.npy", (count, size, size))
    starts = range(0, count, CHUNK)
    # Spawned, not forked: a fork of a process that runs TensorFlow's threads can wait for ever.
    with ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_open_worker, initargs=(backgrounds, seed)
    ) as processes:
        jobs = [
            processes.submit(
                _render_samples,
                [seed + at for at in range(start, min(start + CHUNK, count))],
                size,
                config,
            )
            for start in starts
        ]
        for start, job in zip(starts, jobs, strict=True):
            pictures, masks = job.result()
            rgb[start : start + len(pictures)] = pictures
            mask[start : start + len(masks)] = masks
            report(f"Rendering {pool.name}", start + len(pictures), count)
    for array in (rgb, mask):
        array.flush()
    done.write_text(json.dumps(settings))


class Rendered:
    """Squares cut at random from a pool of renderings, some of them enlarged, with exact cells."""

    def __init__(self, folder: Path, size: int, count: int | None = None) -> None:
        if not (folder / "pool.json").is_file():
            raise DataError(f"{folder} holds no finished pool of renderings")
        self.rgb = np.load(folder / "rgb.npy", mmap_mode="r")
        self.mask = np.load(folder / "mask.npy", mmap_mode="r")
        self.size = size
        self.count = len(self.rgb) if count is None else count

    def __len__(self) -> int:
        return self.count

    def example(self, index: int, rng: np.random.Generator) -> Example:  # noqa: ARG002
        at = int(rng.integers(len(self.rgb)))
        factor = float(rng.uniform(*ENLARGED)) if rng.random() < ENLARGED_SHARE else 1.0
        side = round(self.size / factor)
        room = self.rgb.shape[1] - side
        top, left = (int(rng.integers(room + 1)) for _ in range(2))
        part = np.s_[at, top : top + side, left : left + side]
        rgb, mask = np.asarray(self.rgb[part]), np.asarray(self.mask[part])
        if side != self.size:
            whole = (self.size, self.size)
            rgb = as_bytes(cv2.resize(rgb, whole, interpolation=cv2.INTER_CUBIC))
            mask = as_bytes(cv2.resize(mask, whole, interpolation=cv2.INTER_LINEAR))
        rgb, cells = turn_square(rgb, cells_of_mask(mask), rng)
        return Example(vary_light(rgb, rng), cells, patch_of_cells(cells))


def _open_array(path: Path, shape: tuple[int, ...]) -> "np.memmap[Any, np.dtype[np.uint8]]":
    return np.lib.format.open_memmap(path, "w+", np.uint8, shape)


_BACKGROUNDS: list[RGB] = []


def _open_worker(paths: Sequence[Path], seed: int) -> None:
    cv2.setNumThreads(1)
    drawn = np.random.default_rng(seed).permutation(len(paths))[:BACKGROUNDS_A_WORKER]
    _BACKGROUNDS[:] = [read_picture(paths[at]) for at in drawn]


def _render_samples(seeds: list[int], size: int, config: RenderConfig) -> tuple[RGB, RGB]:
    samples = [render_sample(seed, size, _BACKGROUNDS, config) for seed in seeds]
    return np.stack([one.rgb for one in samples]), np.stack([one.mask for one in samples])
