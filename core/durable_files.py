"""Writes files so that they are complete or unchanged, whatever interrupts the writing."""

import os
from pathlib import Path

from crackscan.core.errors import CrackscanError


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file in one step: a reader, or a power cut, finds all of the bytes or none.

    Raises CrackscanError if the disk does not take it; `path` is then unchanged.
    """
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
    """Write a file atomically that is complete, under its name, after a power cut.

    Raises CrackscanError if the disk does not take it.
    """
    write_atomically(path, data)
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise CrackscanError(f"cannot write {path}: {error.strerror}") from None


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut. Raises OSError if that fails."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def free_disk_bytes(folder: Path) -> int:
    """Free space, in bytes, that this user may still fill on a folder's disk."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize
