"""A small HTTP/1.1 server that no client can make slow or large: everything has a limit.

h11 (sans I/O) reads and writes the protocol; what asyncio's transports do is bounded here.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import h11

from crackscan.edge.web.live.rate_limiter import RateLimiter


@dataclass(frozen=True)
class Limits:
    """Limits on what clients can use."""

    connections: int = 48
    per_address: int = 24
    """Connections from one address; browsers open up to six to a server."""
    accepts_per_s: float = 30.0
    """New connections; others wait in the kernel, which drops what it cannot hold."""
    unknown_per_s: float = 20.0
    """Requests per second of all clients that have not shown a key."""
    known_per_s: float = 200.0
    """Requests per second of all clients that have."""
    head_bytes: int = 8192
    body_bytes: int = 2048
    request_s: float = 5.0
    """From the first byte of a request, or from connecting, to its last."""
    idle_s: float = 30.0
    """Between requests."""
    send_s: float = 10.0
    """For taking an answer."""
    send_buffer_bytes: int = 131_072
    """In the kernel, for each connection."""


@dataclass(frozen=True)
class Request:
    """A request, complete and within the limits."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case; a header that comes twice is refused before."""
    body: bytes


@dataclass(frozen=True)
class Response:
    """An answer; `known` marks a client that has shown a key."""

    status: int
    body: bytes = b""
    kind: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    known: bool = False


Handler = Callable[[Request], Awaitable[Response]]


class Server:
    """Accepts connections and answers requests until its task is cancelled."""

    def __init__(
        self,
        handler: Handler,
        headers: Iterable[tuple[str, str]] = (),
        limits: Limits | None = None,
    ) -> None:
        """`headers` are sent with every answer."""
        self.handler = handler
        self.headers = list(headers)
        self.limits = limits or Limits()
        self.unknown_clients = RateLimiter(self.limits.unknown_per_s)
        self.known = RateLimiter(self.limits.known_per_s)
        self.open: dict[Connection, str] = {}
        """Connections and their addresses, the oldest first."""

    async def run(self, listening: socket.socket) -> None:
        """Serve on a listening socket that does not block."""
        loop = asyncio.get_running_loop()
        accepts = RateLimiter(self.limits.accepts_per_s)
        try:
            while True:
                await accepts.wait_turn()
                try:
                    accepted, peer = await loop.sock_accept(listening)
                except OSError:  # the client is gone again, or there are no file numbers left
                    await asyncio.sleep(0.1)
                    continue
                await self._admit_client(accepted, str(peer[0]))
        finally:
            for connection in list(self.open):
                connection.end()

    async def _admit_client(self, accepted: socket.socket, address: str) -> None:
        if not self._accepts_client(address):
            accepted.close()
            return
        accepted.setblocking(False)
        with suppress(OSError):
            size = self.limits.send_buffer_bytes
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(self)
        self.open[connection] = address
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, accepted)
        except OSError:
            self.open.pop(connection, None)

    def _accepts_client(self, address: str) -> bool:
        """Whether a client is accepted, if need be after ending the oldest unknown connection."""
        alike = [one for one, where in self.open.items() if where == address]
        crowd = alike if len(alike) >= self.limits.per_address else list(self.open)
        if crowd is not alike and len(crowd) < self.limits.connections:
            return True
        for connection in crowd:
            if not connection.known:
                connection.end()
                return True
        return False


