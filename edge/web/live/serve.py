"""Runs the live view in a thread beside the scan, and tells how to reach it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from crackscan.edge.web.live.address import Address, hosts, listen
from crackscan.edge.web.live.gate import HEADERS, Gate
from crackscan.edge.web.live.http import Handler, Limits, Server
from crackscan.edge.web.live.hub import Hub
from crackscan.edge.web.live.keys import Keys, Role
from crackscan.edge.web.live.routes import Routes, read_page
from crackscan.edge.web.live.watching import Watching

_LAST_WORDS_S = 0.4
"""For telling the viewers that the scan has ended."""
_END_S = 5.0


@dataclass(frozen=True)
class Live:
    """A live view that is being served."""

    address: Address
    """With the port in use."""
    keys: Keys | None = field(repr=False)

    def links(self, role: Role = Role.CONTROL) -> list[str]:
        """Its addresses for a browser, the best first; with keys they hold one: keep them secret.

        The key stands after the #, which browsers send to nobody.
        """
        key = f"#{self.keys.of(role)}" if self.keys is not None else ""
        return [f"http://{host}:{self.address.port}/{key}" for host in hosts(self.address)]

    @property
    def places(self) -> list[str]:
        """The same without keys, fit for a log."""
        return [f"http://{host}:{self.address.port}/" for host in hosts(self.address)]


Begin = Callable[[Gate], tuple[Handler, Callable[[], object]]]
"""Called in the server's thread: what answers requests, and what is to be done in the end."""


@contextmanager
def serve(
    hub: Hub, address: Address, keys_file: Path | None = None, limits: Limits | None = None
) -> Iterator[Live]:
    """Serve a hub to browsers for the time of a `with` block, from a thread of its own.

    Args:
        address: from `parse_address`; port 0 is any free one. One that only this machine can
            reach needs no key; any other gets one for commanding and one for looking.
        keys_file: where the keys are kept, so that links stay good; None: new ones each time.

    Raises:
        CrackscanError: the address cannot be used, or the keys' file cannot.
    """
    page = read_page()

    def begin(gate: Gate) -> tuple[Handler, Callable[[], object]]:
        watching = Watching(hub)
        return Routes(watching, gate, page).answer, watching.close

    with serving(begin, address, keys_file, limits) as live:
        try:
            yield live
        finally:
            hub.close()


@contextmanager
def serving(
    begin: Begin,
    address: Address,
    keys_file: Path | None = None,
    limits: Limits | None = None,
    option: str = "--live",
) -> Iterator[Live]:
    """The server of `serve`, for other answers than a hub's."""
    keys = None
    if not address.local:
        keys = Keys.kept(keys_file) if keys_file is not None else Keys.random()
    listening = listen(address, option)
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
            await asyncio.sleep(_LAST_WORDS_S)
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
            yield Live(used, keys)
        finally:
            for one in stop:
                one()
            thread.join(_END_S)
