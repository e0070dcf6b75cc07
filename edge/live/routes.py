"""What the live view answers to each request, and to whom."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from http.cookies import CookieError, SimpleCookie
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from crackscan.edge.live.commands import CommandError, parse
from crackscan.edge.live.http import Request, Response
from crackscan.edge.live.hub import Snap
from crackscan.edge.live.keys import Keys, Role
from crackscan.edge.live.values import Status
from crackscan.edge.live.watching import Watching

HEADERS = (
    ("Cache-Control", "no-store"),
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)
PAGE = {
    "/": ("live.html", "text/html; charset=utf-8"),
    "/live.css": ("live.css", "text/css; charset=utf-8"),
    "/live.js": ("live.js", "text/javascript; charset=utf-8"),
    "/commands.js": ("commands.js", "text/javascript; charset=utf-8"),
    "/drawing.js": ("drawing.js", "text/javascript; charset=utf-8"),
    "/scale.js": ("scale.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_SESSION_S = 30 * 24 * 3600


class Routes:
    """Answers requests. Without keys it serves this machine only, and everybody on it may command.

    A key comes once, in the body of a POST, out of the part of the link that browsers send to
    nobody (after the #), and is then replaced by a cookie that no script and no other site can use.
    """

    def __init__(
        self, watching: Watching, keys: Keys | None, cookie: str, page: dict[str, Response]
    ) -> None:
        """`cookie` is its name (browsers do not keep those of different ports apart), `page` what
        everybody may have."""
        self._watching = watching
        self._keys = keys
        self._cookie = cookie
        self._page = page
        self._gets: dict[str, Callable[[Request, Role], Awaitable[Response]]] = {
            "/api/frame": self._frame,
            "/api/state": self._state,
            "/api/thumbnail": self._thumbnail,
        }

    async def answer(self, request: Request) -> Response:
        """Never raises for anything that a client can say."""
        if not self._is_ours(request):
            return Response(403, b"not from another site\n")
        if request.method == "GET" and request.path in self._page:
            return self._page[request.path]
        if request.method == "POST" and not _is_same_origin(request):
            return Response(403, b"not from another site\n")
        if request.method == "POST" and request.path == "/api/enter":
            return self._enter(request)
        role = self._role(request)
        if role is None:
            return Response(401, b"open the link, or scan its code, once more\n")
        if request.method == "GET" and request.path in self._gets:
            response = await self._gets[request.path](request, role)
        elif request.method == "POST" and request.path == "/api/do":
            response = self._do(request, role)
        else:
            response = Response(404, b"there is nothing\n")
        return Response(response.status, response.body, response.kind, response.headers, known=True)

    def _is_ours(self, request: Request) -> bool:
        """Whether the request is meant for this server: no page of another site, and no name of
        another site that was bent to this machine's address (DNS rebinding)."""
        if request.path.startswith("/api/") and request.headers.get("sec-fetch-site") in (
            "cross-site",
            "same-site",
        ):
            return False
        return self._keys is not None or _host(request.headers.get("host", "")) in _LOCAL

    def _role(self, request: Request) -> Role | None:
        if self._keys is None:
            return Role.CONTROL
        try:
            cookies = SimpleCookie(request.headers.get("cookie", ""))
        except CookieError:
            return None
        cookie = cookies.get(self._cookie)
        return self._keys.role_of_cookie(cookie.value) if cookie is not None else None

    def _enter(self, request: Request) -> Response:
        said = _json(request)
        key = said.get("key") if said is not None else None
        if self._keys is None or not isinstance(key, str):
            return Response(400, b"a key is expected\n")
        role = self._keys.role_of_key(key)
        if role is None:
            return Response(401, b"this link is not valid any more\n")
        value = f"{self._cookie}={self._keys.cookie(role)}"
        rules = f"Path=/; HttpOnly; SameSite=Strict; Max-Age={_SESSION_S}"
        return _told({"role": role}, headers=(("Set-Cookie", f"{value}; {rules}"),), known=True)

    async def _frame(self, request: Request, role: Role) -> Response:  # noqa: ARG002
        encoded = await self._watching.frame(_whole(request.query.get("after")))
        if encoded is None:
            return Response(204)
        return Response(200, encoded.body, "application/octet-stream")

    async def _state(self, request: Request, role: Role) -> Response:
        told = await self._watching.snap(_whole(request.query.get("after")))
        if told is None:
            return Response(204)
        version, snap = told
        state = {
            "version": version,
            "role": role,
            "ended": snap.ended,
            "status": _status(snap),
            "messages": [asdict(message) for message in snap.messages],
            "found_version": self._watching.found_version(snap),
        }
        if state["found_version"] != _whole(request.query.get("found")):
            state["found"] = [
                {
                    "number": found.number,
                    "probability": round(found.probability, 3),
                    "wall_s": round(found.wall_s, 1),
                    "frame": found.frame,
                    "width": found.width,
                    "place": found.place,
                    "thumbnail": self._watching.thumbnail_version(found.number),
                }
                for found in snap.found
            ]
        return _told(state)

    async def _thumbnail(self, request: Request, role: Role) -> Response:  # noqa: ARG002
        data = self._watching.thumbnail(_whole(request.query.get("number")))
        return Response(404) if data is None else Response(200, data, "image/jpeg")

    def _do(self, request: Request, role: Role) -> Response:
        if role is not Role.CONTROL:
            return Response(403, b"this link is for viewing only\n")
        said = _json(request)
        if said is None:
            return Response(400, b"a command is expected\n")
        try:
            command = parse(said)
        except CommandError as error:
            return Response(400, f"{error}\n".encode())
        number = self._watching.hub.offer(command)
        if number is None:
            return Response(503, b"the scan is busy: try again\n")
        return _told({"id": number}, 202)


def read_page() -> dict[str, Response]:
    """The files of the page by their paths; nothing in them is secret."""
    room = files("crackscan.edge.live") / "page"
    return {
        path: Response(200, (room / name).read_bytes(), kind) for path, (name, kind) in PAGE.items()
    }


def _told(
    said: dict[str, Any],
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
    known: bool = False,
) -> Response:
    body = json.dumps(said, allow_nan=False).encode()
    return Response(status, body, "application/json", headers, known)


def _status(snap: Snap) -> dict[str, Any] | None:
    status: Status | None = snap.status
    if status is None:
        return None
    position = status.position
    told = asdict(status)
    told["position"] = position and {
        "lat": position.lat,
        "lon": position.lon,
        "age_s": position.age_s,
        "accuracy_m": position.accuracy_m,
    }
    told["age_s"] = round(time.monotonic() - snap.status_monotonic_s, 1)
    return told


def _json(request: Request) -> dict[str, Any] | None:
    """The object in the body of a request; None: there is none."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return None
    try:
        said = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _is_same_origin(request: Request) -> bool:
    """Whether the page that sends a request came from this server; every browser tells."""
    origin = request.headers.get("origin", "")
    try:
        netloc = urlsplit(origin).netloc
    except ValueError:
        return False
    return netloc != "" and netloc == request.headers.get("host")


def _host(netloc: str) -> str:
    """The host without its port and brackets."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


def _whole(text: str | None) -> int:
    """A whole number from a query, -1 for anything else."""
    return (
        int(text)
        if text is not None and text.isascii() and text.isdigit() and len(text) < 16
        else -1
    )
