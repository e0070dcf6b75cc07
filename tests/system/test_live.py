"""The live view in a real browser, with a real scan of a real stream behind it."""

import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from phone import (
    DESKTOP,
    KEYS,
    LANDSCAPE,
    PORTRAIT,
    SMALL,
    Camera,
    Phone,
    Scan,
    complaints,
    start,
    tap,
    until,
)

sys.path.pop(0)


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        camera = Camera(free.getsockname()[1])
    camera.on()
    yield camera
    camera.off()


@pytest.fixture
def scanning(tmp_path: Path, camera: Camera) -> Iterator[Callable[[str], Scan]]:
    scans = []

    def begin(live: str) -> Scan:
        scans.append(start(tmp_path, camera, live))
        return scans[-1]

    yield begin
    for scan in scans:
        scan.process.kill()
        scan.process.wait()


@pytest.fixture
def phone() -> Iterator[Phone]:
    pytest.importorskip("selenium", reason="pip install 'crackscan[test]'")
    phone = Phone()
    yield phone
    phone.browser.quit()


@pytest.mark.system
def test_an_inspector_works_with_the_page(
    scanning: Callable[[str], Scan], phone: Phone, camera: Camera
) -> None:
    scan = scanning("127.0.0.1:0")
    phone.browser.get(scan.place)

    # Sees the wall move, and what is found, each crack once.
    until(lambda: phone.text("#state") == "Recording", "the state")
    until(lambda: phone.colours("#picture")[0] > 100, "a picture")
    until(lambda: "in view ·" in phone.text("#caption"), "a crack in view")
    until(lambda: phone.colours("#picture")[1] > 300, "its outline")
    shown = "return document.querySelector('#findings img')?.naturalWidth"
    assert until(lambda: phone.run(shown), "a thumbnail") == 320
    assert re.search(r"Crack 1\b", phone.text("#findings"))
    expected = {"Frames/s", "Free", "Alarms from"}
    facts = until(lambda: expected <= (known := phone.facts()).keys() and known, "the facts")
    assert float(facts["Frames/s"]) > 0
    cut = """return [...document.querySelectorAll("#facts dd")]
        .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText)"""
    assert phone.run(cut) == [], "no figure is cut off"

    # Each button does what it says, and says so.
    phone.press("#mark")
    phone.press("#mark-dialog .quick button:nth-child(3)")
    phone.hears("Marked: Rust")
    phone.press("#mark")
    # What people write is text, whatever it looks like.
    phone.one("#mark-text").send_keys("<b>Lager 4</b>, Süd\n")
    phone.hears("Marked: <b>Lager 4</b>, Süd")
    until(lambda: {"Rust", "<b>Lager 4</b>, Süd"} <= set(scan.notes()), "the marks are recorded")
    before = set(scan.folder.rglob("*.jpg"))
    phone.press("#snapshot")
    phone.hears("Picture saved")
    until(lambda: set(scan.folder.rglob("*.jpg")) - before, "the picture is on the disk")

    phone.press("#pause")
    until(lambda: phone.text("#state") == "Paused", "the pause")
    assert phone.text("#pause") == "Resume"
    until(lambda: phone.text("#caption").startswith("Paused"), "the caption")
    phone.press("#pause")
    until(lambda: phone.text("#state") == "Recording", "the end of the pause")

    alarms = phone.facts()["Alarms from"]
    phone.press("#more")
    phone.press("#choices label:nth-of-type(2)")
    until(lambda: phone.facts()["Alarms from"] != alarms, "the other threshold")

    phone.press("#more")
    phone.press("#open-scale")
    canvas = phone.one("#scale-picture")
    assert not phone.one("#scale-ok").is_enabled()
    tap(phone, canvas, -60, 0)
    tap(phone, canvas, 60, 10)
    phone.one("#scale-mm").send_keys("250")
    phone.press("#scale-ok")
    scale = until(lambda: phone.facts().get("Scale"), "the scale")
    wide_px = 640 / phone.run("return arguments[0].clientWidth || 318", canvas)
    assert float(scale.split()[0]) == pytest.approx(250 / (120.4 * wide_px), rel=0.1)

    phone.press("#more")
    phone.press("#open-survey")
    phone.one("#survey-name").send_keys("North pier\n")
    until(lambda: phone.text("#survey") == "North pier", "the new survey")
    assert (scan.folder / "North pier" / "survey.sqlite").is_file()
    until(lambda: "Crack" in phone.text("#findings"), "findings of the new survey")

    phone.press("#findings li button")
    assert phone.text("#finding-title").startswith("Crack ")
    assert "%" in phone.text("#finding-facts")
    phone.press("#finding-dialog button")

    # Every size of screen, and a screen reader, gets all of it.
    for size in (SMALL, LANDSCAPE, DESKTOP, PORTRAIT):
        phone.turn(size)
        until(lambda: phone.overflow_px() <= 0, f"nothing sticks out at {size}", 5)
        until(lambda: phone.colours("#picture")[0] > 100, f"a picture at {size}")
    script = """return [...document.querySelectorAll("button, input, canvas, img")]
        .filter((one) => one.checkVisibility()).map((one) => [one.outerHTML.slice(0, 60),
        one.getAttribute("aria-label") || one.innerText || one.labels?.[0]?.innerText
        || one.closest("button")?.getAttribute("aria-label") || ""])"""
    assert [what for what, name in phone.run(script) if not name.strip()] == []

    # The camera goes and comes back, and the page tells.
    camera.off()
    until(lambda: phone.text("#state") == "Camera trouble", "the loss is told")
    assert "again in" in phone.text("#trouble")
    until(lambda: phone.text("#caption").startswith("Last picture"), "how old the picture is")
    phone.press("#mark")
    phone.press("#mark-dialog .quick button:nth-child(1)")
    phone.hears("Marked: Look again")
    camera.on()
    until(lambda: phone.text("#state") == "Recording", "the camera is back")

    assert complaints(phone) == []

    # The scan ends, and the page tells.
    scan.process.send_signal(signal.SIGTERM)
    until(lambda: phone.text("#state") == "The scan has ended", "the end is told")
    assert not phone.one("#mark").is_enabled()
    assert scan.process.wait(30) == 128 + signal.SIGTERM
    until(lambda: phone.text("#state") == "No connection to the device", "that it is gone")


