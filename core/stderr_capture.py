"""Captures what native libraries print to standard error, which Python does not see."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
# One thread at a time, which may nest: a converter reads pictures that may be damaged.
_lock = threading.RLock()
os.register_at_fork(
    before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
)

_LIBRARY_LINE = re.compile(
    rb"^(?:\[ ?(?:ERROR|WARN|INFO|FATAL):.*|libpng .*|Corrupt JPEG.*|Premature end of JPEG.*"
    rb"|Inconsistent progression.*|Invalid SOS.*|Warning: unknown JFIF.*|im\w+_?\('.*'\): .*"
    rb"|\[[\w,]+ @ 0x[0-9a-f]+\] .*|OpenCV.*|VIDEOIO.*|TIFF.*)\n\n?",
    re.MULTILINE,
)


@contextmanager
def capture_library_messages() -> Iterator[list[str]]:
    """Collect the lines that OpenCV and the libraries under it print inside the block.

    The list is filled when the block ends. Text of any other origin, such as the progress bar of
    another thread, is then passed on. One thread at a time: a process has one standard error.
    """
    messages: list[str] = []
    text = bytearray()
    try:
        with _redirect_stderr() as text:
            yield messages
    finally:
        messages += [line.decode(errors="replace") for line in _find_library_lines(bytes(text))]
        if others := _LIBRARY_LINE.sub(b"", text):
            os.write(_STDERR, others)


@contextmanager
def drop_stderr() -> Iterator[None]:
    """Drop everything that is printed to standard error inside the block; exceptions pass."""
    with _redirect_stderr():
        yield


@contextmanager
def _redirect_stderr() -> Iterator[bytearray]:
    """Redirect standard error into the bytes, which are filled when the block ends."""
    text = bytearray()
    with _lock:
        try:
            original = os.dup(_STDERR)
        except OSError:  # closed, as for some services: nothing can be printed or captured
            yield text
            return
        captured = os.memfd_create("stderr")
        os.dup2(captured, _STDERR)
        try:
            yield text
        finally:
            os.dup2(original, _STDERR)
            os.close(original)
            text += os.pread(captured, os.fstat(captured).st_size, 0)
            os.close(captured)


def _find_library_lines(text: bytes) -> list[bytes]:
    return [found.group().strip() for found in _LIBRARY_LINE.finditer(text)]
