"""Catches what native libraries print to standard error behind Python's back."""

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
def library_messages() -> Iterator[list[str]]:
    """Collects the lines that OpenCV and the libraries under it print inside the block.

    The list is filled when the block ends. Text of other origin (a progress bar of another thread)
    is passed on then. One thread at a time: the process has a single standard error.
    """
    messages: list[str] = []
    text = bytearray()
    try:
        with _caught() as text:
            yield messages
    finally:
        messages += [line.decode(errors="replace") for line in _lines(bytes(text))]
        if others := _LIBRARY_LINE.sub(b"", text):
            os.write(_STDERR, others)


@contextmanager
def dropped_stderr() -> Iterator[None]:
    """Drop what is printed inside: delegates announced, devices not found. Raised errors pass."""
    with _caught():
        yield


@contextmanager
def _caught() -> Iterator[bytearray]:
    """Redirect standard error; the bytes are filled in when the block ends."""
    text = bytearray()
    with _lock:
        try:
            kept = os.dup(_STDERR)
        except OSError:  # closed, as for some services: nothing can be printed, nothing caught
            yield text
            return
        caught = os.memfd_create("stderr")
        os.dup2(caught, _STDERR)
        try:
            yield text
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            text += os.pread(caught, os.fstat(caught).st_size, 0)
            os.close(caught)


def _lines(text: bytes) -> list[bytes]:
    return [found.group().strip() for found in _LIBRARY_LINE.finditer(text)]
