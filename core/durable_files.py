"""Files that are whole or as they were, whatever interrupts the writing."""

import os
from pathlib import Path

from crackscan.core.errors import CrackscanError


def write_file(path: Path, data: bytes) -> None:
    """Put bytes under a name at once: a reader, or a power cut, sees all of them or none."""
    part = path.with_name(f".{path.name}.part")
    try:
        try:
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CrackscanError(f"cannot write {path}: {error.strerror}") from None


def write_durably(path: Path, data: bytes) -> None:
    """Write a file that is there whole after a power cut, its name included.

    Raises CrackscanError where the disk does not take it.
    """
    write_file(path, data)
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise CrackscanError(f"cannot write {path}: {error.strerror}") from None


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last through a power cut."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def free_bytes(folder: Path) -> int:
    """What the disk still takes from this user."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize
