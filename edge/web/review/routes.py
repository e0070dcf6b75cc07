"""Answers the requests of the review page: the findings, their pictures, and new verdicts."""

import asyncio
import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from crackscan.core.errors import CrackscanError
from crackscan.edge.positioning.clock import Clock
from crackscan.edge.reporting.finding_drawing import draw_finding
from crackscan.edge.reporting.formatting import format_minute, format_mm, format_px, format_second
from crackscan.edge.reporting.picture_size import encode_bounded_jpeg
from crackscan.edge.reporting.report.entry import make_entry
from crackscan.edge.reporting.report.limits import DEFAULT_LIMIT_MM
from crackscan.edge.reporting.survey_pictures import SurveyPictures
from crackscan.edge.survey.review import ReviewWriter
from crackscan.edge.survey.values import Review, ReviewVerdict, StoredFinding, Which
from crackscan.edge.web.live.gate import (
    Gate,
    make_json_response,
    parse_json_object,
    parse_whole_number,
)
from crackscan.edge.web.live.http import Handler, Request, Response
from crackscan.edge.web.live.keys import Role
from crackscan.edge.web.live.routes import read_page as read_live_page

PAGE = {
    "/": ("review.html", "text/html; charset=utf-8"),
    "/review.css": ("review.css", "text/css; charset=utf-8"),
    "/review.js": ("review.js", "text/javascript; charset=utf-8"),
}
ICON = "/icon.svg"


@dataclass(frozen=True)
class ReviewLimits:
    """Sizes of answers and of what a client may send."""

    max_listed: int = 500
    """Findings in one answer; the page asks for the next ones."""
    max_name_letters: int = 60
    """Of the reviewer."""
    max_remark_letters: int = 300
    max_picture_bytes: int = 200_000
    """Of a JPEG; the page may be used over a mobile network."""


LIMITS = ReviewLimits()


class ReviewRoutes:
    """Answers requests that the gate admits; a link for viewing only cannot record verdicts."""

    def __init__(
        self,
        survey: ReviewWriter,
        source_folder: Path | None,
        gate: Gate,
        page: dict[str, Response],
    ) -> None:
        """`source_folder` holds the scanned photographs; None if they are not on this machine."""
        self._survey = survey
        self._pictures = SurveyPictures(survey.folder, source_folder)
        self._gate = gate
        self._page = page
        self._clock = Clock()
        self._sessions = {session.id: session for session in survey.sessions()}
        self._drawing = asyncio.Lock()
        """Pictures are drawn one at a time, because each may hold a whole photograph."""

    async def answer(self, request: Request) -> Response:
        """Answer a request; whatever a client sends, this does not raise."""
        role = self._gate.admit_request(request, self._page)
        if isinstance(role, Response):
            return role
        if request.method == "GET" and request.path == "/api/findings":
            response = self._list_findings(request, role)
        elif request.method == "GET" and request.path == "/api/picture":
            response = await self._send_picture(request)
        elif request.method == "POST" and request.path == "/api/review":
            response = self._record_review(request, role)
        else:
            response = Response(404, b"not found\n")
        return Response(response.status, response.body, response.kind, response.headers, known=True)

    def _list_findings(self, request: Request, role: Role) -> Response:
        after = parse_whole_number(request.query.get("after"))
        listed: list[dict[str, Any]] = []
        more = False
        for finding in self._survey.findings(Which(after=after)):
            if len(listed) == LIMITS.max_listed:
                more = True
                break
            listed.append(self._describe_finding(finding))
        info = self._survey.info()
        return make_json_response(
            {
                "site": info.site or info.name,
                "role": role,
                "total": self._survey.counts().findings,
                "more": more,
                "findings": listed,
            }
        )

    def _describe_finding(self, finding: StoredFinding) -> dict[str, Any]:
        entry = make_entry(finding, self._sessions[finding.session], DEFAULT_LIMIT_MM)
        width_mm, length_mm = entry.width_mm, entry.length_mm
        reviews = self._survey.reviews(finding.id)
        return {
            "number": entry.number,
            "frame": entry.frame,
            "time": format_second(entry.first_seen.wall_s),
            "probability": round(entry.probability, 3),
            "width": format_mm(width_mm) if width_mm else format_px(entry.width_px),
            "length": format_mm(length_mm) if length_mm else format_px(entry.length_px, 0),
            "why": entry.missing_width,
            "review": _describe_review(reviews[-1]) if reviews else None,
        }

    async def _send_picture(self, request: Request) -> Response:
        finding = self._survey.finding(parse_whole_number(request.query.get("number")))
        if finding is None:
            return Response(404)
        close_up = self._survey.close_up(finding.id)
        wants_close_up = request.query.get("kind") == "close"
        async with self._drawing:
            jpeg = await asyncio.to_thread(
                _draw_jpeg, self._pictures, finding, close_up, wants_close_up
            )
        return Response(404) if jpeg is None else Response(200, jpeg, "image/jpeg")

    def _record_review(self, request: Request, role: Role) -> Response:
        if role is not Role.CONTROL:
            return Response(403, b"this link is for viewing only\n")
        message = parse_json_object(request)
        review = None if message is None else self._parse_review(message)
        if review is None:
            return Response(400, b"expected: number, verdict, by, and optionally remark\n")
        try:
            self._survey.add_review(review)
        except CrackscanError as error:
            return Response(409, f"{error}\n".encode())
        finding = self._survey.finding(review.finding)
        assert finding is not None
        return make_json_response(self._describe_finding(finding))

    def _parse_review(self, message: dict[str, Any]) -> Review | None:
        number, by = message.get("number"), message.get("by")
        verdict, remark = message.get("verdict"), message.get("remark", "")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 2**53:
            return None
        if verdict not in list(ReviewVerdict):
            return None
        if not (isinstance(by, str) and by.strip() and _is_line(by, LIMITS.max_name_letters)):
            return None
        if not (isinstance(remark, str) and _is_line(remark, LIMITS.max_remark_letters)):
            return None
        return Review(number, ReviewVerdict(verdict), by.strip(), self._clock.now(), remark.strip())


