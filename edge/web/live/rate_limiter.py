"""Limits how often something happens."""

import asyncio
import time


class RateLimiter:
    """A token bucket: a given rate per second, and the tokens of one second at once."""

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._full = max(per_s, 1.0)
        self._level = self._full
        self._at_s = time.monotonic()

    async def wait_turn(self) -> None:
        """Wait until the next event is allowed."""
        now = time.monotonic()
        self._level = min(self._full, self._level + (now - self._at_s) * self._per_s)
        self._at_s = now
        self._level -= 1
        if self._level < 0:
            await asyncio.sleep(-self._level / self._per_s)
