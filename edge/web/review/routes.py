"""What the review page asks, and what it is answered."""

import asyncio
import functools
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from crackscan.core.errors import CrackscanError
from crackscan.edge.positioning.clock import Clock
from crackscan.edge.reporting.finding_drawing import draw_finding
from crackscan.edge.reporting.formatting import format_minute, format_mm, format_px, format_second
from crackscan.edge.reporting.picture_size import encode_bounded_jpeg
from crackscan.edge.reporting.report.entry import make_entry
from crackscan.edge.reporting.survey_pictures import SurveyPictures
from crackscan.edge.survey.review import Reviewed
from crackscan.edge.survey.values import Review, StoredFinding, Verdict, Which
from crackscan.edge.web.live.gate import Gate, as_json, object_in, whole
from crackscan.edge.web.live.http import Handler, Request, Response
from crackscan.edge.web.live.keys import Role
from crackscan.edge.web.live.routes import read_page as read_live_page

PAGE = {
    "/": ("review.html", "text/html; charset=utf-8"),
    "/review.css": ("review.css", "text/css; charset=utf-8"),
    "/review.js": ("review.js", "text/javascript; charset=utf-8"),
}
ICON = "/icon.svg"
MOST_LISTED = 500
"""Findings in one answer."""
MOST_NAME, MOST_REMARK = 60, 300
"""Characters."""
_PICTURE_BYTES = 200_000


class ReviewRoutes:
    """Answers the requests of those whom the gate lets in; who may only look cannot judge."""

    def __init__(
        self, survey: Reviewed, source: Path | None, gate: Gate, page: dict[str, Response]
    ) -> None:
        """`source` is the folder of the scanned photographs, where it is at hand."""
        self._survey = survey
        self._pictures = SurveyPictures(survey.folder, source)
        self._gate = gate
        self._page = page
        self._clock = Clock()
        self._sessions = {session.id: session for session in survey.sessions()}
        self._one_drawing = asyncio.Lock()

    async def answer(self, request: Request) -> Response:
        """Never raises for anything that a client can say."""
        role = self._gate.admit(request, self._page)
        if isinstance(role, Response):
            return role
        if request.method == "GET" and request.path == "/api/findings":
            response = self._list(request, role)
        elif request.method == "GET" and request.path == "/api/picture":
            response = await self._picture(request)
        elif request.method == "POST" and request.path == "/api/review":
            response = self._review(request, role)
        else:
            response = Response(404, b"there is nothing\n")
        return Response(response.status, response.body, response.kind, response.headers, known=True)

    def _list(self, request: Request, role: Role) -> Response:
        after = whole(request.query.get("after"))
        listed: list[dict[str, Any]] = []
        more = False
        for found in self._survey.findings(Which(after=after)):
            if len(listed) == MOST_LISTED:
                more = True
                break
            listed.append(self._told(found))
        info = self._survey.info()
        return as_json(
            {
                "site": info.site or info.name,
                "role": role,
                "total": self._survey.counts().findings,
                "more": more,
                "findings": listed,
            }
        )

    def _told(self, found: StoredFinding) -> dict[str, Any]:
        entry = make_entry(found, self._sessions[found.session], 1.0)
        reviews = self._survey.reviews(found.id)
        last = reviews[-1] if reviews else None
        return {
            "number": entry.number,
            "frame": entry.frame,
            "time": format_second(entry.first_seen.wall_s),
            "probability": round(entry.probability, 3),
            "width": format_mm(entry.width_mm) if entry.width_mm else format_px(entry.width_px),
            "length": format_mm(entry.length_mm)
            if entry.length_mm
            else format_px(entry.length_px, 0),
            "why": entry.missing_width,
            "review": None
            if last is None
            else {
                "verdict": last.verdict,
                "by": last.by,
                "at": format_minute(last.at.wall_s),
                "remark": last.remark,
            },
        }

    async def _picture(self, request: Request) -> Response:
        found = self._survey.finding(whole(request.query.get("number")))
        if found is None:
            return Response(404)
        close_up = self._survey.close_up(found.id)
        async with self._one_drawing:
            drawn = await asyncio.to_thread(
                _drawn, self._pictures, found, close_up, request.query.get("kind") == "close"
            )
        return Response(404) if drawn is None else Response(200, drawn, "image/jpeg")

    def _review(self, request: Request, role: Role) -> Response:
        if role is not Role.CONTROL:
            return Response(403, b"this link is for looking only\n")
        said = object_in(request)
        review = None if said is None else self._parsed(said)
        if review is None:
            return Response(400, b"a number, a verdict and a name are expected\n")
        try:
            self._survey.add_review(review)
        except CrackscanError as error:
            return Response(409, f"{error}\n".encode())
        found = self._survey.finding(review.finding)
        assert found is not None
        return as_json(self._told(found))

    def _parsed(self, said: dict[str, Any]) -> Review | None:
        number, by, remark = said.get("number"), said.get("by"), said.get("remark", "")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 2**53:
            return None
        if said.get("verdict") not in list(Verdict):
            return None
        if not (isinstance(by, str) and by.strip() and by.isprintable() and len(by) <= MOST_NAME):
            return None
        if not (isinstance(remark, str) and len(remark) <= MOST_REMARK and _plain(remark)):
            return None
        verdict = Verdict(said["verdict"])
        return Review(number, verdict, by.strip(), self._clock.now(), remark.strip())


def begin_review(
    survey: Reviewed, source: Path | None
) -> Callable[[Gate], tuple[Handler, Callable[[], object]]]:
    """For `serving`: the answers about a survey."""
    page = read_page()
    return lambda gate: (ReviewRoutes(survey, source, gate, page).answer, lambda: None)


@functools.cache
def read_page() -> dict[str, Response]:
    """The files of the page by their paths; nothing in them is secret."""
    room = files("crackscan.edge.web.review") / "page"
    page = {
        path: Response(200, (room / name).read_bytes(), kind) for path, (name, kind) in PAGE.items()
    }
    return {**page, ICON: read_live_page()[ICON]}


def _plain(text: str) -> bool:
    """Whether text can be stored and shown: no control characters, no halves of characters."""
    return text.isprintable() and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _drawn(
    pictures: SurveyPictures, found: StoredFinding, close_up: str | None, close: bool
) -> bytes | None:
    sighting = found.sighting
    rgb = pictures.read_frame(found)
    if rgb is None:
        return None
    kept = pictures.read_kept(close_up) if close and rgb.shape[1] < sighting.frame_width else None
    if kept is not None:
        return encode_bounded_jpeg(kept, _PICTURE_BYTES)
    drawn = draw_finding(rgb, sighting, sighting.scale)
    return encode_bounded_jpeg(drawn.close_up if close else drawn.overview, _PICTURE_BYTES)
