"""Serves the live view from a thread in the background of the scan."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from crackscan.edge.web.live.address import Address, list_hosts, open_listener
from crackscan.edge.web.live.gate import HEADERS, Gate
from crackscan.edge.web.live.http import Handler, Limits, Server
from crackscan.edge.web.live.hub import Hub
from crackscan.edge.web.live.keys import Keys, Role
from crackscan.edge.web.live.routes import Routes, read_page
from crackscan.edge.web.live.viewer_feed import ViewerFeed

_FAREWELL_S = 0.4
"""Time in which viewers learn that the scan has ended."""
_END_S = 5.0


@dataclass(frozen=True)
class LiveServer:
    """A live view that is being served, and its links."""

    address: Address
    """With the port in use."""
    keys: Keys | None = field(repr=False)

    def links(self, role: Role = Role.CONTROL) -> list[str]:
        """The links for a browser, the best first; with keys each holds one, so keep it secret.

        The key stands after the #, a part that browsers do not send.
        """
        key = f"#{self.keys.key_of(role)}" if self.keys is not None else ""
        return [f"http://{host}:{self.address.port}/{key}" for host in list_hosts(self.address)]

    @property
    def addresses(self) -> list[str]:
        """The links without keys, fit for a log."""
        return [f"http://{host}:{self.address.port}/" for host in list_hosts(self.address)]


Begin = Callable[[Gate], tuple[Handler, Callable[[], object]]]
"""Called in the server's thread; gives the handler of requests, and what closes it."""


@contextmanager
def serve_hub(
    hub: Hub, address: Address, keys_file: Path | None = None, limits: Limits | None = None
) -> Iterator[LiveServer]:
    """Serve a hub to browsers for the time of a `with` block, from a thread of its own.

    Args:
        address: from `parse_address`; port 0 is any free one. One that only this machine can
            reach needs no key; any other gets one for control and one for viewing only.
        keys_file: where the keys are kept, so that links stay good; None: new ones each time.

    Raises:
        CrackscanError: the address cannot be used, or the keys' file cannot.
    """
    page = read_page()

    def begin(gate: Gate) -> tuple[Handler, Callable[[], object]]:
        feed = ViewerFeed(hub)
        return Routes(feed, gate, page).answer_request, feed.close

    with serve_handler(begin, address, keys_file, limits) as live:
        try:
            yield live
        finally:
            hub.end_view()


@contextmanager
def serve_handler(
    begin: Begin,
    address: Address,
    keys_file: Path | None = None,
    limits: Limits | None = None,
    option: str = "--live",
) -> Iterator[LiveServer]:
    """Serve any handler of requests, with the keys and limits of `serve_hub`."""
    keys = None
    if not address.local:
        keys = Keys.load_or_create(keys_file) if keys_file is not None else Keys.generate()
    listening = open_listener(address, option)
    used = Address(address.host, int(listening.getsockname()[1]))
    started = threading.Event()
    stop: list[Callable[[], object]] = []
    failed: list[BaseException] = []

    async def run() -> None:
        loop, ending = asyncio.get_running_loop(), asyncio.Event()
        try:
            answer, close = begin(Gate(keys, f"crackscan{used.port}"))
        except BaseException as error:
            failed.append(error)
            started.set()
            return
        server = Server(answer, HEADERS, limits)
        task = loop.create_task(server.run(listening))
        stop.append(lambda: loop.call_soon_threadsafe(ending.set))
        started.set()
        await ending.wait()
        if server.open:
            await asyncio.sleep(_FAREWELL_S)
        task.cancel()
        await asyncio.wait([task])
        close()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="live view", daemon=True)
    with listening:
        thread.start()
        started.wait()
        if failed:
            raise failed[0]
        try:
            yield LiveServer(used, keys)
        finally:
            for one in stop:
                one()
            thread.join(_END_S)
