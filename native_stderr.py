"""Catches what image and video libraries print to standard error behind Python's back."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_lock = threading.Lock()
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
    with _lock:
        try:
            kept = os.dup(_STDERR)
        except OSError:  # closed, as for some services: nothing can be printed, nothing caught
            yield messages
            return
        caught = os.memfd_create("stderr")
        os.dup2(caught, _STDERR)
        try:
            yield messages
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            text = os.pread(caught, os.fstat(caught).st_size, 0)
            os.close(caught)
            messages += [line.decode(errors="replace") for line in _lines(text)]
            if others := _LIBRARY_LINE.sub(b"", text):
                os.write(_STDERR, others)


def _lines(text: bytes) -> list[bytes]:
    return [found.group().strip() for found in _LIBRARY_LINE.finditer(text)]
