"""Something to see, and a visitor to see it."""

import http.client
import json
import struct
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.web.live.serve import LiveServer
from crackscan.edge.web.live.values import LiveFrame, VisibleFinding


def a_frame(index: int = 0, height: int = 240, width: int = 320) -> LiveFrame:
    """A red frame, with a crack through its middle column of cells."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[:] = 200, 30, 40
    crack_map = np.zeros((-(-height // 16), -(-width // 16)), np.float32)
    crack_map[:, 10] = 0.9
    frame = Frame(rgb, index, f"clip.mp4#{index}", "clip.mp4", time.monotonic(), time.time())
    return LiveFrame(
        frame,
        lambda: crack_map,
        0.6,
        16,
        (VisibleFinding(1, 0.9, BoundingBox(160, 0, 176, height)),),
    )


def number_of(body: bytes) -> int:
    """Which frame an answer holds."""
    (length,) = struct.unpack(">I", body[:4])
    return int(json.loads(body[4 : 4 + length])["number"])


@dataclass
class Visitor:
    """A viewer's browser, as far as HTTP goes: keeps a cookie, sends its origin."""

    live: LiveServer
    cookie: str = ""

    def ask(
        self,
        method: str,
        path: str,
        message: object = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        host = f"127.0.0.1:{self.live.address.port}"
        sent = {"Cookie": self.cookie} if self.cookie else {}
        body = None
        if method == "POST":
            sent |= {"Content-Type": "application/json", "Origin": f"http://{host}"}
            body = json.dumps(message)
        connection = http.client.HTTPConnection(host, timeout=20)
        try:
            connection.request(method, path, body, sent | (headers or {}))
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        return self.ask("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def state(self, after: int = -1) -> dict[str, Any]:
        answer, body = self.get(f"/api/state?after={after}")
        assert answer.status == 200, (answer.status, body)
        state: dict[str, Any] = json.loads(body)
        return state

    def enter(self, key: str) -> int:
        answer, _ = self.ask("POST", "/api/enter", {"key": key})
        self.cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        return answer.status
