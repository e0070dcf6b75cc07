"""Where the scan loop and its viewers meet: the newest of everything, and commands."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from crackscan.core.pictures import RGB
from crackscan.edge.web.live.commands import Asked, Command
from crackscan.edge.web.live.values import Found, LiveFrame, Status

MOST_FOUND = 200
"""Findings in the list; the oldest leave it (the survey has them all)."""
MOST_COMMANDS = 16
_MOST_MESSAGES = 20
_MOST_PICTURES = 2


@dataclass(frozen=True)
class Message:
    """Something said to all viewers."""

    id: int
    """From 1, rising."""
    text: str
    good: bool
    """False: something failed."""
    command: int | None
    """The command that it answers."""


@dataclass(frozen=True, eq=False)
class Snap:
    """Everything the viewers can know at one instant."""

    version: int
    """Rises with each change of what follows, but not with each frame."""
    status: Status | None
    status_monotonic_s: float
    """When the status was told."""
    found: tuple[Found, ...]
    """The latest first."""
    found_version: int
    """Rises with each change of `found`."""
    messages: tuple[Message, ...]
    ended: bool


class Hub:
    """Takes what the scan loop gives, at once, and keeps the newest for whoever is looking.

    The scan loop calls `publish`, `found`, `gone`, `status`, `say`, `commands`, `answer` and
    `close`, from one thread or several. None of them waits, encodes, copies an array or raises;
    each costs some microseconds, whether nobody watches or a crowd does. The server calls the
    other methods from its own thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frame: LiveFrame | None = None
        self._frame_number = 0
        self._version = 0
        self._status: Status | None = None
        self._status_s = time.monotonic()
        self._found: OrderedDict[int, Found] = OrderedDict()
        self._found_version = 0
        self._pictures: OrderedDict[int, tuple[Found, RGB]] = OrderedDict()
        self._messages: deque[Message] = deque(maxlen=_MOST_MESSAGES)
        self._said = 0
        self._commands: deque[Asked] = deque()
        self._asked = 0
        self._ended = False
        self._listener: Callable[[], object] | None = None
        self._on_command: Callable[[], object] | None = None

    def publish(self, frame: LiveFrame) -> None:
        """Show a frame; an earlier one that no viewer has seen yet is forgotten."""
        with self._lock:
            self._frame = frame
            self._frame_number += 1
            self._tell()

    def found(self, found: Found, picture: RGB | None = None) -> None:
        """Put a finding on the list, or replace it there.

        Args:
            picture: the whole frame that `found.box` is in, RGB uint8, not changed after; kept
                only until its thumbnail is cut. None: the thumbnail stays as it was.
        """
        with self._lock:
            self._found[found.number] = found
            if picture is not None:
                self._pictures[found.number] = found, picture
                self._pictures.move_to_end(found.number)
            while len(self._found) > MOST_FOUND:
                oldest, _ = self._found.popitem(last=False)
                self._pictures.pop(oldest, None)
            while len(self._pictures) > _MOST_PICTURES:
                self._pictures.popitem(last=False)
            self._found_version += 1
            self._changed()

    def gone(self, number: int) -> None:
        """Take a finding off the list that turned out to be part of another one."""
        with self._lock:
            self._pictures.pop(number, None)
            if self._found.pop(number, None) is not None:
                self._found_version += 1
                self._changed()

    def clear(self) -> None:
        """Empty the list: a new survey begins."""
        with self._lock:
            self._found.clear()
            self._pictures.clear()
            self._found_version += 1
            self._changed()

    def status(self, status: Status) -> None:
        """Tell how the scan goes; once or twice a second, and whenever something turns."""
        with self._lock:
            self._status = status
            self._status_s = time.monotonic()
            self._changed()

    def say(self, text: str, good: bool = True) -> None:
        """Tell all viewers something, in one line."""
        with self._lock:
            self._say(text, good, None)

    def commands(self) -> list[Asked]:
        """What viewers have asked for since the last call, in order; at most MOST_COMMANDS.

        To be called once a frame, and while paused or while the source is lost. Each is carried
        out and then answered.
        """
        with self._lock:
            asked = list(self._commands)
            self._commands.clear()
            return asked

    def notify_commands(self, callback: Callable[[], object] | None) -> None:
        """Call this after each command that a viewer sends, from the server's thread.

        It must return at once; None: call nothing any more.
        """
        with self._lock:
            self._on_command = callback

    def answer(self, asked: Asked, text: str, good: bool = True) -> None:
        """Say in one line what came of a command: `Picture saved: …`; `good=False`: why nothing."""
        with self._lock:
            self._say(text, good, asked.id)

    def close(self) -> None:
        """Tell the viewers that the scan has ended."""
        with self._lock:
            self._ended = True
            self._changed()

    # For the server.

    def listen(self, listener: Callable[[], object] | None) -> None:
        """Call this after each change, from the scan's thread; it must return at once."""
        with self._lock:
            self._listener = listener

    def newest(self) -> tuple[int, LiveFrame | None]:
        """The newest frame, and its number, from 1."""
        with self._lock:
            return self._frame_number, self._frame

    @property
    def version(self) -> int:
        """That of `snap`."""
        return self._version

    def snap(self) -> Snap:
        """Everything but the frame."""
        with self._lock:
            return Snap(
                self._version,
                self._status,
                self._status_s,
                tuple(reversed(self._found.values())),
                self._found_version,
                tuple(self._messages),
                self._ended,
            )

    def take_pictures(self) -> list[tuple[Found, RGB]]:
        """Findings whose thumbnail is to be cut, with their frames, which are given away."""
        with self._lock:
            pictures = list(self._pictures.values())
            self._pictures.clear()
            return pictures

    def offer(self, command: Command) -> int | None:
        """Ask the scan for something: the command's id; None: too many are waiting already."""
        with self._lock:
            if len(self._commands) >= MOST_COMMANDS:
                return None
            self._asked += 1
            self._commands.append(Asked(self._asked, command))
            if self._on_command is not None:
                self._on_command()
            return self._asked

    def _say(self, text: str, good: bool, command: int | None) -> None:
        self._said += 1
        self._messages.append(Message(self._said, text, good, command))
        self._changed()

    def _changed(self) -> None:
        self._version += 1
        self._tell()

    def _tell(self) -> None:
        if self._listener is not None:
            self._listener()
