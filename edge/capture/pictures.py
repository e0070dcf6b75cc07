"""Picture files as a source: one file, or all in a folder and its subfolders."""

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from crackscan.core.errors import PictureError, SourceError
from crackscan.core.pictures import is_picture, read_picture
from crackscan.edge.capture.frame import Frame
from crackscan.edge.capture.source import Source

RESULTS_MARK = "scan.json"
"""A folder that holds this file contains the results of a scan and is not scanned."""


class PictureFile(Source):
    """One picture; if it cannot be read, that is an error."""

    kind = "pictures"
    folder: Path
    length = 1

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name)
        self.path = path
        self.folder = path.parent

    def __iter__(self) -> Iterator[Frame]:
        if self.length:
            yield self._make_frame(read_picture(self.path), 0, self.path.name)

    def exclude_names(self, names: Collection[str]) -> None:
        self.length = 0 if self.path.name in names else 1


class PictureFolder(Source):
    """All pictures in a folder and its subfolders, sorted by path.

    Hidden files and folders, and folders with the results of a scan, are excluded. A picture that
    cannot be read is recorded in `skipped`; if none can be read, that is an error.
    """

    kind = "pictures"
    folder: Path

    def __init__(self, name: str, folder: Path, every: int = 1) -> None:
        super().__init__(name)
        self.folder = folder
        self.every = every
        self._excluded: frozenset[str] = frozenset()
        self.paths = sorted(walk_pictures(folder, self._skip_folder))
        self.length = len(self.paths[::every])
        if not self.paths:
            raise SourceError(f"{folder} holds no pictures (JPEG, PNG, TIFF, WebP or BMP)")

    def exclude_names(self, names: Collection[str]) -> None:
        self._excluded = frozenset(names)
        self.length = sum(self._name_of(path) not in names for path in self.paths[:: self.every])

    def __iter__(self) -> Iterator[Frame]:
        read = 0
        for index, path in list(enumerate(self.paths))[:: self.every]:
            if self.stopped:
                return
            name = self._name_of(path)
            if name in self._excluded:
                continue
            try:
                rgb = read_picture(path)
            except PictureError as error:
                self.record_skip(name, str(error).removeprefix(str(path)).strip())
                continue
            read += 1
            yield self._make_frame(rgb, index, name)
        if not read and not self._excluded:
            first = self.skipped[0]
            raise SourceError(
                f"none of the {len(self.skipped)} pictures in {self.folder} can be read; "
                f"the first: {first.name} {first.reason}"
            )

    def _name_of(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _skip_folder(self, error: OSError) -> None:
        folder = Path(error.filename)
        if folder == self.folder:
            raise SourceError(f"{folder} cannot be read: {error.strerror}")
        self.record_skip(folder.relative_to(self.folder).as_posix() + "/", f"{error.strerror}")


def walk_pictures(folder: Path, on_error: Callable[[OSError], None]) -> Iterator[Path]:
    """Yield the pictures in a folder and its subfolders, unsorted.

    Hidden files and folders, and folders with the results of a scan, are excluded. `on_error` is
    called for each folder that cannot be read, and may raise.
    """
    for parent_name, subfolders, files in os.walk(folder, onerror=on_error):
        parent = Path(parent_name)
        subfolders[:] = [
            name
            for name in subfolders
            if not name.startswith(".") and not (parent / name / RESULTS_MARK).exists()
        ]
        for name in files:
            if is_picture(name) and not name.startswith("."):
                yield parent / name
