"""Models that were installed in addition to the shipped ones, and which one is the default."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from crackscan.core.errors import ModelError

SYSTEM_FOLDER = Path("/var/lib/crackscan/models")
_DEFAULT = "default.json"
_SUFFIX = ".tflite"


class ModelUse(StrEnum):
    """What a model is needed for; each use has its own shipped default."""

    PHOTOGRAPHS = "photographs"
    """Single pictures: the most accurate shipped model."""
    MOVING_PICTURES = "moving pictures"
    """Cameras, streams and videos: the one that is fast enough for each frame."""


SHIPPED_DEFAULTS = {ModelUse.PHOTOGRAPHS: "crack-m", ModelUse.MOVING_PICTURES: "crack-s"}


def default_model(use: ModelUse) -> Path | str:
    """The model for a use if none is named: the installed default, else the shipped one's name.

    Raises:
        ModelError: the installed default is damaged.
    """
    return default_file() or SHIPPED_DEFAULTS[use]


@dataclass(frozen=True)
class Default:
    """Which model is used where none is named, and which one was before it."""

    now: str | None
    """The id of an installed model, or a shipped one's name; None: the shipped default."""
    before: str | None
    sha256: str | None = None
    """Of the installed file; None for a shipped one."""


def model_folders() -> list[Path]:
    """Where installed models lie: this user's, then the machine's; the first default counts."""
    data = os.environ.get("XDG_DATA_HOME") or f"{os.environ.get('HOME', '')}/.local/share"
    own = [Path(data) / "crackscan" / "models"] if data.startswith("/") else []
    return [*([] if os.geteuid() == 0 else own), SYSTEM_FOLDER]


def read_default(folder: Path) -> Default | None:
    """The default that a folder sets, or None where it sets none.

    Raises:
        ModelError: the file is damaged or cannot be read.
    """
    path = folder / _DEFAULT
    try:
        stored = json.loads(path.read_bytes())
        return Default(stored["now"], stored["before"], stored.get("sha256"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} is damaged ({error}); delete it to use the shipped model"
        ) from None


def default_file() -> Path | str | None:
    """The default model: an installed file, or a shipped one's name; None where none is set.

    Raises:
        ModelError: the installed file is missing, or is no longer what was installed.
    """
    for folder in model_folders():
        default = read_default(folder)
        if default is None:
            continue
        if default.now is None or default.sha256 is None:
            return default.now
        path = folder / f"{default.now}{_SUFFIX}"
        if not path.is_file():
            raise ModelError(
                f"the installed model {path} is missing; see: crackscan model rollback"
            )
        if sha256_of(path) != default.sha256:
            raise ModelError(
                f"the installed model {path} has changed on the disk;"
                " install it again, or: crackscan model rollback"
            )
        return path
    return None


def installed_file(name: str) -> Path | None:
    """The file of an installed model, by its id or a beginning of it that fits no other one.

    Raises:
        ModelError: several fit.
    """
    fitting = {
        path.stem: path
        for folder in reversed(model_folders())
        for path in installed_files(folder)
        if path.stem == name or path.stem.startswith(f"{name}-")
    }
    if name in fitting:
        return fitting[name]
    if len(fitting) > 1:
        raise ModelError(f"{name!r} may be any of: {', '.join(sorted(fitting))}")
    return next(iter(fitting.values()), None)


def installed_files(folder: Path) -> list[Path]:
    """The model files in a folder, sorted by name."""
    return sorted(path for path in folder.glob(f"*{_SUFFIX}") if not path.name.startswith("."))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal. Raises ModelError where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None


def write_default(folder: Path, default: Default) -> None:
    """Set the default; a power cut leaves the old one or the new one."""
    from crackscan.core.durable_files import write_durably

    stored = {"now": default.now, "before": default.before, "sha256": default.sha256}
    write_durably(folder / _DEFAULT, json.dumps(stored, indent=2).encode() + b"\n")


@contextmanager
def lock_models() -> Iterator[Path]:
    """The folder that this user installs into, made if need be; one process at a time.

    Raises:
        ModelError: it cannot be made or written.
    """
    folder = model_folders()[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ModelError(f"cannot install into {folder}: {error.strerror}") from None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(opened)
