"""A real HTTP camera on the loopback interface gives frames, fails, and recovers.

RTSP and UDP need programs of the OS: see tests/system/test_streams.py.
"""

import itertools
import os
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from crackscan.core.errors import SourceError
from crackscan.core.pictures import RGB
from crackscan.edge.capture import SourceState, open_source

RED, BLUE = (220, 20, 20), (20, 20, 220)


def picture(number: int) -> RGB:
    """Red left, blue right, and below a white bar that moves."""
    rgb = np.empty((120, 160, 3), np.uint8)
    rgb[:, :80], rgb[:, 80:] = RED, BLUE
    at = 8 * (number % 18)
    rgb[90:, at : at + 16] = 255
    return rgb


def red_is_red(rgb: RGB) -> bool:
    return np.allclose(rgb[:80, :64], RED, atol=30) and np.allclose(rgb[:80, 96:], BLUE, atol=30)


class Mjpeg(BaseHTTPRequestHandler):
    """A network camera's answer: JPEGs without end, or nothing while `silent` is set."""

    silent = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for number in itertools.count():
            bgr = cv2.cvtColor(picture(number), cv2.COLOR_RGB2BGR)
            data = cv2.imencode(".jpg", bgr)[1].tobytes()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            try:
                self.wfile.write(head.encode() + data + b"\r\n")
            except OSError:
                return
            time.sleep(0.03)
            while self.silent.is_set():
                time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    """Ends with all its connections, as a camera without power."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Mjpeg)
        self.connections: list[socket.socket] = []

    def finish_request(self, request: object, client_address: object) -> None:
        self.connections.append(request)  # type: ignore[arg-type]
        super().finish_request(request, client_address)  # type: ignore[arg-type]


@contextmanager
def camera(port: int = 0) -> Iterator[Server]:
    server = Server(port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        for connection in server.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def test_an_http_camera_is_read_lost_and_opened_again() -> None:
    with camera() as server:
        port = server.server_address[1]
        source = open_source(f"http://user:secret@127.0.0.1:{port}/video.mjpg")
        frames = iter(source)
        first = list(itertools.islice(frames, 5))
    with source:
        assert all(red_is_red(frame.rgb) for frame in first)
        assert first[0].rgb.shape == (120, 160, 3) and source.live
        assert "secret" not in source.name + first[0].source + first[0].name
        until_s = time.monotonic() + 10
        while source.condition.state is not SourceState.LOST and time.monotonic() < until_s:
            time.sleep(0.05)
        assert source.condition.state is SourceState.LOST and "secret" not in source.condition.text
        with camera(port):
            frame = next(frame for frame in frames if source.gaps)
            assert red_is_red(frame.rgb) and frame.index > first[-1].index
            assert source.condition.good and len(source.gaps) == 1
            source.stop()
    assert "OPENCV_FFMPEG_CAPTURE_OPTIONS" not in os.environ  # it would spoil video files


def test_a_stream_that_falls_silent_is_noticed_within_its_deadline() -> None:
    Mjpeg.silent.clear()
    with camera() as server:
        port = server.server_address[1]
        with open_source(f"http://127.0.0.1:{port}/#timeout=1,giveup=0.5") as source:
            frames = iter(source)
            next(frames)
            Mjpeg.silent.set()
            began_s = time.monotonic()
            try:
                with pytest.raises(SourceError, match=r"gave no picture|stopped giving"):
                    list(frames)
                assert time.monotonic() - began_s < 5
            finally:
                Mjpeg.silent.clear()


def test_a_program_ends_in_order_while_its_stream_is_silent() -> None:
    program = """if True:
        import sys
        from crackscan.edge.capture import open_source
        with open_source(sys.argv[1]) as source:
            next(iter(source))
            sys.stdin.readline()
        print("closed")
    """
    Mjpeg.silent.clear()
    with camera() as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/#timeout=3"
        command = [sys.executable, "-c", program, address]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        child = subprocess.Popen(command, text=True, **pipes)  # type: ignore[call-overload]
        while not server.connections and child.poll() is None:
            time.sleep(0.05)
        time.sleep(0.5)
        Mjpeg.silent.set()
        try:
            output, errors = child.communicate("\n", timeout=30)
        finally:
            Mjpeg.silent.clear()
    assert (child.returncode, output, errors) == (0, "closed\n", "")


def unanswered(port: int) -> str:
    return f"rtsp://127.0.0.1:{port}/stream#timeout=1"


def a_page(port: int) -> str:
    return f"http://127.0.0.1:{port}/#timeout=1"


class Page(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(1000)
        self.request.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<p>hello</p>")


class Silent(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        time.sleep(20)


@pytest.mark.parametrize(
    ("handler", "address"),
    [(None, unanswered), (Page, a_page), (Silent, unanswered), (Silent, a_page)],
)
def test_a_wrong_stream_is_one_line_within_its_deadline(
    handler: type[socketserver.BaseRequestHandler] | None,
    address: Callable[[int], str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler or Page)
    server.daemon_threads, server.block_on_close = True, False
    port = server.server_address[1]
    if handler is None:
        server.server_close()
    else:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    began_s = time.monotonic()
    try:
        with (
            pytest.raises(SourceError, match=r"nothing answers there|gave no picture") as caught,
            open_source(address(port)) as source,
        ):
            list(source)
    finally:
        if handler is not None:
            server.shutdown()
            server.server_close()
    assert time.monotonic() - began_s < 6
    assert "\n" not in str(caught.value)
    printed = capfd.readouterr()
    # FFmpeg's log level is fixed when it is first used in a process, here perhaps by another test.
    assert [line for line in printed.err.splitlines() if " @ 0x" not in line] == []
    assert printed.out == ""


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("rtsp:///stream", "is not the address of a stream"),
        ("udp://127.0.0.1", "is not the address of a stream"),
        ("udp://127.0.0.1:port", "is not the address of a stream"),
        ("rtsp://h/s#transport=sctp", "wrong transport: 'sctp'; give for example transport=udp"),
        ("http://h/s#transport=udp", "has no option transport"),
        ("rtsp://u:secret@h/s#channel=1", "unknown option 'channel'"),
    ],
)
def test_wrong_addresses_are_reported_at_once(name: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as caught:
        open_source(name)
    assert "secret" not in str(caught.value)
