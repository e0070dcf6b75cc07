"""Access control: users of this machine, and clients that have shown a key."""

import json
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from crackscan.edge.web.live.http import Request, Response
from crackscan.edge.web.live.keys import Keys, Role

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
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_SESSION_S = 30 * 24 * 3600


class Gate:
    """Without keys only this machine is admitted, and everybody on it has control.

    A key arrives once, in the body of a POST; it stands in the part of the link that browsers do
    not send (after the #). It is then replaced by a cookie that no script and no other site can
    use.
    """

    def __init__(self, keys: Keys | None, cookie: str) -> None:
        """`cookie` is the name of the cookie: browsers do not separate the cookies of two ports."""
        self._keys = keys
        self._cookie = cookie

    def admit_request(self, request: Request, page: Mapping[str, Response]) -> Role | Response:
        """The role of a client, or the response that refuses or serves it.

        `page` has the files that need no key.
        """
        if not self._is_ours(request):
            return Response(403, b"not from another site\n")
        if request.method == "GET" and request.path in page:
            return page[request.path]
        if request.method == "POST" and not _is_same_origin(request):
            return Response(403, b"not from another site\n")
        if request.method == "POST" and request.path == "/api/enter":
            return self._exchange_key(request)
        role = self._find_role(request)
        return role or Response(401, b"open the link, or scan its code, once more\n")

    def _is_ours(self, request: Request) -> bool:
        """Whether the request is meant for this server.

        It is not if a page of another site sent it, or if the name of another site was pointed at
        this machine's address (DNS rebinding).
        """
        if request.path.startswith("/api/") and request.headers.get("sec-fetch-site") in (
            "cross-site",
            "same-site",
        ):
            return False
        return self._keys is not None or _host_name(request.headers.get("host", "")) in _LOCAL

    def _find_role(self, request: Request) -> Role | None:
        if self._keys is None:
            return Role.CONTROL
        try:
            cookies = SimpleCookie(request.headers.get("cookie", ""))
        except CookieError:
            return None
        cookie = cookies.get(self._cookie)
        return self._keys.role_of_cookie(cookie.value) if cookie is not None else None

    def _exchange_key(self, request: Request) -> Response:
        message = parse_json_object(request)
        key = message.get("key") if message is not None else None
        if self._keys is None or not isinstance(key, str):
            return Response(400, b"a key is expected\n")
        role = self._keys.role_of_key(key)
        if role is None:
            return Response(401, b"this link is no longer valid\n")
        value = f"{self._cookie}={self._keys.cookie_of(role)}"
        rules = f"Path=/; HttpOnly; SameSite=Strict; Max-Age={_SESSION_S}"
        return make_json_response(
            {"role": role}, headers=(("Set-Cookie", f"{value}; {rules}"),), known=True
        )


def make_json_response(
    message: dict[str, Any],
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
    known: bool = False,
) -> Response:
    """An answer in JSON."""
    body = json.dumps(message, allow_nan=False).encode()
    return Response(status, body, "application/json", headers, known)


def parse_json_object(request: Request) -> dict[str, Any] | None:
    """The JSON object in the body of a request; None if there is none."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return None
    try:
        message = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def parse_whole_number(text: str | None) -> int:
    """A whole number from a query, -1 for anything else."""
    good = text is not None and text.isascii() and text.isdigit() and len(text) < 16
    return int(text) if text is not None and good else -1


def _is_same_origin(request: Request) -> bool:
    """Whether the page that sends a request came from this server, by the Origin header."""
    origin = request.headers.get("origin", "")
    try:
        netloc = urlsplit(origin).netloc
    except ValueError:
        return False
    return netloc != "" and netloc == request.headers.get("host")


def _host_name(netloc: str) -> str:
    """The host without its port and brackets."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""
