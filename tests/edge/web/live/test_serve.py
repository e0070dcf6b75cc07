"""The live view over real HTTP: who may see, who may command, and what nobody can."""

import gc
import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from live_help import Visitor, a_frame, number_of

from crackscan.core.errors import CrackscanError
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.positioning.geotag import Position
from crackscan.edge.web.live.address import Address
from crackscan.edge.web.live.commands import Mark
from crackscan.edge.web.live.hub import MOST_COMMANDS, Hub
from crackscan.edge.web.live.keys import Keys, Role
from crackscan.edge.web.live.routes import PAGE
from crackscan.edge.web.live.serve import LiveServer, serve_hub
from crackscan.edge.web.live.values import ListedFinding, OperatingPointChoice, Status

EVERYWHERE = "0.0.0.0"
Serving = Callable[..., LiveServer]


def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    end_s = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end_s, "it did not happen in time"
        time.sleep(0.02)


def test_on_this_machine_it_needs_no_key_and_everybody_may_command(
    hub: Hub, serving: Serving
) -> None:
    live = serving()
    assert live.keys is None
    assert live.links() == [f"http://127.0.0.1:{live.address.port}/"]
    visitor = Visitor(live)
    assert visitor.state()["role"] == "control"
    answer, body = visitor.ask("POST", "/api/do", {"do": "mark", "text": "rust"})
    assert answer.status == 202
    (asked,) = hub.take_commands()
    assert asked.command == Mark("rust")
    assert json.loads(body) == {"id": asked.id}
    hub.answer_command(asked, "Marked: rust")
    assert visitor.state()["messages"] == [
        {"id": 1, "text": "Marked: rust", "good": True, "command": asked.id}
    ]


@pytest.mark.parametrize("path", sorted(PAGE))
def test_the_page_is_served_with_strict_headers(serving: Serving, path: str) -> None:
    answer, body = Visitor(serving()).get(path)
    assert answer.status == 200
    assert body
    policy = answer.getheader("Content-Security-Policy") or ""
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.getheader("Cache-Control") == "no-store"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Referrer-Policy") == "no-referrer"
    assert answer.getheader("Server") is None
    assert b"://" not in body.replace(b"http://www.w3.org/2000/svg", b""), "nothing from elsewhere"


def test_on_a_network_nothing_is_shown_without_a_key(serving: Serving) -> None:
    visitor = Visitor(serving(EVERYWHERE))
    assert visitor.get("/")[0].status == 200
    for path in ("/api/frame", "/api/state", "/api/thumbnail?number=1", "/api/else"):
        answer, body = visitor.get(path)
        assert answer.status == 401
        assert len(body) < 100
    assert visitor.ask("POST", "/api/do", {"do": "snapshot"})[0].status == 401
    for wrong in ("", "x" * 22, "x" * 1000):
        assert visitor.enter(wrong) == 401
        assert visitor.cookie == ""
    visitor.cookie = f"crackscan{visitor.live.address.port}=0000"
    assert visitor.get("/api/state")[0].status == 401


