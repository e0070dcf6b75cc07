"""The content of a picture file, and what distinguishes the file from another of the same name."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from crackscan.core.errors import PictureError
from crackscan.core.pictures import MAX_BYTES


@dataclass(frozen=True)
class FileMark:
    """What distinguishes a picture file from another one of the same name."""

    bytes: int
    modified_ns: int
    """As the file system has it; a copy may have another one."""
    digest: str
    """BLAKE2b of the content, 16 bytes, as hex."""


def digest_content(data: bytes) -> str:
    """The digest of a file's content, as `FileMark` has it."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def read_marked_file(path: Path) -> tuple[bytes, FileMark]:
    """A file's content, and its mark.

    Raises PictureError if it cannot be read, is empty or too large, or changes meanwhile.
    """
    try:
        if not S_ISREG(path.stat().st_mode):  # a pipe would keep its reader for ever
            raise PictureError(f"{path} is not a regular file")
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            if before.st_size > MAX_BYTES:
                raise PictureError(f"{path} is too large: {before.st_size / 1e9:.1f} GB")
            data = file.read(before.st_size + 1)
            after = os.fstat(file.fileno())
    except FileNotFoundError:
        raise PictureError(f"{path} does not exist") from None
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {error.strerror}") from None
    changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
    if changed or len(data) != after.st_size:
        raise PictureError(f"{path} is still being written")
    if not data:
        raise PictureError(f"{path} is empty (0 bytes)")
    return data, FileMark(len(data), after.st_mtime_ns, digest_content(data))
