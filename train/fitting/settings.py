"""The settings of a training, and the run folder that keeps them."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from crackscan.core.durable_files import write_atomically
from crackscan.core.errors import CrackscanError

LAST, HISTORY, SETTINGS = "last.keras", "history.csv", "settings.json"


@dataclass(frozen=True)
class FitSettings:
    """Everything that a run follows from, beside its data."""

    backbone: str = "mobilenet-0.25"
    weights: str = "imagenet"
    epochs: int = 30
    patience: int = 5
    batch: int = 32
    size_px: int = 224
    rate: float = 1e-3
    """Peak learning rate; a short linear warm-up leads to it and a cosine from it to zero."""
    decay: float = 1e-4
    """Weight decay of AdamW (Loshchilov and Hutter 2019)."""
    pooled_cells: int = 8
    """k of the top-k mean that pools a patch's cells."""
    patch_weight: float = 1.0
    """Share of the patch loss against the cell loss."""
    average: float = 0.0
    """Momentum of the weight average (Polyak and Juditsky 1992); 0 keeps the plain weights."""
    seed: int = 0


def read_settings(run: Path) -> FitSettings:
    """The settings that a run was started with.

    Raises:
        CrackscanError: there is no run to resume, or one of another version.
    """
    file = run / SETTINGS
    if not (run / LAST).is_file() or not file.is_file():
        raise CrackscanError(
            f"{run} holds no run to resume (no epoch was finished); start one without --resume"
        )
    try:
        found = json.loads(file.read_text())
        if found.keys() != {one.name for one in fields(FitSettings)}:
            raise ValueError
        return FitSettings(**found)
    except (ValueError, AttributeError) as error:
        raise CrackscanError(f"{file} is damaged or of another version; start again") from error


def claim_folder(run: Path, settings: FitSettings, resume: bool) -> None:
    """Take a new folder for a new run, or one with the same settings for a resumed run.

    Raises:
        CrackscanError: it holds another run, or nothing to resume.
    """
    if resume:
        found, wanted = asdict(read_settings(run)), asdict(settings)
        wanted["patience"] = found["patience"]
        if other := [name for name in found if found[name] != wanted[name]]:
            differences = ", ".join(f"{name} {found[name]}, not {wanted[name]}" for name in other)
            raise CrackscanError(
                f"{run} was started with {differences}; resume it as it was, or start another run"
            )
    elif (run / HISTORY).exists():
        raise CrackscanError(
            f"{run} holds a run already; go on with --resume or name another --out"
        )
    run.mkdir(parents=True, exist_ok=True)
    write_atomically(run / SETTINGS, json.dumps(asdict(settings), indent=2).encode())
