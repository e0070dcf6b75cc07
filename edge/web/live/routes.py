"""Answers the requests to the live view."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from crackscan.edge.web.live.commands import CommandError, parse_command
from crackscan.edge.web.live.gate import (
    Gate,
    make_json_response,
    parse_json_object,
    parse_whole_number,
)
from crackscan.edge.web.live.http import Request, Response
from crackscan.edge.web.live.hub import HubState
from crackscan.edge.web.live.keys import Role
from crackscan.edge.web.live.values import Status
from crackscan.edge.web.live.viewer_feed import ViewerFeed

PAGE = {
    "/": ("live.html", "text/html; charset=utf-8"),
    "/live.css": ("live.css", "text/css; charset=utf-8"),
    "/live.js": ("live.js", "text/javascript; charset=utf-8"),
    "/commands.js": ("commands.js", "text/javascript; charset=utf-8"),
    "/drawing.js": ("drawing.js", "text/javascript; charset=utf-8"),
    "/elements.js": ("elements.js", "text/javascript; charset=utf-8"),
    "/findings.js": ("findings.js", "text/javascript; charset=utf-8"),
    "/scale.js": ("scale.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


class Routes:
    """Answers the requests that the gate admits."""

    def __init__(self, feed: ViewerFeed, gate: Gate, page: dict[str, Response]) -> None:
        """`page` has the files that need no key."""
        self._feed = feed
        self._gate = gate
        self._page = page
        self._gets: dict[str, Callable[[Request, Role], Awaitable[Response]]] = {
            "/api/frame": self._answer_frame,
            "/api/state": self._answer_state,
            "/api/thumbnail": self._answer_thumbnail,
        }

    async def answer_request(self, request: Request) -> Response:
        """Answer a request; never raises, whatever a client sends."""
        role = self._gate.admit_request(request, self._page)
        if isinstance(role, Response):
            return role
        if request.method == "GET" and request.path in self._gets:
            response = await self._gets[request.path](request, role)
        elif request.method == "POST" and request.path == "/api/do":
            response = self._answer_command(request, role)
        else:
            response = Response(404, b"there is no such page\n")
        return Response(response.status, response.body, response.kind, response.headers, known=True)

    async def _answer_frame(self, request: Request, role: Role) -> Response:  # noqa: ARG002
        encoded = await self._feed.wait_frame(parse_whole_number(request.query.get("after")))
        if encoded is None:
            return Response(204)
        return Response(200, encoded.body, "application/octet-stream")

    async def _answer_state(self, request: Request, role: Role) -> Response:
        news = await self._feed.wait_state(parse_whole_number(request.query.get("after")))
        if news is None:
            return Response(204)
        version, snap = news
        state = {
            "version": version,
            "role": role,
            "ended": snap.ended,
            "status": _make_status_values(snap),
            "messages": [asdict(message) for message in snap.messages],
            "found_version": self._feed.found_version(snap),
        }
        if state["found_version"] != parse_whole_number(request.query.get("found")):
            state["found"] = [
                {
                    "number": found.number,
                    "probability": round(found.probability, 3),
                    "wall_s": round(found.wall_s, 1),
                    "frame": found.frame,
                    "width": found.width,
                    "place": found.place,
                    "thumbnail": self._feed.thumbnail_version(found.number),
                }
                for found in snap.found
            ]
        return make_json_response(state)

    async def _answer_thumbnail(self, request: Request, role: Role) -> Response:  # noqa: ARG002
        data = self._feed.find_thumbnail(parse_whole_number(request.query.get("number")))
        return Response(404) if data is None else Response(200, data, "image/jpeg")

    def _answer_command(self, request: Request, role: Role) -> Response:
        if role is not Role.CONTROL:
            return Response(403, b"this link is for viewing only\n")
        message = parse_json_object(request)
        if message is None:
            return Response(400, b"a command is expected\n")
        try:
            command = parse_command(message)
        except CommandError as error:
            return Response(400, f"{error}\n".encode())
        number = self._feed.hub.offer_command(command)
        if number is None:
            return Response(503, b"the scan is busy: try again\n")
        return make_json_response({"id": number}, 202)


def read_page() -> dict[str, Response]:
    """The files of the page by their paths; they hold no secret."""
    folder = files("crackscan.edge.web.live") / "page"
    return {
        path: Response(200, (folder / name).read_bytes(), kind)
        for path, (name, kind) in PAGE.items()
    }


def _make_status_values(snap: HubState) -> dict[str, Any] | None:
    status: Status | None = snap.status
    if status is None:
        return None
    position = status.position
    known = asdict(status)
    known["position"] = position and {
        "lat": position.lat,
        "lon": position.lon,
        "age_s": position.age_s,
        "accuracy_m": position.accuracy_m,
    }
    known["age_s"] = round(time.monotonic() - snap.status_monotonic_s, 1)
    return known
