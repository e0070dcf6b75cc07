"""Which photographs a folder holds, and which of them are not in the record yet."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from crackscan.core.errors import SourceError
from crackscan.core.pictures import is_picture
from crackscan.edge.capture.file_mark import FileMark
from crackscan.edge.capture.pictures import RESULTS_MARK
from crackscan.edge.pipelines.photos.values import Task
from crackscan.edge.survey.database import DATABASE

_RESULTS = RESULTS_MARK, DATABASE
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Listing:
    """The photographs of a folder, sorted by path, or one picture."""

    source: Path
    """The folder, or the picture."""
    folder: Path
    """Names are paths below it."""
    tasks: tuple[Task, ...]
    unreadable: tuple[tuple[str, str], ...] = ()
    """(folder below, reason) of what could not be searched."""

    @property
    def is_single(self) -> bool:
        """Whether one picture was named."""
        return self.source != self.folder


@dataclass(frozen=True)
class Remaining:
    """What is left to do, by comparison with the record."""

    tasks: tuple[Task, ...]
    done: int
    """Photographs that are in the record as they lie in the folder."""
    replaced: int
    """Photographs to be processed again: the file is another one than the record's."""
    moved: tuple[tuple[str, FileMark], ...]
    """Names whose file has another date than the record's, and the same content."""
    missing: int
    """Photographs in the record that the folder no longer holds."""


def list_photos(source: Path, every: int = 1) -> Listing:
    """Find the photographs in a folder and below it, or take one picture.

    Hidden files and folders are left out, and folders with the results of a scan or a survey.
    Links to folders are not followed. With `every` only each Nth photograph is listed. Raises
    SourceError if there is nothing of that name, it cannot be read, or it holds no photographs.
    """
    if source.is_file() and is_picture(source):
        task = Task(recorded_name(Path(source.name)), os.fspath(source), 0)
        return Listing(source, source.parent, (task,))
    folder = source
    if not folder.exists():
        raise SourceError(f"{folder} does not exist")
    if not folder.is_dir():
        raise SourceError(f"{folder} is neither a picture nor a folder of pictures")
    unreadable: list[tuple[str, str]] = []
    paths = sorted(_find(folder, unreadable))
    if not paths:
        raise SourceError(f"{folder} holds no pictures (JPEG, PNG, TIFF, WebP or BMP)")
    tasks = (
        Task(recorded_name(path.relative_to(folder)), os.fspath(path), index)
        for index, path in list(enumerate(paths))[::every]
    )
    return Listing(folder, folder, tuple(tasks), tuple(unreadable))


def recorded_name(path: Path) -> str:
    """A path as text that a database takes: bytes that are no UTF-8 are escaped."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def list_remaining(
    listing: Listing,
    marks: Mapping[str, FileMark | None],
    stopped: Callable[[], bool] = lambda: False,
) -> Remaining:
    """Compare a folder with the record of it.

    A file counts as the recorded one if it has its size and date, or else its size and content;
    so neither is a copied folder processed again, nor is a replaced photograph missed. Those that
    could not be read before are tried again. What comes after `stopped` remains.
    """
    todo: list[Task] = []
    moved: list[tuple[str, FileMark]] = []
    replaced = 0
    for task in listing.tasks:
        mark = marks.get(task.name)
        if mark is None or stopped():
            todo.append(task)
            continue
        now = _mark_now(Path(task.path), mark)
        if now == mark:
            continue
        if now is not None and now.digest == mark.digest:
            moved.append((task.name, now))
            continue
        replaced += 1
        todo.append(task)
    names = {task.name for task in listing.tasks}
    missing = sum(name not in names for name in marks)
    done = len(listing.tasks) - len(todo)
    return Remaining(tuple(todo), done, replaced, tuple(moved), missing)


def _mark_now(path: Path, mark: FileMark) -> FileMark | None:
    """The file's present mark, read no further than needed; None where it cannot be read."""
    try:
        state = path.stat()
        if state.st_size != mark.bytes:
            return FileMark(state.st_size, state.st_mtime_ns, "")
        if state.st_mtime_ns == mark.modified_ns:
            return mark
        content = hashlib.blake2b(digest_size=16)
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                content.update(chunk)
    except OSError:
        return None
    return replace(mark, modified_ns=state.st_mtime_ns, digest=content.hexdigest())


def _find(root: Path, unreadable: list[tuple[str, str]]) -> Iterator[Path]:
    def failed(error: OSError) -> None:
        folder = Path(error.filename)
        if folder == root:
            raise SourceError(f"{root} cannot be read: {error.strerror}")
        unreadable.append((f"{recorded_name(folder.relative_to(root))}/", f"{error.strerror}"))

    for folder, below, files in os.walk(root, onerror=failed):
        here = Path(folder)
        if here != root and any(mark in files for mark in _RESULTS):
            below.clear()
            continue
        below[:] = [name for name in below if not name.startswith(".")]
        yield from (here / name for name in files if is_picture(name) and not name.startswith("."))
