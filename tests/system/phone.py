"""A scan of a network camera, and a phone that looks on: a real browser and its thumb."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crackscan.edge.survey import SurveyReader

STREET = Path(__file__).parents[1] / "edge/web/live/street.py"
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
    frames_per_s: int = 8
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/wall.mjpeg"

    def on(self) -> None:
        rate = str(self.frames_per_s)
        self.process = subprocess.Popen([sys.executable, str(STREET), str(self.port), rate])

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
    camera: Camera | Path
    place: str

    def told(self) -> str:
        return self.log.read_text()

    def notes(self, survey: str = "survey") -> list[str]:
        with SurveyReader(self.folder / survey) as record:
            return [note.text for _, note in record.notes()]


def start(folder: Path, camera: Camera | Path, live: str) -> Scan:
    """Scan what a camera sends, or a film."""
    source = camera.address if isinstance(camera, Camera) else str(camera)
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
            [sys.executable, "-c", run, "scan", source, "--threads", "1", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, "COLUMNS": "200"},
        )

    def place() -> str | None:
        assert process.poll() is None, log.read_text()
        found = re.search(r"Live view.*?(http://\S+)", log.read_text())
        return found[1].rstrip(";") if found else None

    return Scan(process, folder, log, camera, until(place, "the link is told"))


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


def complaints(phone: Phone) -> list[str]:
    """The errors that the browser's console tells."""
    log = phone.browser.get_log("browser")
    return [line["message"] for line in log if line["level"] == "SEVERE"]


def tap(phone: Phone, element: Any, x: int, y: int) -> None:
    """Put a finger down, this far from the element's middle."""
    from selenium.webdriver import ActionChains

    ActionChains(phone.browser).move_to_element_with_offset(element, x, y).click().perform()
