"""What the viewers' requests share: the newest frame encoded once, thumbnails, and waiting."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from crackscan.edge.web.live.hub import MOST_FOUND, Hub, Snap
from crackscan.edge.web.live.pictures import Encoded, encode, thumbnail

FRAMES_PER_S = 12.0
"""At most, however fast the scan is; frames are encoded only while somebody asks for them."""
STATES_PER_S = 4.0
WAIT_S = 10.0
"""For news, until a request is answered without."""
Result = TypeVar("Result")


class Watching:
    """Lives in the server's event loop; `work` is the one thread that cuts and encodes."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._loop = asyncio.get_running_loop()
        self._work = ThreadPoolExecutor(1, "live view pictures")
        self._changed = asyncio.Event()
        self._encoded: Encoded | None = None
        self._encoding: asyncio.Task[Encoded] | None = None
        self._encoded_s = -1.0
        self._told_s = -1.0
        self._thumbnails: dict[int, tuple[int, bytes]] = {}
        self._cuts = 0
        self._cutting: asyncio.Task[None] | None = None
        hub.listen(lambda: self._loop.call_soon_threadsafe(self._wake))
        self._wake()

    def close(self) -> None:
        """Stop listening; what is being encoded is waited for."""
        self.hub.listen(None)
        self._work.shutdown()

    async def frame(self, after: int) -> Encoded | None:
        """The newest frame, once there is another than `after`; None: there was none in time."""
        if await self._until(lambda: self.hub.newest()[0] not in (0, after)) is None:
            return None
        number, _ = self.hub.newest()
        if self._encoded is not None and self._encoded.number == number:
            return self._encoded
        if self._encoding is None:
            self._encoding = self._loop.create_task(self._encode())
        return await asyncio.shield(self._encoding)

    async def snap(self, after: int) -> tuple[int, Snap] | None:
        """Everything but the frame, and its version, once that is another than `after`."""
        if await self._until(lambda: self._version() != after) is None:
            return None
        soon_s = self._told_s + 1 / STATES_PER_S - time.monotonic()
        if soon_s > 0:
            await asyncio.sleep(soon_s)
        self._told_s = time.monotonic()
        return self._version(), self.hub.snap()

    def found_version(self, snap: Snap) -> int:
        """Rises with each change of the list, thumbnails included."""
        return snap.found_version + self._cuts

    def thumbnail_version(self, number: int) -> int | None:
        """Rises with each new thumbnail of a finding; None: there is none yet."""
        cut = self._thumbnails.get(number)
        return cut[0] if cut is not None else None

    def thumbnail(self, number: int) -> bytes | None:
        cut = self._thumbnails.get(number)
        return cut[1] if cut is not None else None

    def _version(self) -> int:
        return self.hub.version + self._cuts

    async def _until(self, ready: Callable[[], bool]) -> bool | None:
        """Wait until it is so; None: it was not in WAIT_S."""
        end_s = time.monotonic() + WAIT_S
        while not ready():
            try:
                async with asyncio.timeout(end_s - time.monotonic()):
                    await self._changed.wait()
            except TimeoutError:
                return None
        return True

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        if self._cutting is None:
            self._cutting = self._loop.create_task(self._cut())

    async def _encode(self) -> Encoded:
        try:
            soon_s = self._encoded_s + 1 / FRAMES_PER_S - time.monotonic()
            if soon_s > 0:
                await asyncio.sleep(soon_s)
            number, live = self.hub.newest()
            assert live is not None
            self._encoded_s = time.monotonic()
            self._encoded = await self._loop.run_in_executor(self._work, encode, number, live)
            return self._encoded
        finally:
            self._encoding = None

    async def _cut(self) -> None:
        """Cut the thumbnails that the hub has pictures for."""
        try:
            while pictures := self.hub.take_pictures():
                for found, picture in pictures:
                    data = await self._loop.run_in_executor(
                        self._work, thumbnail, picture, found.box
                    )
                    self._cuts += 1
                    self._thumbnails.pop(found.number, None)
                    self._thumbnails[found.number] = self._cuts, data
                del pictures, picture
                while len(self._thumbnails) > MOST_FOUND:
                    del self._thumbnails[next(iter(self._thumbnails))]
                self._changed.set()
                self._changed = asyncio.Event()
        finally:
            self._cutting = None
