"""Reports the state of the scan to systemd (sd_notify(3)), if a service manager listens."""

import os
import socket
import time
from contextlib import suppress

_SPARSE = 4
"""Signs of life in a watchdog's time; more would only cost."""


class ServiceNotifier:
    """The line to the service manager, opened from the environment that it sets.

    No method raises, because a scan must not end if nobody listens.
    """

    def __init__(self) -> None:
        self._address = _address(os.environ.get("NOTIFY_SOCKET", ""))
        self._socket: socket.socket | None = None
        self._fed_s = -float("inf")
        self._status = ""
        self.watchdog_s = _watchdog_s()
        """The service is restarted after this time without `feed_watchdog`; None: no watchdog."""
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    def report_ready(self) -> None:
        """Report that the scan runs: the model has mapped its first frame."""
        self._send("READY=1")

    def feed_watchdog(self) -> None:
        """Report that a frame was inferred; to be called after each one, sends when needed."""
        if self.watchdog_s is None:
            return
        now_s = time.monotonic()
        if now_s - self._fed_s >= self.watchdog_s / _SPARSE and self._send("WATCHDOG=1"):
            self._fed_s = now_s

    def end_watchdog(self) -> None:
        """End the watchdog: the next picture may come in an hour, and nothing is wrong then."""
        if self.watchdog_s is not None and self._send("WATCHDOG_USEC=0"):
            self.watchdog_s = None

    def report_status(self, text: str) -> None:
        """Set the line of `systemctl status`; an equal line is not sent again."""
        line = " ".join(text.split())
        if line != self._status and self._send(f"STATUS={line}"):
            self._status = line

    def report_stopping(self) -> None:
        """Report that the scan ends, by itself or on request."""
        self._send("STOPPING=1")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, text: str) -> bool:
        if self._socket is None:
            return False
        with suppress(OSError):
            return self._socket.sendto(text.encode(), self._address) > 0
        return False


def _address(name: str) -> str:
    """A path, or a name without a file (`@` first); no address otherwise."""
    if name.startswith("@"):
        return "\0" + name[1:]
    return name if name.startswith("/") else ""


def _watchdog_s() -> float | None:
    """The watchdog's time, if it watches this process."""
    pid = os.environ.get("WATCHDOG_PID", "")
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or pid not in ("", str(os.getpid())):
        return None
    return int(microseconds) / 1e6 or None
