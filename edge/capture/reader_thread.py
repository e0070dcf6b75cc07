"""The thread that opens a capture device, reads it, and closes it."""

import atexit
import threading
import time
import weakref
from collections.abc import Callable

from crackscan.core.errors import SourceError
from crackscan.edge.capture.capture_device import CaptureDevice, GrabbedFrame

_EXIT_S = 15.0
"""Longest wait for reader threads when the program exits; longer than their read deadlines."""
_running: "weakref.WeakSet[ReaderThread]" = weakref.WeakSet()


@atexit.register
def _wait_for_all() -> None:
    """Wait at exit for all reader threads, except those whose driver hangs.

    Before Python 3.14, a thread that returns from C++ into an interpreter that is shutting down
    aborts the process (python/cpython#87135).
    """
    until_s = time.monotonic() + _EXIT_S
    for reader in list(_running):
        reader.request_stop()
        reader.wait_ended(max(until_s - time.monotonic(), 0))


class ReaderThread:
    """Reads one device until the device ends or fails, or until it is asked to stop.

    A driver may block without end (opencv/opencv#4468, raspberrypi/picamera2#794). Such a thread
    is abandoned: it delivers nothing more, and closes the device if it ever returns.
    """

    def __init__(
        self,
        label: str,
        open_device: Callable[[], CaptureDevice],
        deliver: Callable[["ReaderThread", GrabbedFrame], None],
    ) -> None:
        """Prepare the thread; it calls `deliver` with each picture."""
        self.began_s = time.monotonic()
        self.failure: SourceError | None = None
        """Why it ended, unless it was asked to stop."""
        self.opened = False
        """Whether the device could be opened."""
        self._stopping = threading.Event()
        self._label = label
        self._open_device = open_device
        self._deliver = deliver
        self._thread = threading.Thread(target=self._run, name=f"{label} reader", daemon=True)

    def start(self) -> None:
        _running.add(self)
        self._thread.start()

    def is_stopping(self) -> bool:
        """Whether the thread was asked to stop."""
        return self._stopping.is_set()

    def request_stop(self) -> None:
        """Ask the thread to stop, without waiting."""
        self._stopping.set()

    def wait_ended(self, within_s: float = 0.0) -> bool:
        """Return whether the thread has ended and closed the device within this time."""
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            device = self._open_device()
            self.opened = True
            try:
                self._read_device(device)
            finally:
                device.close()
        except SourceError as error:
            self.failure = error
        except Exception as error:  # any exception of a driver must be reported, not waited for
            message = " ".join(str(error).split()) or type(error).__name__
            self.failure = SourceError(f"{self._label} failed: {message}")

    def _read_device(self, device: CaptureDevice) -> None:
        while not self.is_stopping():
            grabbed = device.read()
            if grabbed is not None:
                self._deliver(self, grabbed)
            elif not self.is_stopping():
                raise SourceError(f"{self._label} stopped giving pictures, as if it were unplugged")
            else:
                return
