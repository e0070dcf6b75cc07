"""A folder that another device copies pictures into: each complete picture is yielded once."""

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from crackscan.core.errors import PictureError, SourceError
from crackscan.core.pictures import read_picture
from crackscan.edge.capture.condition import Condition, ConditionMonitor, SourceState
from crackscan.edge.capture.frame import Frame
from crackscan.edge.capture.options import (
    SourceOption,
    choice_parser,
    parse_options,
    parse_positive,
)
from crackscan.edge.capture.pictures import walk_pictures
from crackscan.edge.capture.source import Source

PREFIX = "watch:"
OPTIONS = {
    "poll": SourceOption(parse_positive, "1", "seconds between two readings of the folder"),
    "settle": SourceOption(
        parse_positive, "30", "seconds after which a picture that is still damaged is skipped"
    ),
    "old": SourceOption(
        choice_parser("yes", "no"),
        "no",
        "no: leave out pictures that are present at the start; default: yes",
    ),
}
_SLEEP_S = 0.1
"""Longest uninterrupted sleep, so that `stop` takes effect soon."""


@dataclass(frozen=True)
class _FileVersion:
    """Size and time of a file; a FAT card gives files new inodes each time it is mounted."""

    bytes: int
    changed_ns: int


@dataclass
class _PendingFile:
    """A file that has not been yielded yet."""

    version: _FileVersion
    since_s: float
    """Monotonic time at which this version was first seen."""


class WatchedFolder(Source):
    """Pictures in the order in which they arrive in a folder and its subfolders, without end.

    A picture is yielded when it is unchanged from one reading of the folder to the next and can be
    decoded completely. A picture that is written slowly, or in two steps, is skipped only if it has
    stayed unchanged and damaged for `settle_s`. A name is yielded again only if its file has
    changed. If the folder disappears (a card is removed, a share is offline), the source waits for
    it; `condition` and `gaps` report this.
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
        self._yielded: dict[str, _FileVersion] = {}
        self._pending: dict[str, _PendingFile] = {}
        self._monitor = ConditionMonitor("", time.monotonic())
        self._monitor.mark_good(time.monotonic())
        if not old:
            self._yielded = self._list_files()

    def exclude_names(self, names: Collection[str]) -> None:
        present = self._list_files()
        self._yielded |= {name: version for name, version in present.items() if name in names}

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while not self.stopped:
            for name in self._list_settled():
                frame = None if self._is_stopped() else self._read_file(name, index)
                if frame is None:
                    continue
                index += 1
                if (index - 1) % self.every == 0:
                    yield frame
            self._sleep_poll()

    @property
    def condition(self) -> Condition:
        return self._monitor.condition

    def close(self) -> None:
        if (gap := self._monitor.end_gap(time.monotonic())) is not None:
            self.gaps.append(gap)

    def _list_files(self) -> dict[str, _FileVersion]:
        """List the pictures that are present; none while the folder is missing."""
        now = time.monotonic()
        versions: dict[str, _FileVersion] = {}
        try:
            if not self.folder.is_dir():
                raise SourceError(f"{self.folder} is no longer a folder")
            for path in walk_pictures(self.folder, self._raise_unreadable):
                try:
                    stat = path.stat()
                except OSError:  # it was renamed or removed in the meantime
                    continue
                version = _FileVersion(stat.st_size, stat.st_mtime_ns)
                versions[path.relative_to(self.folder).as_posix()] = version
        except (OSError, SourceError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            why = f"{self.folder} cannot be read: {reason}"
            self._monitor.mark_bad(SourceState.LOST, why, now)
            return {}
        if (gap := self._monitor.mark_good(now)) is not None:
            self.gaps.append(gap)
        return versions

    def _raise_unreadable(self, error: OSError) -> None:
        if Path(error.filename) == self.folder:
            raise error

    def _list_settled(self) -> list[str]:
        """List new files that are unchanged since the previous reading, oldest first."""
        now, present = time.monotonic(), self._list_files()
        settled = []
        for name, version in present.items():
            if self._yielded.get(name) == version:
                continue
            pending = self._pending.get(name)
            if pending is None or pending.version != version:
                self._pending[name] = _PendingFile(version, now)
            elif version.bytes:
                settled.append(name)
        return sorted(settled, key=lambda name: (present[name].changed_ns, name))

    def _read_file(self, name: str, index: int) -> Frame | None:
        pending = self._pending[name]
        path = self.folder / name
        try:
            rgb = read_picture(path)
        except PictureError as error:
            if path.exists() and time.monotonic() - pending.since_s > self.settle_s:
                self.record_skip(name, str(error).removeprefix(str(path)).strip())
                self._finish_file(name)
            return None
        self._finish_file(name)
        return self._make_frame(rgb, index, name)

    def _finish_file(self, name: str) -> None:
        self._yielded[name] = self._pending.pop(name).version

    def _is_stopped(self) -> bool:
        return self.stopped

    def _sleep_poll(self) -> None:
        until_s = time.monotonic() + self.poll_s
        while not self.stopped and (left_s := until_s - time.monotonic()) > 0:
            time.sleep(min(left_s, _SLEEP_S))


def is_watched_folder(name: str) -> bool:
    """Whether the name is that of a folder to watch."""
    return name.startswith(PREFIX)


def open_watched_folder(name: str, source: str, option_text: str, every: int = 1) -> WatchedFolder:
    """Open `watch:folder/`. Raises SourceError if the folder is missing or an option is wrong."""
    options = parse_options(name, option_text, OPTIONS)
    folder = Path(source.removeprefix(PREFIX))
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise SourceError(f"{folder} {problem}: make the folder that pictures will be copied into")
    return WatchedFolder(
        name,
        folder,
        every,
        options.get("poll", 1.0),
        options.get("settle", 30.0),
        options.get("old", "yes") == "yes",
    )
