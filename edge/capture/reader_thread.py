"""One opening of a device: a thread that opens it, reads it, and closes it."""

import atexit
import threading
import time
import weakref
from collections.abc import Callable

from crackscan.core.errors import SourceError
from crackscan.edge.capture.device import Device, Grabbed

_EXIT_S = 15.0
_running: "weakref.WeakSet[Reader]" = weakref.WeakSet()


@atexit.register
def _wait_for_all() -> None:
    """A thread that comes back from C++ into an interpreter that ends aborts the process, before
    Python 3.14 (python/cpython#87135); all but a hung driver come back within their deadlines."""
    until_s = time.monotonic() + _EXIT_S
    for reader in list(_running):
        reader.leave()
        reader.ended(max(until_s - time.monotonic(), 0))


class Reader:
    """Reads a device until it ends, fails, or nobody wants it any more.

    A driver may block for ever (opencv/opencv#4468, raspberrypi/picamera2#794): such a thread is
    left behind, gives nothing more, and closes the device if it ever comes back.
    """

    def __init__(
        self,
        label: str,
        open_device: Callable[[], Device],
        give: Callable[["Reader", Grabbed], None],
    ) -> None:
        """`give` gets each picture, in this reader's thread."""
        self.began_s = time.monotonic()
        self.failure: SourceError | None = None
        """Why it ended, where it did not end because it was told to."""
        self.opened = False
        """Whether the device let itself be opened."""
        self._left = threading.Event()
        self._label = label
        self._open = open_device
        self._give = give
        self._thread = threading.Thread(target=self._run, name=f"{label} reader", daemon=True)

    def start(self) -> None:
        _running.add(self)
        self._thread.start()

    def is_wanted(self) -> bool:
        return not self._left.is_set()

    def leave(self) -> None:
        """Ask it to end; does not wait."""
        self._left.set()

    def ended(self, within_s: float = 0.0) -> bool:
        """Whether the thread is done and the device closed, or is so within that time."""
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            device = self._open()
            self.opened = True
            try:
                self._read(device)
            finally:
                device.close()
        except SourceError as error:
            self.failure = error
        except Exception as error:  # whatever a driver throws must not end in a silent wait
            told = " ".join(str(error).split()) or type(error).__name__
            self.failure = SourceError(f"{self._label} failed: {told}")

    def _read(self, device: Device) -> None:
        while self.is_wanted():
            grabbed = device.read()
            if grabbed is not None:
                self._give(self, grabbed)
            elif self.is_wanted():
                raise SourceError(f"{self._label} stopped giving pictures, as if unplugged")
            else:
                return
