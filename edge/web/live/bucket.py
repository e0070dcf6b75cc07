"""Lets things happen only so often."""

import asyncio
import time


class Bucket:
    """Lets so many things a second pass, and a second's worth at once (token bucket)."""

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._full = max(per_s, 1.0)
        self._level = self._full
        self._at_s = time.monotonic()

    async def take(self) -> None:
        """Wait for one's turn."""
        now = time.monotonic()
        self._level = min(self._full, self._level + (now - self._at_s) * self._per_s)
        self._at_s = now
        self._level -= 1
        if self._level < 0:
            await asyncio.sleep(-self._level / self._per_s)
