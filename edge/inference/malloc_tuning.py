"""Tunes malloc of glibc so that memory which was used for a moment goes back to the system.

Frames, blocks and measurements of many sizes come and go in several threads; glibc keeps what they
leave, in holes and in a heap for each thread (mallopt(3), malloc_trim(3)).
"""

import ctypes
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True)
class MallocParameters:
    """Limits of glibc's malloc (mallopt(3))."""

    heaps: int = 2
    """Heaps that all threads share."""
    mapped_bytes: int = 2**18
    """A block of at least this size, such as a frame or the arrays of a measurement, is mapped by
    itself and goes back whole; it costs the time of a page fault for each 4 kB."""
    free_bytes: int = 2**20
    """Free memory that is kept at the end of a heap."""


PARAMETERS = MallocParameters()
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


@lru_cache(maxsize=1)
def _libc() -> Any:
    return ctypes.CDLL(None)


def keep_small(parameters: MallocParameters = PARAMETERS) -> bool:
    """Let all threads that begin from now on share a few heaps without large holes.

    Returns False if this libc has no mallopt.

    Otherwise glibc learns from the first large block that it frees to map no more of its size.
    """
    mallopt = getattr(_libc(), "mallopt", None)
    if mallopt is None:
        return False
    wanted = (
        (_M_ARENA_MAX, parameters.heaps),
        (_M_MMAP_THRESHOLD, parameters.mapped_bytes),
        (_M_TRIM_THRESHOLD, parameters.free_bytes),
    )
    return all(bool(mallopt(what, value)) for what, value in wanted)


def give_back() -> bool:
    """Give free memory back to the system; False if there was none, or if this libc cannot.

    Takes some ms, in which other threads may wait for memory.
    """
    trim = getattr(_libc(), "malloc_trim", None)
    return trim is not None and bool(trim(0))
