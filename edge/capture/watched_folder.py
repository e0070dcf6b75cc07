"""A folder into which another device puts pictures: each complete one is given once."""

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from crackscan.core.errors import PictureError, SourceError
from crackscan.core.pictures import read_picture
from crackscan.edge.capture import options
from crackscan.edge.capture.base import Condition, Source, State
from crackscan.edge.capture.frame import Frame
from crackscan.edge.capture.health import Health
from crackscan.edge.capture.options import Option
from crackscan.edge.capture.pictures import picture_paths

PREFIX = "watch:"
OPTIONS = {
    "poll": Option(options.positive, "1", "seconds between two looks into the folder"),
    "settle": Option(
        options.positive, "30", "seconds after which a picture that stays damaged is skipped"
    ),
    "old": Option(
        options.one_of("yes", "no"), "no", "no: leave out what is there at the start; else yes"
    ),
}


@dataclass(frozen=True)
class _Mark:
    """What tells that a file has changed; inodes do not, a FAT card gets new ones at each mount."""

    bytes: int
    changed_ns: int


@dataclass
class _Coming:
    """A file that is not given yet."""

    mark: _Mark
    since_s: float
    """Monotonic time since which it is as it is."""


class WatchedFolder(Source):
    """Pictures as they come into a folder and its subfolders, the oldest first; it never ends.

    A picture is given when it has not changed from one look to the next and can be read whole; one
    that is written slowly, or in two goes, is waited for until it stayed the same for `settle_s`.
    A name is given once, and again only when its file has become another. A folder that vanishes
    (a card pulled out, a share gone) is waited for, and told by `condition` and `gaps`.
    """

    kind = "pictures"
    folder: Path

    def __init__(
        self,
        name: str,
        folder: Path,
        every: int = 1,
        poll_s: float = 1.0,
        settle_s: float = 30.0,
        old: bool = True,
    ) -> None:
        super().__init__(name)
        self.folder = folder
        self.every = every
        self.poll_s = poll_s
        self.settle_s = settle_s
        self._given: dict[str, _Mark] = {}
        self._coming: dict[str, _Coming] = {}
        self._health = Health("", time.monotonic())
        self._health.good(time.monotonic())
        if not old:
            self._given = self._list()

    def leave_out(self, names: Collection[str]) -> None:
        self._given |= {name: mark for name, mark in self._list().items() if name in names}

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while not self.stopped:
            for name in self._settled():
                frame = None if self._is_stopped() else self._read(name, index)
                if frame is None:
                    continue
                index += 1
                if (index - 1) % self.every == 0:
                    yield frame
            self._rest()

    @property
    def condition(self) -> Condition:
        return self._health.condition

    def close(self) -> None:
        if (gap := self._health.end(time.monotonic())) is not None:
            self.gaps.append(gap)

    def _list(self) -> dict[str, _Mark]:
        """What lies there now; nothing while the folder is away."""
        now = time.monotonic()
        marks: dict[str, _Mark] = {}
        try:
            if not self.folder.is_dir():
                raise SourceError(f"{self.folder} is no folder any more")
            for path in picture_paths(self.folder, self._unreadable):
                try:
                    stat = path.stat()
                except OSError:  # renamed or removed since it was listed
                    continue
                mark = _Mark(stat.st_size, stat.st_mtime_ns)
                marks[path.relative_to(self.folder).as_posix()] = mark
        except (OSError, SourceError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self._health.bad(State.LOST, f"{self.folder} cannot be read: {reason}", now)
            return {}
        if (gap := self._health.good(now)) is not None:
            self.gaps.append(gap)
        return marks

    def _unreadable(self, error: OSError) -> None:
        if Path(error.filename) == self.folder:
            raise error

    def _settled(self) -> list[str]:
        """Names of files that are new and were the same at the look before, the oldest first."""
        now, there = time.monotonic(), self._list()
        settled = []
        for name, mark in there.items():
            if self._given.get(name) == mark:
                continue
            before = self._coming.get(name)
            if before is None or before.mark != mark:
                self._coming[name] = _Coming(mark, now)
            elif mark.bytes:
                settled.append(name)
        return sorted(settled, key=lambda name: (there[name].changed_ns, name))

    def _read(self, name: str, index: int) -> Frame | None:
        coming = self._coming[name]
        path = self.folder / name
        try:
            rgb = read_picture(path)
        except PictureError as error:
            if path.exists() and time.monotonic() - coming.since_s > self.settle_s:
                self.skip(name, str(error).removeprefix(str(path)).strip())
                self._done(name)
            return None
        self._done(name)
        return self._frame(rgb, index, name)

    def _done(self, name: str) -> None:
        self._given[name] = self._coming.pop(name).mark

    def _is_stopped(self) -> bool:
        return self.stopped

    def _rest(self) -> None:
        until_s = time.monotonic() + self.poll_s
        while not self.stopped and (left_s := until_s - time.monotonic()) > 0:
            time.sleep(min(left_s, 0.1))


def is_watch(name: str) -> bool:
    """Whether a source's name is a folder to be watched."""
    return name.startswith(PREFIX)


def open_watch(name: str, source: str, text: str, every: int = 1) -> WatchedFolder:
    """`watch:folder/`. Raises SourceError if there is no such folder now, or an option is wrong."""
    wanted = options.parse(name, text, OPTIONS)
    folder = Path(source.removeprefix(PREFIX))
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        raise SourceError(f"{folder} {what}: make the folder into which the pictures will come")
    return WatchedFolder(
        name,
        folder,
        every,
        wanted.get("poll", 1.0),
        wanted.get("settle", 30.0),
        wanted.get("old", "yes") == "yes",
    )
