"""Viewers that mean ill, or are merely slow: they hurt themselves only."""

import os
import random
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import numpy as np
import pytest
from live_help import Visitor, a_frame, number_of

from crackscan.edge.capture.frame import Frame
from crackscan.edge.web.live.http import Limits
from crackscan.edge.web.live.hub import Hub
from crackscan.edge.web.live.serve import LiveServer
from crackscan.edge.web.live.values import LiveFrame

Serving = Callable[..., LiveServer]
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def connect(live: LiveServer, receive_bytes: int | None = None) -> socket.socket:
    one = socket.socket()
    if receive_bytes is not None:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    one.settimeout(10)
    one.connect(("127.0.0.1", live.address.port))
    return one


def ended(one: socket.socket, seconds: float) -> bool:
    """Whether the server ends the connection in time; what it still sends is thrown away."""
    one.settimeout(seconds)
    end_s = time.monotonic() + seconds
    try:
        while time.monotonic() < end_s:
            if not one.recv(65536):
                return True
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


def host(live: LiveServer) -> bytes:
    return f"Host: 127.0.0.1:{live.address.port}\r\n".encode()


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * PAGE_BYTES


def a_large_frame(index: int) -> LiveFrame:
    """Noise, which JPEG makes no smaller: about 300 kB of it, more than sockets hold."""
    rgb = np.random.default_rng(index).integers(0, 256, (720, 960, 3), np.uint8)
    frame = Frame(rgb, index, f"#{index}", "0", time.monotonic(), time.time())
    return LiveFrame(frame, None, 0.6, 16)


@contextmanager
def scanning(hub: Hub) -> Iterator[list[float]]:
    """Publishes frames from another thread as a scan does; the seconds that each call took."""
    took: list[float] = []
    over = threading.Event()
    frames = [a_large_frame(index) for index in range(4)]

    def scan() -> None:
        for index in range(10_000):
            if over.wait(0.02):
                return
            began_s = time.perf_counter()
            hub.publish_frame(frames[index % len(frames)])
            took.append(time.perf_counter() - began_s)

    thread = threading.Thread(target=scan)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()


def test_one_who_never_reads_is_dropped_and_others_see_on(hub: Hub, serving: Serving) -> None:
    live = serving(limits=Limits(send_s=1.0, send_buffer_bytes=8192))
    ask = b"GET /api/frame?after=0 HTTP/1.1\r\n" + host(live) + b"\r\n"
    hub.publish_frame(a_large_frame(0))
    with scanning(hub) as took, ExitStack() as stack:
        deaf = [stack.enter_context(connect(live, 4096)) for _ in range(6)]
        for one in deaf:
            one.sendall(ask)
        seen = [0]
        end_s = time.monotonic() + 3
        while time.monotonic() < end_s:
            answer, body = Visitor(live).get(f"/api/frame?after={seen[-1]}")
            assert answer.status == 200
            seen.append(number_of(body))
        assert len(seen) >= 5, "the good viewer starves"
        time.sleep(0.5)
        assert all(ended(one, 5) for one in deaf)
    assert sorted(took)[len(took) // 2] < 0.002
    assert len(took) > 40


def test_one_who_never_finishes_a_request_is_dropped(serving: Serving) -> None:
    live = serving(limits=Limits(request_s=1.0))
    with ExitStack() as stack:
        silent = stack.enter_context(connect(live))
        slow = stack.enter_context(connect(live))
        slow.sendall(b"GET /api/state HTTP/1.1\r\n")
        long = stack.enter_context(connect(live))
        long.sendall(b"POST /api/do HTTP/1.1\r\n" + host(live) + b"Content-Length: 100\r\n\r\n{")
        began_s = time.monotonic()
        dropped = []
        while time.monotonic() - began_s < 4 and not dropped:
            try:
                slow.sendall(b"X-Drop: drop\r\n")  # each in time for the next
            except OSError:
                dropped.append(slow)
            time.sleep(0.2)
        assert dropped, "a drip of headers keeps a connection for ever"
        assert ended(silent, 3)
        assert ended(long, 3)
    assert Visitor(live).get("/")[0].status == 200


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"\r\n" * 5000,
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET " + b"/a" * 10_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        b"GET //[ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /?" + b"a=b&" * 50 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 4000,
        b"POST /api/do HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"400\r\n" * 3
        + b"x" * 4000,
        b"POST /api/do HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/do HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n"
        b"Content-Length: 5\r\n\r\n",
        random.Random(5).randbytes(20_000),
    ],
)
def test_garbage_ends_its_own_connection(serving: Serving, garbage: bytes) -> None:
    live = serving(limits=Limits(request_s=1.0))
    with connect(live) as one:
        with suppress(OSError):
            one.sendall(garbage)
        assert ended(one, 5)
    assert Visitor(live).get("/")[0].status == 200