@pytest.mark.parametrize(("role", "status"), [(Role.CONTROL, 202), (Role.VIEW, 403)])
def test_a_link_lets_in_and_only_the_right_one_commands(
    hub: Hub, serving: Serving, role: Role, status: int
) -> None:
    live = serving(EVERYWHERE)
    link, _, key = live.links(role)[0].partition("#")
    assert key
    assert key not in "".join(live.addresses)
    assert link in live.addresses
    visitor = Visitor(live)
    assert visitor.enter(key) == 200
    assert visitor.state()["role"] == role
    assert visitor.get("/api/frame")[0].status == 200
    assert visitor.ask("POST", "/api/do", {"do": "snapshot"})[0].status == status
    assert len(hub.take_commands()) == (status == 202)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(serving: Serving) -> None:
    live = serving(EVERYWHERE)
    assert live.keys is not None
    answer, body = Visitor(live).ask("POST", "/api/enter", {"key": live.keys.control})
    cookie = answer.getheader("Set-Cookie") or ""
    assert cookie.startswith(f"crackscan{live.address.port}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert live.keys.control not in cookie
    assert live.keys.control.encode() not in body


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_sites_page_cannot_command(
    hub: Hub, serving: Serving, headers: dict[str, str]
) -> None:
    answer, _ = Visitor(serving()).ask("POST", "/api/do", {"do": "pause"}, headers)
    assert answer.status == 403
    assert hub.take_commands() == []


def test_a_form_of_another_kind_is_not_a_command(hub: Hub, serving: Serving) -> None:
    plain = {"Content-Type": "text/plain"}
    assert Visitor(serving()).ask("POST", "/api/do", {"do": "pause"}, plain)[0].status == 400
    assert hub.take_commands() == []


@pytest.mark.parametrize("path", ["/", "/api/state", "/api/frame"])
def test_a_foreign_name_bent_to_this_machine_is_refused(serving: Serving, path: str) -> None:
    visitor = Visitor(serving())
    assert visitor.get(path, Host="rebound.example:8765")[0].status == 403
    assert visitor.get(path, Host="localhost:1234")[0].status == 200


def test_pictures_of_this_machine_cannot_be_put_into_another_sites_page(serving: Serving) -> None:
    visitor = Visitor(serving())
    assert visitor.get("/api/frame", Sec_Fetch_Site="cross-site")[0].status == 403
    assert visitor.get("/api/frame")[0].getheader("Cross-Origin-Resource-Policy") == "same-origin"


@pytest.mark.parametrize(
    "message", [None, [], "mark", {"do": "format the disk"}, {"do": "new survey", "name": "/etc"}]
)
def test_nonsense_is_answered_with_a_line(hub: Hub, serving: Serving, message: object) -> None:
    answer, body = Visitor(serving()).ask("POST", "/api/do", message)
    assert answer.status == 400
    assert body.count(b"\n") == 1
    assert hub.take_commands() == []


def test_a_scan_that_takes_no_commands_is_not_flooded_with_them(serving: Serving) -> None:
    visitor = Visitor(serving())
    message = {"do": "new survey", "name": "north"}
    statuses = [visitor.ask("POST", "/api/do", message)[0].status for _ in range(MOST_COMMANDS + 2)]
    assert statuses == [202] * MOST_COMMANDS + [503] * 2


def test_a_frame_is_given_once_and_the_next_when_there_is_one(hub: Hub, serving: Serving) -> None:
    visitor = Visitor(serving())
    assert number_of(visitor.get("/api/frame?after=0")[1]) == 1
    got: list[tuple[int, float]] = []

    def wait() -> None:
        body = visitor.get("/api/frame?after=1")[1]
        got.append((number_of(body), time.monotonic()))

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    assert got == []
    hub.publish_frame(a_frame(1))
    published_s = time.monotonic()
    waiting.join(5)
    assert got[0][0] == 2
    assert got[0][1] - published_s < 1.0
    assert number_of(visitor.get("/api/frame?after=77")[1]) == 2, "numbers of an earlier run"


def test_frames_are_encoded_once_for_all_and_only_while_somebody_looks(
    hub: Hub, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crackscan.edge.web.live import viewer_feed

    encoded: list[int] = []
    encode = viewer_feed.encode_frame
    monkeypatch.setattr(
        viewer_feed,
        "encode_frame",
        lambda number, live: encoded.append(number) or encode(number, live),
    )
    visitor = Visitor(serving())
    for index in range(1, 6):
        hub.publish_frame(a_frame(index))
        time.sleep(0.05)
    assert encoded == []
    viewers = [threading.Thread(target=lambda: visitor.get("/api/frame?after=0")) for _ in range(6)]
    for one in viewers:
        one.start()
    for one in viewers:
        one.join(10)
    assert encoded == [6]


def test_the_state_has_what_the_scan_published(hub: Hub, serving: Serving) -> None:
    visitor = Visitor(serving())
    assert visitor.state()["status"] is None
    hub.publish_status(
        Status(
            "0",
            "crack-s",
            survey="Bridge",
            frames_per_s=9.5,
            choices=(OperatingPointChoice("default", 0.9),),
            position=Position(47.4, 8.5, "gpsd", 1.5, 3.0),
        )
    )
    status: dict[str, Any] = visitor.state()["status"]
    assert (status["survey"], status["frames_per_s"]) == ("Bridge", 9.5)
    assert status["choices"] == [{"name": "default", "threshold": 0.9}]
    assert status["position"] == {"lat": 47.4, "lon": 8.5, "age_s": 1.5, "accuracy_m": 3.0}
    assert 0 <= status["age_s"] < 5


def test_findings_come_with_a_thumbnail_and_again_only_when_changed(
    hub: Hub, serving: Serving
) -> None:
    visitor = Visitor(serving())
    frame = a_frame().frame
    hub.list_finding(
        ListedFinding(1, 0.9, BoundingBox(160, 0, 176, 240), frame.wall_s, frame.name, "0.4 mm"),
        frame.rgb,
    )
    until(lambda: visitor.state()["found"][0]["thumbnail"] is not None)
    state = visitor.state()
    (found,) = state["found"]
    assert (found["number"], found["probability"], found["width"]) == (1, 0.9, "0.4 mm")
    answer, jpeg = visitor.get(f"/api/thumbnail?number=1&version={found['thumbnail']}")
    assert answer.getheader("Content-Type") == "image/jpeg"
    assert jpeg[:2] == b"\xff\xd8"
    assert visitor.get("/api/thumbnail?number=2")[0].status == 404
    hub.send_message("something else")
    again = json.loads(visitor.get(f"/api/state?after=-1&found={state['found_version']}")[1])
    assert "found" not in again
    hub.remove_finding(1)
    assert visitor.state(again["version"])["found"] == []


def test_a_frame_is_given_back_once_its_thumbnail_is_cut(hub: Hub, serving: Serving) -> None:
    import weakref

    visitor = Visitor(serving())
    live = a_frame()
    picture = weakref.ref(live.frame.rgb)
    hub.list_finding(ListedFinding(1, 0.9, live.findings[0].box, 0.0, "#1"), live.frame.rgb)
    del live
    until(lambda: visitor.state()["found"][0]["thumbnail"] is not None)
    gc.collect()
    assert picture() is None


def test_viewers_see_when_the_scan_ends(hub: Hub) -> None:
    ended: list[bool] = []
    with serve_hub(hub, Address("127.0.0.1", 0)) as live:
        visitor = Visitor(live)
        version = visitor.state()["version"]
        waiting = threading.Thread(target=lambda: ended.append(visitor.state(version)["ended"]))
        waiting.start()
        time.sleep(0.3)
    waiting.join(5)
    assert ended == [True]
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", live.address.port), timeout=1)
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("live view")]
    hub.publish_frame(a_frame())  # and the scan may go on without


def test_a_view_of_the_next_run_takes_the_same_links_when_keys_are_kept(
    hub: Hub, tmp_path: Path
) -> None:
    path = tmp_path / "keys.json"
    with serve_hub(hub, Address(EVERYWHERE, 0), path) as live:
        visitor = Visitor(live)
        assert live.keys is not None
        assert visitor.enter(live.keys.view) == 200
    with serve_hub(Hub(), Address(EVERYWHERE, live.address.port), path) as again:
        assert again.keys == live.keys == Keys.load_or_create(path)
        assert visitor.state()["role"] == "view", "the browser's cookie is still good"


def test_two_views_at_one_address_are_refused_in_one_line(serving: Serving) -> None:
    live = serving()
    with pytest.raises(CrackscanError, match="in use"), serve_hub(Hub(), live.address):
        pass


def test_a_fault_is_answered_and_logged_and_the_view_continues(
    hub: Hub, serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    live = serving(EVERYWHERE)
    assert live.keys is not None
    visitor = Visitor(live)
    visitor.enter(live.keys.control)
    hub.publish_status(Status("0", "crack-s", temperature_c=float("nan")))
    with caplog.at_level(logging.ERROR):
        assert visitor.get("/api/state?after=-1")[0].status == 500
    assert "/api/state" in caplog.text
    for secret in (live.keys.control, live.keys.view, visitor.cookie.partition("=")[2]):
        assert secret not in caplog.text
    hub.publish_status(Status("0", "crack-s", temperature_c=50.0))
    assert visitor.state()["status"]["temperature_c"] == 50.0
