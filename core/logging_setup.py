"""Sets up the log of a command: which messages go to the terminal or to the system's journal.

Modules log to `logging.getLogger(__name__)`. As a library, crackscan writes no log unless the
program that uses it sets one up. No destination of a command's log receives credentials.
"""

import logging
import os
import sys
from collections import deque

from crackscan.core.credentials import mask_credentials

MOST_EARLY_RECORDS = 200
_PRIORITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
    (logging.DEBUG, 7),
)
"""The journal's priority of each level (sd-daemon(3))."""

package_log = logging.getLogger("crackscan")


class MaskingFormatter(logging.Formatter):
    """Formats a record and its traceback, without credentials."""

    def format(self, record: logging.LogRecord) -> str:
        return mask_credentials(super().format(record))


class JournalFormatter(MaskingFormatter):
    """Puts its priority before each line, as systemd's journal expects; it adds the time itself."""

    def format(self, record: logging.LogRecord) -> str:
        priority = next((one for level, one in _PRIORITIES if record.levelno >= level), 7)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


class TerminalHandler(logging.Handler):
    """Writes to the present `sys.stderr`, which a progress bar replaces while it is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"{self.format(record)}\n")
        except Exception:
            self.handleError(record)


class EarlyRecords(logging.Handler):
    """Keeps the first messages of a command until its survey has a folder for them."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: deque[logging.LogRecord] = deque(maxlen=MOST_EARLY_RECORDS)

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def start_logging() -> None:
    """Begin the log of a command: kept for a survey's log, and written to the journal if it reads.

    An earlier command of the same process is forgotten.
    """
    for old in package_log.handlers[:]:
        if isinstance(old, EarlyRecords | TerminalHandler):
            package_log.removeHandler(old)
    add_handler(EarlyRecords())
    if is_read_by_journal():
        log_to_terminal(logging.INFO)


def log_to_terminal(level: int = logging.DEBUG) -> None:
    """Write messages to standard error, in the journal's form if the journal reads it."""
    for old in package_log.handlers[:]:
        if isinstance(old, TerminalHandler):
            package_log.removeHandler(old)
    handler = TerminalHandler(level)
    handler.setFormatter(
        JournalFormatter("%(name)s: %(message)s")
        if is_read_by_journal()
        else MaskingFormatter("%(levelname)s %(name)s: %(message)s")
    )
    add_handler(handler)


def is_read_by_journal() -> bool:
    """Whether standard error goes to the journal: JOURNAL_STREAM has its device and inode."""
    try:
        found = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def add_handler(handler: logging.Handler) -> None:
    """Send the messages of all of crackscan to a handler, down to the handler's level."""
    package_log.addHandler(handler)
    package_log.setLevel(min(package_log.level or logging.CRITICAL, handler.level))


def take_early_records() -> list[logging.LogRecord]:
    """The messages that were kept, once: those of a second survey do not repeat them."""
    for handler in package_log.handlers[:]:
        if isinstance(handler, EarlyRecords):
            package_log.removeHandler(handler)
            return list(handler.records)
    return []
