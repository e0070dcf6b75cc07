"""Pictures as a source: one file, or all that lie in a folder and below it."""

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from crackscan.core.errors import PictureError, SourceError
from crackscan.core.pictures import is_picture, read_picture
from crackscan.edge.capture.base import Source
from crackscan.edge.capture.frame import Frame

RESULTS_MARK = "scan.json"
"""A folder that holds this file is a scan's results and is not scanned again."""


class PictureFile(Source):
    """One picture; that it cannot be read is an error, not something to skip."""

    kind = "pictures"
    folder: Path
    length = 1

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name)
        self.path = path
        self.folder = path.parent

    def __iter__(self) -> Iterator[Frame]:
        if self.length:
            yield self._frame(read_picture(self.path), 0, self.path.name)

    def leave_out(self, names: Collection[str]) -> None:
        self.length = 0 if self.path.name in names else 1


class PictureFolder(Source):
    """All pictures in a folder and its subfolders, sorted by path; none is dropped.

    Hidden files and folders, and folders with a scan's results, are left out. A picture that cannot
    be read is skipped and noted; that none can be read is an error.
    """

    kind = "pictures"
    folder: Path

    def __init__(self, name: str, folder: Path, every: int = 1) -> None:
        super().__init__(name)
        self.folder = folder
        self.every = every
        self._left_out: frozenset[str] = frozenset()
        self.paths = sorted(picture_paths(folder, self._unreadable_folder))
        self.length = len(self.paths[::every])
        if not self.paths:
            raise SourceError(f"{folder} holds no pictures (JPEG, PNG, TIFF, WebP or BMP)")

    def leave_out(self, names: Collection[str]) -> None:
        self._left_out = frozenset(names)
        self.length = sum(self._name(path) not in names for path in self.paths[:: self.every])

    def __iter__(self) -> Iterator[Frame]:
        read = 0
        for index, path in list(enumerate(self.paths))[:: self.every]:
            if self.stopped:
                return
            name = self._name(path)
            if name in self._left_out:
                continue
            try:
                rgb = read_picture(path)
            except PictureError as error:
                self.skip(name, str(error).removeprefix(str(path)).strip())
                continue
            read += 1
            yield self._frame(rgb, index, name)
        if not read and not self._left_out:
            first = self.skipped[0]
            raise SourceError(
                f"none of the {len(self.skipped)} pictures in {self.folder} can be read; "
                f"the first: {first.name} {first.reason}"
            )

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _unreadable_folder(self, error: OSError) -> None:
        folder = Path(error.filename)
        if folder == self.folder:
            raise SourceError(f"{folder} cannot be read: {error.strerror}")
        self.skip(folder.relative_to(self.folder).as_posix() + "/", f"{error.strerror}")


def picture_paths(folder: Path, on_error: Callable[[OSError], None]) -> Iterator[Path]:
    """Pictures in a folder and its subfolders, in no order.

    Hidden files and folders, and folders with a scan's results, are left out. `on_error` is told of
    folders that cannot be read, and may raise.
    """
    for here, below, files in os.walk(folder, onerror=on_error):
        at = Path(here)
        below[:] = [
            name
            for name in below
            if not name.startswith(".") and not (at / name / RESULTS_MARK).exists()
        ]
        yield from (at / name for name in files if is_picture(name) and not name.startswith("."))