@pytest.mark.system
def test_on_a_network_the_link_decides(scanning: Callable[[str], Scan], phone: Phone) -> None:
    scan = scanning("0.0.0.0:0")
    port = re.search(r":(\d+)/", scan.place)
    assert port is not None
    place = f"http://127.0.0.1:{port[1]}/"

    phone.browser.get(place)
    until(lambda: phone.text("#state").startswith("Scan the code"), "that a link is needed")
    assert phone.colours("#picture")[0] <= 1
    assert not phone.one("#controls").is_displayed()
    phone.browser.get("about:blank")

    phone.browser.get(f"{place}#{KEYS['view']}")
    until(lambda: phone.colours("#picture")[0] > 100, "a picture")
    assert phone.browser.current_url == place, "the key is out of the address"
    assert not phone.one("#controls").is_displayed()
    assert phone.one("#view-only").is_displayed()
    assert phone.run("return document.cookie") == ""
    asked = """return fetch("/api/do", {method: "POST", body: '{"do": "pause"}',
        headers: {"Content-Type": "application/json"}}).then((answer) => answer.status)"""
    assert phone.run(asked) == 403

    phone.browser.get("about:blank")
    phone.browser.get(f"{place}#{KEYS['control']}")
    until(lambda: phone.one("#controls").is_displayed(), "the buttons")
    phone.press("#pause")
    until(lambda: phone.text("#state") == "Paused", "the pause")
    phone.browser.refresh()
    until(lambda: phone.one("#controls").is_displayed(), "the buttons, without the key")

    assert "Live view" in scan.told()
    for key in KEYS.values():
        assert key not in scan.told()
    assert [line for line in complaints(phone) if "401" not in line and "403" not in line] == []
