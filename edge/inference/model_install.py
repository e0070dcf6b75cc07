"""Installs a model: verified first, the previous one kept, and never half done."""

import re
from dataclasses import dataclass
from pathlib import Path

from crackscan.core.durable_files import sync_folder, write_durably
from crackscan.core.errors import CrackscanError, ModelError
from crackscan.core.model_card import Card, read_card
from crackscan.edge.inference.model import MODELS, Model, find_model, shipped_models
from crackscan.edge.inference.model_store import (
    SHIPPED_DEFAULTS,
    Default,
    ModelUse,
    installed_file,
    installed_files,
    lock_models,
    model_folders,
    read_default,
    sha256_of,
    write_default,
)
from crackscan.edge.inference.self_test import SelfTest, self_test


@dataclass(frozen=True)
class Installed:
    """A model that can be used by its name."""

    id: str
    path: Path
    card: Card | None
    """None: the file is damaged."""
    shipped: bool
    default_for: tuple[ModelUse, ...]
    """What it is used for if no model is named."""


def install_model(file: Path) -> tuple[str, SelfTest]:
    """Verify a model, keep it, and make it the default.

    It must match `FILE.sha256` if that is in the same folder, carry a card, be int8, and discern
    the crack in one sample picture from the intact wall in another. The copy that is kept is the
    one that was verified.

    Returns:
        Its id, `name-version-hash`, and what the self-test said.

    Raises:
        ModelError: it fails any of this; nothing has changed then.
    """
    if not file.is_file():
        raise ModelError(f"there is no model file {file}")
    digest = sha256_of(file)
    _demand_hash(file, digest)
    card = read_card(file)
    name = re.sub(r"[^A-Za-z0-9._]+", "-", f"{card.name}-{card.version}").strip("-.")
    with lock_models() as folder:
        kept = folder / f"{name}-{digest[:8]}.tflite"
        staged = folder / f".{kept.name}.new"
        try:
            write_durably(staged, file.read_bytes())
            result = self_test(Model.load(staged, 1))
            if sha256_of(staged) != digest:
                raise ModelError(f"{file} was not copied whole; try again")
            if not result.passed:
                raise ModelError(f"{file} fails the self-test and is not installed: {result}")
            staged.replace(kept)
            sync_folder(folder)
        finally:
            staged.unlink(missing_ok=True)
        _make_default(folder, kept.stem, digest)
    return kept.stem, result


def use_model(name: str) -> str:
    """Make a shipped or an installed model the default; gives its id.

    Raises:
        ModelError: there is none of that name.
    """
    with lock_models() as folder:
        return _use(folder, name)


def roll_back() -> str:
    """Make the model that was the default before it again.

    Returns:
        Its id, or the shipped models' with what each is for.

    Raises:
        ModelError: none was installed or chosen, so there is none before.
    """
    with lock_models() as folder:
        default = read_default(folder)
        if default is None:
            raise ModelError(f"there is nothing to go back to: no model was chosen in {folder}")
        if default.before is not None:
            return _use(folder, default.before)
        write_default(folder, Default(None, default.now))
        return ", ".join(f"{name} (for {use})" for use, name in SHIPPED_DEFAULTS.items())


def all_models() -> list[Installed]:
    """The shipped models and the installed ones, of this user and of the machine."""
    try:
        defaults = {use: find_model(None, use) for use in ModelUse}
    except ModelError:
        defaults = {}
    found = [(MODELS / f"{name}.tflite", True) for name in shipped_models()]
    found += [(path, False) for folder in model_folders() for path in installed_files(folder)]
    return [
        Installed(
            path.stem,
            path,
            _card(path),
            shipped,
            tuple(use for use, default in defaults.items() if default == path),
        )
        for path, shipped in found
    ]


def _use(folder: Path, name: str) -> str:
    if name in shipped_models():
        _make_default(folder, name, None)
        return name
    path = installed_file(name)
    if path is None:
        known = ", ".join(one.id for one in all_models())
        raise ModelError(f"there is no model {name!r}; there are: {known}")
    if path.parent != folder:
        raise ModelError(f"{path} belongs to the machine: sudo crackscan model use {name}")
    result = self_test(Model.load(path, 1))
    if not result.passed:
        raise ModelError(f"{path} fails the self-test: {result}")
    _make_default(folder, path.stem, sha256_of(path))
    return path.stem


def _make_default(folder: Path, name: str, digest: str | None) -> None:
    try:
        before = read_default(folder)
    except ModelError:  # damaged: that is what is repaired here
        before = None
    was = before.now if before else None
    if was == name and before is not None:
        was = before.before
    write_default(folder, Default(name, was, digest))


def _demand_hash(file: Path, digest: str) -> None:
    """Check a file against the `.sha256` in the same folder (as sha256sum writes it)."""
    hash_file = file.with_name(f"{file.name}.sha256")
    try:
        words = hash_file.read_text().split()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{hash_file} cannot be read: {error}") from None
    wanted = words[0].lower() if words else ""
    if not re.fullmatch(r"[0-9a-f]{64}", wanted):
        raise ModelError(f"{hash_file} holds no SHA-256")
    if wanted != digest:
        raise ModelError(
            f"{file} is not what {hash_file.name} says: its SHA-256 is {digest[:16]}..., not"
            f" {wanted[:16]}...; copy it again"
        )


def _card(path: Path) -> Card | None:
    try:
        return read_card(path)
    except CrackscanError:
        return None
