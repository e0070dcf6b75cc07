"""Keeps what a model says of the shipped pictures, so that other machines can be held to it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crackscan.edge.finding import Rule, find
from crackscan.edge.frame import Frame
from crackscan.edge.model import Model
from crackscan.errors import CrackscanError
from crackscan.picture import RGB, read_picture
from crackscan.pooling import sigmoid

Steps = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Difference:
    """How far a runtime is from what was kept, on one picture."""

    picture: str
    cells: int
    largest: int
    """Quantization steps of the worst cell."""
    mean: float
    """Quantization steps."""
    within_2: float
    """Share of the cells that are two steps away at the most."""
    findings_kept: int
    findings: int
    findings_equal: bool
    """As many findings, of the very same cells."""
    same_pixels: bool
    """Whether the picture was decoded to the same bytes."""


def keep(model: Model, pictures: Sequence[Path], out: Path) -> None:
    """Write the maps of pictures to an `.npz`: logits in quantization steps, and the pixels' hash.

    Raises:
        CrackscanError: a picture cannot be read.
    """
    step = _step(model)
    maps: dict[str, Steps] = {}
    hashes = {}
    for path in pictures:
        rgb = read_picture(path)
        maps[path.name] = _steps(model, rgb, step)
        hashes[path.name] = _hash(rgb)
    told = {
        "model_sha256": hashlib.sha256(model.path.read_bytes()).hexdigest(),
        "runtime": model.runtime,
        "step": step,
        "pixels_sha256": hashes,
    }
    arrays: dict[str, Any] = {"about": np.array(json.dumps(told)), **maps}
    np.savez_compressed(out, **arrays)


def differences(model: Model, kept: Path, folder: Path) -> list[Difference]:
    """Compare a model's maps here with kept ones, picture by picture.

    Args:
        folder: where the pictures lie.

    Raises:
        CrackscanError: another model was kept, or a picture cannot be read.
    """
    found = []
    with np.load(kept) as maps:
        about = json.loads(str(maps["about"]))
        if about["model_sha256"] != hashlib.sha256(model.path.read_bytes()).hexdigest():
            raise CrackscanError(f"{kept} was kept of another model; run: make golden")
        for name, pixels in about["pixels_sha256"].items():
            rgb = read_picture(folder / name)
            same = _hash(rgb) == pixels
            found.append(_compare(model, name, rgb, maps[name], about["step"], same))
    return found


def _compare(
    model: Model, name: str, rgb: RGB, kept: Steps, step: float, same_pixels: bool
) -> Difference:
    here = _steps(model, rgb, step)
    away = np.abs(here.astype(np.int32) - kept)
    rule = Rule.of(model.card)
    frame = Frame(rgb, 0, name, name, 0.0, 0.0)
    before, now = (_cells(steps, step, model, frame, rule) for steps in (kept, here))
    return Difference(
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


def _cells(
    steps: Steps, step: float, model: Model, frame: Frame, rule: Rule
) -> set[tuple[tuple[int, int], ...]]:
    logits = steps.astype(np.float32) * np.float32(step)
    crack_map = sigmoid(logits / np.float32(model.card.temperature))
    return {one.cells for one in find(crack_map, frame, rule)}


def _steps(model: Model, rgb: RGB, step: float) -> Steps:
    steps: Steps = np.rint(model.logits(rgb) / step).astype(np.int16)
    return steps


def _step(model: Model) -> float:
    return float(model._output["quantization"][0])


def _hash(rgb: RGB) -> str:
    return hashlib.sha256(np.ascontiguousarray(rgb).tobytes()).hexdigest()
