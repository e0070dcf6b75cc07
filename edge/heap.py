"""Keeps the C library's heap small: what was used for a moment goes back to the system.

Frames, blocks and measurements of many sizes come and go in several threads; glibc keeps what they
leave, in holes and in a heap for each thread (mallopt(3), malloc_trim(3)).
"""

import ctypes
from functools import lru_cache
from typing import Any

MOST_HEAPS = 2
_M_ARENA_MAX = -8


@lru_cache(maxsize=1)
def _libc() -> Any:
    return ctypes.CDLL(None)


def share_heaps() -> bool:
    """Let all threads that begin from now on share MOST_HEAPS heaps; False: not with this libc."""
    mallopt = getattr(_libc(), "mallopt", None)
    return mallopt is not None and bool(mallopt(_M_ARENA_MAX, MOST_HEAPS))


def give_back() -> bool:
    """Give free memory back to the system; False: there was none, or not with this libc.

    Takes some ms, in which other threads may wait for memory.
    """
    trim = getattr(_libc(), "malloc_trim", None)
    return trim is not None and bool(trim(0))
