"""What the requests of all viewers share: the newest frame, encoded once, and thumbnails."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from crackscan.edge.web.live.frame_encoding import EncodedFrame, cut_thumbnail, encode_frame
from crackscan.edge.web.live.hub import MOST_FOUND, Hub, HubState

FRAMES_PER_S = 12.0
"""Frames that are encoded per second at most, and only while a viewer asks for them."""
STATES_PER_S = 4.0
WAIT_S = 10.0
"""How long a request waits for news before it is answered without."""
Result = TypeVar("Result")


class ViewerFeed:
    """Belongs to the server's event loop; one thread of its own cuts and encodes."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._loop = asyncio.get_running_loop()
        self._work = ThreadPoolExecutor(1, "live view pictures")
        self._changed = asyncio.Event()
        self._encoded: EncodedFrame | None = None
        self._encoding: asyncio.Task[EncodedFrame] | None = None
        self._encoded_s = -1.0
        self._given_s = -1.0
        self._thumbnails: dict[int, tuple[int, bytes]] = {}
        self._cuts = 0
        self._cutting: asyncio.Task[None] | None = None
        hub.notify_changes(lambda: self._loop.call_soon_threadsafe(self._handle_change))
        self._handle_change()

    def close(self) -> None:
        """Stop listening, and wait for what is being encoded."""
        self.hub.notify_changes(None)
        self._work.shutdown()

    async def wait_frame(self, after: int) -> EncodedFrame | None:
        """The newest frame, once it is another than `after`; None if none came in time."""
        if await self._wait_until(lambda: self.hub.newest_frame()[0] not in (0, after)) is None:
            return None
        number, _ = self.hub.newest_frame()
        if self._encoded is not None and self._encoded.number == number:
            return self._encoded
        if self._encoding is None:
            self._encoding = self._loop.create_task(self._encode_newest())
        return await asyncio.shield(self._encoding)

    async def wait_state(self, after: int) -> tuple[int, HubState] | None:
        """The version of the state, and the state, once the version is another than `after`."""
        if await self._wait_until(lambda: self._version() != after) is None:
            return None
        soon_s = self._given_s + 1 / STATES_PER_S - time.monotonic()
        if soon_s > 0:
            await asyncio.sleep(soon_s)
        self._given_s = time.monotonic()
        return self._version(), self.hub.read_state()

    def found_version(self, snap: HubState) -> int:
        """Rises with each change of the list, thumbnails included."""
        return snap.found_version + self._cuts

    def thumbnail_version(self, number: int) -> int | None:
        """Rises with each new thumbnail of a finding; None if it has none yet."""
        cut = self._thumbnails.get(number)
        return cut[0] if cut is not None else None

    def find_thumbnail(self, number: int) -> bytes | None:
        cut = self._thumbnails.get(number)
        return cut[1] if cut is not None else None

    def _version(self) -> int:
        return self.hub.version + self._cuts

    async def _wait_until(self, ready: Callable[[], bool]) -> bool | None:
        """Wait until a condition is met; None if it was not met within WAIT_S."""
        end_s = time.monotonic() + WAIT_S
        while not ready():
            try:
                async with asyncio.timeout(end_s - time.monotonic()):
                    await self._changed.wait()
            except TimeoutError:
                return None
        return True

    def _handle_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        if self._cutting is None:
            self._cutting = self._loop.create_task(self._cut_thumbnails())

    async def _encode_newest(self) -> EncodedFrame:
        try:
            soon_s = self._encoded_s + 1 / FRAMES_PER_S - time.monotonic()
            if soon_s > 0:
                await asyncio.sleep(soon_s)
            number, live = self.hub.newest_frame()
            assert live is not None
            self._encoded_s = time.monotonic()
            self._encoded = await self._loop.run_in_executor(self._work, encode_frame, number, live)
            return self._encoded
        finally:
            self._encoding = None

    async def _cut_thumbnails(self) -> None:
        """Cut the thumbnails that the hub has pictures for."""
        try:
            while pictures := self.hub.take_pictures():
                for found, picture in pictures:
                    data = await self._loop.run_in_executor(
                        self._work, cut_thumbnail, picture, found.box
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