def begin_review(
    survey: ReviewWriter, source_folder: Path | None
) -> Callable[[Gate], tuple[Handler, Callable[[], object]]]:
    """What `serve_handler` needs to serve a review: from a gate to a handler and its clean-up."""
    page = read_page()
    return lambda gate: (ReviewRoutes(survey, source_folder, gate, page).answer, lambda: None)


@functools.cache
def read_page() -> dict[str, Response]:
    """The files of the page by their paths; none of them is secret."""
    folder = files("crackscan.edge.web.review") / "page"
    page = {
        path: Response(200, (folder / name).read_bytes(), kind)
        for path, (name, kind) in PAGE.items()
    }
    return {**page, ICON: read_live_page()[ICON]}


def _describe_review(review: Review) -> dict[str, Any]:
    return {
        "verdict": review.verdict,
        "by": review.by,
        "at": format_minute(review.at.wall_s),
        "remark": review.remark,
    }


def _is_line(text: str, max_letters: int) -> bool:
    """Whether a text can be stored and shown: no control characters, no lone surrogates."""
    has_surrogate = any("\ud800" <= letter <= "\udfff" for letter in text)
    return len(text) <= max_letters and text.isprintable() and not has_surrogate


def _draw_jpeg(
    pictures: SurveyPictures, finding: StoredFinding, close_up: str | None, wants_close_up: bool
) -> bytes | None:
    sighting = finding.sighting
    rgb = pictures.read_frame(finding)
    if rgb is None:
        return None
    if wants_close_up and rgb.shape[1] < sighting.frame_width:
        kept = pictures.read_kept(close_up)
        if kept is not None:
            return encode_bounded_jpeg(kept, LIMITS.max_picture_bytes)
    drawing = draw_finding(rgb, sighting, sighting.scale)
    picture = drawing.close_up if wants_close_up else drawing.overview
    return encode_bounded_jpeg(picture, LIMITS.max_picture_bytes)