def test_a_crowd_is_bounded_and_does_not_lock_out_who_has_a_key(hub: Hub, serving: Serving) -> None:
    live = serving("0.0.0.0", limits=Limits(accepts_per_s=200.0))
    assert live.keys is not None
    visitor = Visitor(live)
    assert visitor.enter(live.keys.view) == 200
    threads_before = threading.active_count()
    with ExitStack() as stack:
        crowd = [stack.enter_context(connect(live)) for _ in range(60)]
        for one in crowd:
            one.sendall(b"GET /api/state HTTP/1.1\r\n")
        assert threading.active_count() <= threads_before
        time.sleep(1)
        for _ in range(3):
            assert visitor.get("/api/frame")[0].status == 200
        open_s = sum(1 for one in crowd if not ended(one, 0.01))
        assert open_s <= 24, "of one address"
    assert hub.newest_frame()[0] == 1


def test_viewers_who_have_a_key_are_bounded_too(serving: Serving) -> None:
    live = serving(limits=Limits(per_address=6, accepts_per_s=200.0))
    ask = b"GET /api/frame?after=1 HTTP/1.1\r\n" + host(live) + b"\r\n"
    first = b"GET /api/frame?after=0 HTTP/1.1\r\n" + host(live) + b"\r\n"
    with ExitStack() as stack:
        known = [stack.enter_context(connect(live)) for _ in range(6)]
        for one in known:
            one.sendall(first)
            assert one.recv(12) == b"HTTP/1.1 200"
            while len(one.recv(65536)) == 65536:
                pass
        for one in known:
            one.sendall(ask)
        time.sleep(0.3)
        late = stack.enter_context(connect(live))
        assert ended(late, 3), "the limit is reached, and nobody is disconnected for it"
        assert not any(ended(one, 0.05) for one in known)


def test_a_flood_of_requests_costs_the_scan_little(hub: Hub, serving: Serving) -> None:
    live = serving(limits=Limits(unknown_per_s=20.0))
    over = threading.Event()
    answered: list[int] = []

    def flood() -> None:
        while not over.is_set():
            try:
                with connect(live) as one:
                    while not over.is_set():
                        one.sendall(b"GET /live.css HTTP/1.1\r\n" + host(live) + b"\r\n")
                        answered.append(len(one.recv(65536)))
            except OSError:
                time.sleep(0.01)

    floods = [threading.Thread(target=flood) for _ in range(4)]
    used_s = resource.getrusage(resource.RUSAGE_SELF)
    with scanning(hub) as took:
        for one in floods:
            one.start()
        time.sleep(2)
        over.set()
        for one in floods:
            one.join()
    again_s = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = again_s.ru_utime + again_s.ru_stime - used_s.ru_utime - used_s.ru_stime
    assert len(answered) < 150, "more than the limit came through"
    assert cpu_s < 1.2, "flooders, scan and server together"
    assert sorted(took)[len(took) // 2] < 0.002


def test_neither_memory_nor_the_journal_grows(
    hub: Hub, serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    live = serving(
        limits=Limits(send_s=0.5, accepts_per_s=500, known_per_s=2000, unknown_per_s=2000)
    )
    ask = b"GET /api/frame?after=0 HTTP/1.1\r\n" + host(live) + b"\r\n"
    style = b"GET /live.css HTTP/1.1\r\n" + host(live) + b"\r\n"

    def trouble(rounds: int) -> None:
        for _ in range(rounds):
            with ExitStack() as stack:
                crowd = [stack.enter_context(connect(live, 4096)) for _ in range(12)]
                for number, one in enumerate(crowd):
                    with suppress(OSError):
                        one.sendall((ask * 20, style * 50, bytes(100_000))[number % 3])
                time.sleep(0.1)

    files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    with scanning(hub):
        trouble(6)
        before = resident_bytes()
        trouble(12)
        grown = resident_bytes() - before
    assert grown < 8 << 20, f"{grown >> 20} MB more after twice the trouble"
    end_s = time.monotonic() + 5
    while len(os.listdir("/proc/self/fd")) > files:  # noqa: PTH208
        assert time.monotonic() < end_s, "connections are left open"
        time.sleep(0.1)
    assert caplog.messages == []


def test_publishing_costs_microseconds_with_and_without_viewers(hub: Hub, serving: Serving) -> None:
    frame = a_frame(1)

    def cost_s() -> float:
        took = []
        for _ in range(300):
            began_s = time.perf_counter()
            hub.publish_frame(frame)
            took.append(time.perf_counter() - began_s)
        return sorted(took)[150]

    alone_s = cost_s()
    live = serving()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            Visitor(live).get("/api/frame?after=0")

    viewers = [threading.Thread(target=watch) for _ in range(3)]
    for one in viewers:
        one.start()
    watched_s = cost_s()
    over.set()
    for one in viewers:
        one.join()
    assert alone_s < 50e-6
    assert watched_s < 500e-6
