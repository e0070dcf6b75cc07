"""The hub between the scan and its viewers: the newest of everything, and commands."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from crackscan.core.pictures import RGB
from crackscan.edge.web.live.commands import Command, PendingCommand
from crackscan.edge.web.live.values import ListedFinding, LiveFrame, Status

MOST_FOUND = 200
"""Findings in the list; the oldest leave it (the survey has them all)."""
MOST_COMMANDS = 16
_MOST_MESSAGES = 20
_MOST_PICTURES = 2


@dataclass(frozen=True)
class Message:
    """A message to all viewers."""

    id: int
    """Counts from 1."""
    text: str
    good: bool
    """False if something failed."""
    command: int | None
    """The id of the command that it answers; None if it answers none."""


@dataclass(frozen=True, eq=False)
class HubState:
    """Everything that viewers can know at one instant, except the frame."""

    version: int
    """Rises with each change of the fields below, not with each frame."""
    status: Status | None
    status_monotonic_s: float
    """When the status was published."""
    found: tuple[ListedFinding, ...]
    """The latest first."""
    found_version: int
    """Rises with each change of `found`."""
    messages: tuple[Message, ...]
    ended: bool


class Hub:
    """Takes what the scan gives, at once, and keeps the newest of it for all viewers.

    The methods for the scan never wait, encode, copy an array or raise; each costs microseconds,
    however many viewers there are. The server calls the other methods from its own thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frame: LiveFrame | None = None
        self._frame_number = 0
        self._version = 0
        self._status: Status | None = None
        self._status_s = time.monotonic()
        self._found: OrderedDict[int, ListedFinding] = OrderedDict()
        self._found_version = 0
        self._pictures: OrderedDict[int, tuple[ListedFinding, RGB]] = OrderedDict()
        self._messages: deque[Message] = deque(maxlen=_MOST_MESSAGES)
        self._message_count = 0
        self._commands: deque[PendingCommand] = deque()
        self._command_count = 0
        self._ended = False
        self._listener: Callable[[], object] | None = None
        self._on_command: Callable[[], object] | None = None

    def publish_frame(self, frame: LiveFrame) -> None:
        """Show a frame; it replaces an earlier one, even if no viewer has seen that."""
        with self._lock:
            self._frame = frame
            self._frame_number += 1
            self._notify_listener()

    def list_finding(self, found: ListedFinding, picture: RGB | None = None) -> None:
        """Put a finding on the list, or replace it there.

        Args:
            picture: the whole frame that `found.box` is in, RGB uint8, which must not change
                afterwards; it is kept only until its thumbnail is cut. None: the thumbnail
                stays as it was.
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
            self._note_change()

    def remove_finding(self, number: int) -> None:
        """Take a finding off the list, because it turned out to be part of another one."""
        with self._lock:
            self._pictures.pop(number, None)
            if self._found.pop(number, None) is not None:
                self._found_version += 1
                self._note_change()

    def clear_findings(self) -> None:
        """Empty the list: a new survey begins."""
        with self._lock:
            self._found.clear()
            self._pictures.clear()
            self._found_version += 1
            self._note_change()

    def publish_status(self, status: Status) -> None:
        """Show the status; to be called once or twice a second, and after each change."""
        with self._lock:
            self._status = status
            self._status_s = time.monotonic()
            self._note_change()

    def send_message(self, text: str, good: bool = True) -> None:
        """Show one line to all viewers."""
        with self._lock:
            self._add_message(text, good, None)

    def take_commands(self) -> list[PendingCommand]:
        """The commands that viewers have sent since the last call, in order; at most MOST_COMMANDS.

        Each is to be executed and then answered with `answer_command`.
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

    def answer_command(self, asked: PendingCommand, text: str, good: bool = True) -> None:
        """Answer a command in one line: `Picture saved: …`, or with `good=False` why it failed."""
        with self._lock:
            self._add_message(text, good, asked.id)

    def end_view(self) -> None:
        """Show the viewers that the scan has ended."""
        with self._lock:
            self._ended = True
            self._note_change()

    # For the server.

    def notify_changes(self, listener: Callable[[], object] | None) -> None:
        """Call this after each change, from the scan's thread; it must return at once."""
        with self._lock:
            self._listener = listener

    def newest_frame(self) -> tuple[int, LiveFrame | None]:
        """The number of the newest frame, from 1, and the frame."""
        with self._lock:
            return self._frame_number, self._frame

    @property
    def version(self) -> int:
        """The version of `read_state`."""
        return self._version

    def read_state(self) -> HubState:
        """Everything except the frame."""
        with self._lock:
            return HubState(
                self._version,
                self._status,
                self._status_s,
                tuple(reversed(self._found.values())),
                self._found_version,
                tuple(self._messages),
                self._ended,
            )

    def take_pictures(self) -> list[tuple[ListedFinding, RGB]]:
        """Findings whose thumbnails are to be cut, with their frames; the hub keeps neither."""
        with self._lock:
            pictures = list(self._pictures.values())
            self._pictures.clear()
            return pictures

    def offer_command(self, command: Command) -> int | None:
        """Send the scan a command.

        Returns:
            The id of the command; None if too many are waiting already.
        """
        with self._lock:
            if len(self._commands) >= MOST_COMMANDS:
                return None
            self._command_count += 1
            self._commands.append(PendingCommand(self._command_count, command))
            if self._on_command is not None:
                self._on_command()
            return self._command_count

    def _add_message(self, text: str, good: bool, command: int | None) -> None:
        self._message_count += 1
        self._messages.append(Message(self._message_count, text, good, command))
        self._note_change()

    def _note_change(self) -> None:
        self._version += 1
        self._notify_listener()

    def _notify_listener(self) -> None:
        if self._listener is not None:
            self._listener()
