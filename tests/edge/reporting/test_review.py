"""A reviewer's word is recorded with name and time; strangers and nonsense change nothing."""

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
from surveyed import crack_cells, drawn, make_survey, measured, numbered

from crackscan.core.errors import SurveyError
from crackscan.core.pictures import decode_picture
from crackscan.edge.survey import Survey, SurveyReader, Verdict
from crackscan.edge.survey.review import Reviewed
from crackscan.edge.web.live.gate import Gate
from crackscan.edge.web.live.http import Request, Response
from crackscan.edge.web.live.keys import Keys, Role
from crackscan.edge.web.review.routes import ReviewRoutes, read_page

HOST = "127.0.0.1:8766"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rgb = drawn()
    return make_survey(
        tmp_path / "s", [(measured(rgb, crack_cells(rgb)), rgb), (numbered(2, None), None)]
    )


class Desk:
    """A reviewer's requests, as a browser sends them."""

    def __init__(self, folder: Path, keys: Keys | None = None) -> None:
        self.survey = Reviewed(folder)
        self.routes = ReviewRoutes(self.survey, None, Gate(keys, "c"), read_page())

    def ask(self, path: str, said: Any = None, **headers: str) -> Response:
        method = "GET" if said is None else "POST"
        path, _, query = path.partition("?")
        told = {"host": HOST, "content-type": "application/json"}
        if said is not None:
            told["origin"] = f"http://{HOST}"
        pairs = dict(one.split("=") for one in query.split("&") if one)
        body = b"" if said is None else json.dumps(said).encode()
        request = Request(method, path, pairs, {**told, **headers}, body)
        return asyncio.run(self.routes.answer(request))


@pytest.fixture
def desk(folder: Path) -> Iterator[Desk]:
    desk = Desk(folder)
    yield desk
    desk.survey.close()


def test_a_verdict_is_recorded_with_name_and_time(desk: Desk, folder: Path) -> None:
    said = {"number": 1, "verdict": "rejected", "by": " Ann ", "remark": "a joint"}
    answer = desk.ask("/api/review", said)
    assert answer.status == 200 and json.loads(answer.body)["review"]["by"] == "Ann"
    assert desk.ask("/api/review", {**said, "verdict": "accepted"}).status == 200
    with SurveyReader(folder) as survey:
        [first, last] = survey.reviews(1)
        found = survey.finding(1)
    assert (first.verdict, first.by, first.remark) == (Verdict.REJECTED, "Ann", "a joint")
    assert last.at.wall_s >= first.at.wall_s > 1.7e9
    assert found is not None and found.verdict is Verdict.ACCEPTED


def test_a_review_is_no_visit(folder: Path) -> None:
    with SurveyReader(folder) as survey:
        before = survey.sessions()
    desk = Desk(folder)
    desk.ask("/api/review", {"number": 1, "verdict": "accepted", "by": "Ann"})
    desk.survey.close()
    with SurveyReader(folder) as survey:
        assert survey.sessions() == before


@pytest.mark.parametrize(
    "said",
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
def test_nonsense_changes_nothing(desk: Desk, said: Any) -> None:
    assert desk.ask("/api/review", said).status == 400
    assert desk.survey.reviews(1) == []


def test_a_finding_that_is_not_there_is_said_so(desk: Desk) -> None:
    answer = desk.ask("/api/review", {"number": 9, "verdict": "accepted", "by": "A"})
    assert answer.status == 409 and b"no finding 9" in answer.body


def test_another_site_can_neither_look_nor_judge(desk: Desk) -> None:
    said = {"number": 1, "verdict": "accepted", "by": "A"}
    assert desk.ask("/api/review", said, origin="http://evil.example").status == 403
    assert desk.ask("/api/findings", host="evil.example").status == 403
    assert desk.survey.reviews(1) == []


def test_with_keys_strangers_get_nothing_and_viewers_cannot_judge(folder: Path) -> None:
    keys = Keys.random()
    desk = Desk(folder, keys)
    said = {"number": 1, "verdict": "accepted", "by": "A"}
    assert desk.ask("/api/findings").status == 401
    assert desk.ask("/api/review", said).status == 401
    viewer = {"cookie": f"c={keys.cookie(Role.VIEW)}"}
    assert desk.ask("/api/findings", **viewer).status == 200
    assert desk.ask("/api/review", said, **viewer).status == 403
    assert desk.ask("/api/review", said, cookie=f"c={keys.cookie(Role.CONTROL)}").status == 200
    desk.survey.close()


def test_the_list_and_the_pictures(desk: Desk) -> None:
    listed = json.loads(desk.ask("/api/findings").body)
    assert [one["number"] for one in listed["findings"]] == [1, 2]
    assert listed["site"] == "Mill Bridge" and not listed["more"]
    assert listed["findings"][0]["width"].endswith(" mm")
    assert listed["findings"][1]["why"] == "no contrast"
    answer = desk.ask("/api/picture?number=1&kind=overview")
    assert decode_picture(answer.body, Path("a.jpg")).shape == (480, 640, 3)
    assert desk.ask("/api/picture?number=1&kind=close").body != answer.body
    assert desk.ask("/api/picture?number=2&kind=close").status == 404
    assert desk.ask("/api/picture?number=x").status == 404


def test_a_survey_that_is_being_written_is_not_reviewed(folder: Path) -> None:
    with Survey.resume(folder), pytest.raises(SurveyError, match="being written"):
        Reviewed(folder)


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
