"""The live view in a real browser, with a real scan of a real stream behind it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crackscan.edge.survey import SurveyReader

STREET = Path(__file__).parents[1] / "edge/live/street.py"
PORTRAIT, SMALL, LANDSCAPE, DESKTOP = (390, 844), (360, 640), (844, 390), (1440, 900)
KEYS = {"control": "control-key-for-a-test", "view": "view-key-for-a-test-too"}


def program(*names: str) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no {names[0]} on this machine: apt install chromium chromium-driver")
    return found


def until(true: Callable[[], Any], what: str, seconds: float = 40.0) -> Any:
    end_s = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < end_s, f"not in {seconds:g} s: {what}"
        time.sleep(0.1)
    return value


@dataclass
class Camera:
    """A camera on the network that can lose its power."""

    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/wall.mjpeg"

    def on(self) -> None:
        self.process = subprocess.Popen([sys.executable, str(STREET), str(self.port)])

        def answers() -> bool:
            with socket.socket() as one:
                return one.connect_ex(("127.0.0.1", self.port)) == 0

        until(answers, "the camera starts")

    def off(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@dataclass
class Scan:
    """`crackscan scan --live`, started as a user does."""

    process: subprocess.Popen[bytes]
    folder: Path
    log: Path
    camera: Camera
    place: str

    def told(self) -> str:
        return self.log.read_text()

    def notes(self, survey: str = "survey") -> list[str]:
        with SurveyReader(self.folder / survey) as record:
            return [note.text for _, note in record.notes()]


def start(folder: Path, camera: Camera, live: str) -> Scan:
    log = folder / "log"
    keys = folder / "keys.json"
    keys.write_text(json.dumps(KEYS))
    keys.chmod(0o600)
    settings = folder / "settings.toml"
    settings.write_text(f'live_keys = "{keys}"\n')
    arguments = ["--out", str(folder / "survey"), "--settings", str(settings), "--live", live]
    run = "from crackscan.edge.cli import main; main()"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", run, "scan", camera.address, "--threads", "1", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, "COLUMNS": "200"},
        )

    def place() -> str | None:
        assert process.poll() is None, log.read_text()
        found = re.search(r"Live view.*?(http://\S+)", log.read_text())
        return found[1].rstrip(";") if found else None

    return Scan(process, folder, log, camera, until(place, "the link is told"))


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


class Phone:
    """A browser, and a thumb for its buttons."""

    def __init__(self) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = program("chromium", "chromium-browser", "google-chrome")
        for one in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
            options.add_argument(f"--{one}")
        options.add_argument("--hide-scrollbars")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = program("chromedriver")
        self.browser = webdriver.Chrome(options=options, service=Service(driver))
        self.turn(PORTRAIT)

    def turn(self, size: tuple[int, int]) -> None:
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1}
        metrics["mobile"] = size != DESKTOP
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def run(self, script: str, *arguments: object) -> Any:
        return self.browser.execute_script(script, *arguments)

    def one(self, selector: str) -> Any:
        return self.browser.find_element("css selector", selector)

    def text(self, selector: str) -> str:
        return str(self.run("return document.querySelector(arguments[0]).innerText", selector))

    def press(self, selector: str) -> None:
        def ready() -> bool:
            button = self.one(selector)
            return button.is_displayed() and not button.get_attribute("aria-busy")

        until(ready, f"{selector} can be pressed")
        self.one(selector).click()

    def hears(self, words: str) -> None:
        until(lambda: words in self.text("#messages"), f"the message {words!r}")

    def facts(self) -> dict[str, str]:
        script = """return Object.fromEntries([...document.querySelectorAll("#facts div")].map(
            (fact) => [fact.firstChild.textContent, fact.lastChild.textContent]))"""
        return dict(self.run(script))

    def overflow_px(self) -> int:
        return int(self.run("return document.documentElement.scrollWidth - window.innerWidth"))

    def colours(self, element: str) -> list[int]:
        """How many different colours, and how many red outlines' px, the canvas shows."""
        script = """
            const canvas = document.querySelector(arguments[0]);
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const seen = new Set();
            let red = 0;
            for (let at = 0; at < data.length; at += 4) {
              seen.add(data[at] >> 4 << 8 | data[at + 1] >> 4 << 4 | data[at + 2] >> 4);
              if (data[at] > 200 && data[at + 1] < 50 && data[at + 2] < 70) red += 1;
            }
            return [seen.size, red];"""
        return list(self.run(script, element))


@pytest.fixture
def phone() -> Iterator[Phone]:
    pytest.importorskip("selenium", reason="pip install 'crackscan[test]'")
    phone = Phone()
    yield phone
    phone.browser.quit()


def complaints(phone: Phone) -> list[str]:
    """The errors that the browser's console tells."""
    log = phone.browser.get_log("browser")
    return [line["message"] for line in log if line["level"] == "SEVERE"]


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
    facts = phone.facts()
    assert float(facts["Frames/s"]) > 0
    assert {"Free", "Alarms from"} <= facts.keys()

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
    assert phone.text("#pause") == "Go on"
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


def tap(phone: Phone, element: Any, x: int, y: int) -> None:
    """Put a finger down, this far from the element's middle."""
    from selenium.webdriver import ActionChains

    ActionChains(phone.browser).move_to_element_with_offset(element, x, y).click().perform()
