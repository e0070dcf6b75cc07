"""A review is recorded with name and time; strangers and invalid requests change nothing."""

import asyncio
import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from synthetic_surveys import (
    draw_wall,
    find_crack_cells,
    make_sighting,
    make_survey,
    measure_finding,
)

from crackscan.core.errors import SurveyError
from crackscan.core.pictures import decode_picture
from crackscan.edge.survey import ReviewVerdict, Survey, SurveyReader
from crackscan.edge.survey.review import ReviewWriter
from crackscan.edge.web.live.gate import Gate
from crackscan.edge.web.live.http import Request, Response
from crackscan.edge.web.live.keys import Keys, Role
from crackscan.edge.web.review.routes import ReviewRoutes, read_page

HOST = "127.0.0.1:8766"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rgb = draw_wall()
    return make_survey(
        tmp_path / "s",
        [(measure_finding(rgb, find_crack_cells(rgb)), rgb), (make_sighting(2, None), None)],
    )


class ReviewClient:
    """Sends requests as a reviewer's browser does."""

    def __init__(self, folder: Path, keys: Keys | None = None) -> None:
        self.survey = ReviewWriter(folder)
        self.routes = ReviewRoutes(self.survey, None, Gate(keys, "c"), read_page())

    def send(self, path: str, message: Any = None, **headers: str) -> Response:
        method = "GET" if message is None else "POST"
        path, _, query = path.partition("?")
        default = {"host": HOST, "content-type": "application/json"}
        if message is not None:
            default["origin"] = f"http://{HOST}"
        pairs = dict(one.split("=") for one in query.split("&") if one)
        body = b"" if message is None else json.dumps(message).encode()
        request = Request(method, path, pairs, {**default, **headers}, body)
        return asyncio.run(self.routes.answer(request))


@pytest.fixture
def client(folder: Path) -> Iterator[ReviewClient]:
    client = ReviewClient(folder)
    yield client
    client.survey.close()


def test_a_verdict_is_recorded_with_name_and_time(client: ReviewClient, folder: Path) -> None:
    review = {"number": 1, "verdict": "rejected", "by": " Ann ", "remark": "a joint"}
    answer = client.send("/api/review", review)
    assert answer.status == 200 and json.loads(answer.body)["review"]["by"] == "Ann"
    assert client.send("/api/review", {**review, "verdict": "accepted"}).status == 200
    with SurveyReader(folder) as survey:
        [first, last] = survey.reviews(1)
        found = survey.finding(1)
    assert (first.verdict, first.by, first.remark) == (ReviewVerdict.REJECTED, "Ann", "a joint")
    assert last.at.wall_s >= first.at.wall_s > 1.7e9
    assert found is not None and found.verdict is ReviewVerdict.ACCEPTED


def test_a_review_begins_no_session(folder: Path) -> None:
    with SurveyReader(folder) as survey:
        before = survey.sessions()
    client = ReviewClient(folder)
    client.send("/api/review", {"number": 1, "verdict": "accepted", "by": "Ann"})
    client.survey.close()
    with SurveyReader(folder) as survey:
        assert survey.sessions() == before


@pytest.mark.parametrize(
    "review",
    [
        [], {}, {"number": 1}, {"number": True, "verdict": "accepted", "by": "A"},
        {"number": 1, "verdict": "perhaps", "by": "A"}, {"number": 1, "verdict": "accepted"},
        {"number": 1, "verdict": "accepted", "by": "  "},
        {"number": 1, "verdict": "accepted", "by": "A" * 61},
        {"number": 1, "verdict": "accepted", "by": "A\n"},
        {"number": 1, "verdict": "accepted", "by": "A", "remark": "x" * 301},
        {"number": 1, "verdict": "accepted", "by": "A", "remark": 7},
        {"number": 1, "verdict": ["accepted"], "by": "A"},
    ],
)  # fmt: skip
def test_an_invalid_review_changes_nothing(client: ReviewClient, review: Any) -> None:
    assert client.send("/api/review", review).status == 400
    assert client.survey.reviews(1) == []


def test_a_review_of_a_missing_finding_is_refused(client: ReviewClient) -> None:
    answer = client.send("/api/review", {"number": 9, "verdict": "accepted", "by": "A"})
    assert answer.status == 409 and b"no finding 9" in answer.body


def test_another_site_can_neither_read_nor_review(client: ReviewClient) -> None:
    review = {"number": 1, "verdict": "accepted", "by": "A"}
    assert client.send("/api/review", review, origin="http://evil.example").status == 403
    assert client.send("/api/findings", host="evil.example").status == 403
    assert client.survey.reviews(1) == []


def test_with_keys_strangers_get_nothing_and_viewers_cannot_review(folder: Path) -> None:
    keys = Keys.generate()
    client = ReviewClient(folder, keys)
    review = {"number": 1, "verdict": "accepted", "by": "A"}
    assert client.send("/api/findings").status == 401
    assert client.send("/api/review", review).status == 401
    viewer = {"cookie": f"c={keys.cookie_of(Role.VIEW)}"}
    assert client.send("/api/findings", **viewer).status == 200
    assert client.send("/api/review", review, **viewer).status == 403
    assert (
        client.send("/api/review", review, cookie=f"c={keys.cookie_of(Role.CONTROL)}").status == 200
    )
    client.survey.close()


def test_findings_are_listed_and_drawn(client: ReviewClient) -> None:
    listed = json.loads(client.send("/api/findings").body)
    assert [one["number"] for one in listed["findings"]] == [1, 2]
    assert listed["site"] == "Mill Bridge" and not listed["more"]
    assert listed["findings"][0]["width"].endswith(" mm")
    assert listed["findings"][1]["why"] == "no contrast"
    answer = client.send("/api/picture?number=1&kind=overview")
    assert decode_picture(answer.body, Path("a.jpg")).shape == (480, 640, 3)
    assert client.send("/api/picture?number=1&kind=close").body != answer.body
    assert client.send("/api/picture?number=2&kind=close").status == 404
    assert client.send("/api/picture?number=x").status == 404


def test_a_survey_that_is_being_written_is_not_reviewed(folder: Path) -> None:
    with Survey.resume(folder), pytest.raises(SurveyError, match="being written"):
        ReviewWriter(folder)


def test_the_command_serves_this_machine_and_ends_cleanly(folder: Path) -> None:
    program = "from crackscan.edge.cli import main; main()"
    command = [sys.executable, "-c", program, "review", str(folder), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        link = child.stdout.readline().split()[-1]
        with urllib.request.urlopen(f"{link}api/findings", timeout=30) as answer:
            assert json.load(answer)["total"] == 2
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=30) == 0