class Connection(asyncio.Protocol):
    """One client: reads a request, has it answered, sends the answer, and again."""

    def __init__(self, server: Server) -> None:
        self.known = False
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=server.limits.head_bytes)
        self._task: asyncio.Task[None] | None = None
        self._readable, self._sent = asyncio.Event(), asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=0)
        self._sent.set()
        self._task = asyncio.get_running_loop().create_task(self._serve_requests(transport))

    def data_received(self, data: bytes) -> None:
        # One reading is at most 256 KiB; h11 refuses what is too long for a request.
        assert self._transport is not None
        self._transport.pause_reading()
        self._http.receive_data(data)
        self._readable.set()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        self.end()

    def pause_writing(self) -> None:
        self._sent.clear()

    def resume_writing(self) -> None:
        self._sent.set()

    def end(self) -> None:
        """Close at once, whatever the client still has to take."""
        self._server.open.pop(self, None)
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()

    async def _serve_requests(self, transport: asyncio.Transport) -> None:
        server, limits = self._server, self._server.limits
        wait_s = limits.request_s
        try:
            while True:
                try:
                    request = await self._read_request(wait_s)
                except (h11.RemoteProtocolError, ValueError):
                    await self._send_response(
                        transport, Response(400, b"this is not a request\n"), last=True
                    )
                    return
                if not self._http.trailing_data[0]:
                    transport.resume_reading()  # to notice when the client leaves
                await (server.known if self.known else server.unknown_clients).wait_turn()
                response = await self._answer_request(request)
                self.known = self.known or response.known
                await self._send_response(transport, response, last=False)
                await asyncio.sleep(0)  # requests sent all at once take turns with those of others
                if self._http.our_state is not h11.DONE or transport.is_closing():
                    return
                self._http.start_next_cycle()
                wait_s = limits.idle_s
        except (TimeoutError, ConnectionError, h11.ProtocolError, EOFError):
            return
        finally:
            self._task = None
            self.end()

    async def _answer_request(self, request: Request) -> Response:
        try:
            return await self._server.handler(request)
        except Exception:
            logging.getLogger(__name__).exception("%s %s", request.method, request.path)
            return Response(500, b"crackscan has failed to answer\n")

    async def _read_request(self, wait_s: float) -> Request:
        async with asyncio.timeout(wait_s) as deadline:
            event = await self._next_event(deadline)
            if not isinstance(event, h11.Request):
                raise EOFError
            names = [name.decode("ascii") for name, _ in event.headers]
            size = len(event.target) + sum(len(name) + len(value) for name, value in event.headers)
            if size > self._server.limits.head_bytes:
                raise ValueError("the head is too long")
            if len(names) != len(set(names)) or "transfer-encoding" in names:
                raise ValueError("a header comes twice, or the body is chunked")
            headers = {
                name: value.decode("latin-1")
                for name, (_, value) in zip(names, event.headers, strict=True)
            }
            body = b""
            while isinstance(part := await self._next_event(deadline), h11.Data):
                body += part.data
                if len(body) > self._server.limits.body_bytes:
                    raise ValueError("the body is too long")
        target = urlsplit(event.target.decode("ascii"))
        query = dict(parse_qsl(target.query, max_num_fields=8))
        return Request(event.method.decode("ascii"), target.path, query, headers, body)

    async def _next_event(self, deadline: asyncio.Timeout) -> object:
        """The next event of the protocol; its first byte starts the clock of the request."""
        began = False
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                raise ValueError("no body is that long")
            self._readable.clear()
            assert self._transport is not None
            self._transport.resume_reading()
            await self._readable.wait()
            if not began and self._http.their_state is h11.IDLE:
                began = True
                soon_s = asyncio.get_running_loop().time() + self._server.limits.request_s
                deadline.reschedule(min(deadline.when() or soon_s, soon_s))
        return event

    async def _send_response(
        self, transport: asyncio.Transport, response: Response, last: bool
    ) -> None:
        headers = [
            *([("Content-Length", str(len(response.body)))] if response.status != 204 else []),
            *([("Content-Type", response.kind)] if response.body else []),
            *self._server.headers,
            *response.headers,
            *([("Connection", "close")] if last else []),
        ]
        reason = {200: b"OK", 204: b"No Content"}.get(response.status, b"")
        head = h11.Response(status_code=response.status, headers=headers, reason=reason)
        parts = [self._http.send(head)]
        if response.body:
            parts.append(self._http.send(h11.Data(data=response.body)))
        parts.append(self._http.send(h11.EndOfMessage()))
        async with asyncio.timeout(self._server.limits.send_s):
            transport.write(b"".join(part for part in parts if part))
            await self._sent.wait()
