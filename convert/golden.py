"""Keeps the crack maps of the shipped pictures, so that other machines are compared with them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crackscan.core.errors import CrackscanError
from crackscan.core.model_card import Card
from crackscan.core.pictures import RGB, read_picture
from crackscan.core.pooling import sigmoid
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Rule, find_cracks
from crackscan.edge.inference.model import Model

Steps = npt.NDArray[np.int16]


@dataclass(frozen=True)
class MapDifference:
    """How far a runtime is from what was kept, on one picture."""

    picture: str
    cells: int
    largest: int
    """Quantization steps of the worst cell."""
    mean: float
    """Quantization steps."""
    within_2: float
    """Share of the cells that are at most two steps away."""
    findings_kept: int
    findings: int
    findings_equal: bool
    """As many findings, of the very same cells."""
    same_pixels: bool
    """Whether the picture was decoded to the same bytes."""


def keep_maps(model: Model, pictures: Sequence[Path], out: Path) -> None:
    """Write the maps of pictures to an `.npz`: logits in quantization steps, and the pixels' hash.

    Raises:
        CrackscanError: a picture cannot be read.
    """
    step = _quantization_step(model)
    maps: dict[str, Steps] = {}
    hashes = {}
    for path in pictures:
        rgb = read_picture(path)
        maps[path.name] = _map_in_steps(model, rgb, step)
        hashes[path.name] = _hash_pixels(rgb)
    about = {
        "model_sha256": hashlib.sha256(model.path.read_bytes()).hexdigest(),
        "runtime": model.runtime,
        "step": step,
        "pixels_sha256": hashes,
    }
    arrays: dict[str, Any] = {"about": np.array(json.dumps(about)), **maps}
    np.savez_compressed(out, **arrays)


def compare_with_kept(model: Model, kept: Path, folder: Path) -> list[MapDifference]:
    """Compare a model's maps here with kept ones, picture by picture.

    Args:
        folder: where the pictures lie.

    Raises:
        CrackscanError: another model was kept, or a picture cannot be read.
    """
    found = []
    with np.load(kept) as maps:
        about = _describe_maps(maps)
        if about["model_sha256"] != hashlib.sha256(model.path.read_bytes()).hexdigest():
            raise CrackscanError(f"{kept} was kept of another model; run: make golden")
        step = about["step"]
        for name, pixels in about["pixels_sha256"].items():
            rgb = read_picture(folder / name)
            same = _hash_pixels(rgb) == pixels
            here = _map_in_steps(model, rgb, step)
            found.append(_compare_map(model.card, step, name, rgb, maps[name], here, same))
    return found


def compare_runtimes(one: Path, other: Path, card: Card, folder: Path) -> list[MapDifference]:
    """Compare the maps that two runtimes kept of one model, picture by picture.

    Args:
        card: the model's.
        folder: where the pictures lie.

    Raises:
        CrackscanError: the maps are of two models, or a picture cannot be read.
    """
    with np.load(one) as first, np.load(other) as second:
        about, others = _describe_maps(first), _describe_maps(second)
        if about["model_sha256"] != others["model_sha256"]:
            raise CrackscanError(f"{one} and {other} were kept of two models")
        found, step = [], about["step"]
        for name, pixels in about["pixels_sha256"].items():
            rgb = read_picture(folder / name)
            same = pixels == others["pixels_sha256"][name]
            found.append(_compare_map(card, step, name, rgb, first[name], second[name], same))
    return found


def _describe_maps(maps: Mapping[str, Any]) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(str(maps["about"]))
    return about


def _compare_map(
    card: Card, step: float, name: str, rgb: RGB, kept: Steps, here: Steps, same_pixels: bool
) -> MapDifference:
    away = np.abs(here.astype(np.int32) - kept)
    frame = Frame(rgb, 0, name, name, 0.0, 0.0)
    before, now = (_decide_cells(steps, step, card, frame) for steps in (kept, here))
    return MapDifference(
        name,
        int(away.size),
        int(away.max()),
        float(away.mean()),
        float((away <= 2).mean()),
        len(before),
        len(now),
        before == now,
        same_pixels,
    )


def _decide_cells(
    steps: Steps, step: float, card: Card, frame: Frame
) -> set[tuple[tuple[int, int], ...]]:
    logits = steps.astype(np.float32) * np.float32(step)
    crack_map = sigmoid(logits / np.float32(card.temperature))
    return {one.cells for one in find_cracks(crack_map, frame, Rule.of(card))}


def _map_in_steps(model: Model, rgb: RGB, step: float) -> Steps:
    steps: Steps = np.rint(model.logits(rgb) / step).astype(np.int16)
    return steps


def _quantization_step(model: Model) -> float:
    return float(model._output["quantization"][0])


def _hash_pixels(rgb: RGB) -> str:
    return hashlib.sha256(np.ascontiguousarray(rgb).tobytes()).hexdigest()
