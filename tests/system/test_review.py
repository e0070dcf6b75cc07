"""The review page in a real browser: by keys and by touch; without a name nothing is recorded."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "edge/reporting"))

from synthetic_surveys import draw_wall, find_crack_cells, make_survey, measure_finding

from crackscan.edge.survey import ReviewVerdict, SurveyReader
from crackscan.edge.survey.review import ReviewWriter
from crackscan.edge.web.live.address import Address
from crackscan.edge.web.live.serve import serve_handler
from crackscan.edge.web.review.routes import begin_review

pytestmark = pytest.mark.system


def program(*names: str) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no {names[0]} on this machine: apt install chromium chromium-driver")
    return found


def wait_until(is_true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 30
    while not is_true():
        assert time.monotonic() < end, f"timed out waiting for {what}"
        time.sleep(0.1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    findings = []
    for width_px in (3.0, 6.0, 9.0):
        rgb = draw_wall(width_px)
        findings.append((measure_finding(rgb, find_crack_cells(rgb)), rgb))
    return make_survey(tmp_path / "s", findings)


@pytest.fixture
def browser(folder: Path) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium", "chromium-browser", "google-chrome")
    for one in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{one}")
    options.add_argument("--window-size=1200,800")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with (
        ReviewWriter(folder) as survey,
        serve_handler(begin_review(survey, None), Address("127.0.0.1", 0)) as served,
    ):
        browser = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
        try:
            browser.get(served.links()[0])
            yield browser
            errors = [one for one in browser.get_log("browser") if one["level"] == "SEVERE"]
            assert not errors
        finally:
            browser.quit()


def text(browser: Any, selector: str) -> str:
    return str(browser.find_element("css selector", selector).text)


def press(browser: Any, keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser).send_keys(keys).perform()


def pictures_are_there(browser: Any) -> bool:
    script = "return [...document.images].every(one => one.complete && one.naturalWidth > 0)"
    return bool(browser.execute_script(script))


def test_findings_are_reviewed_by_keys_and_by_touch(browser: Any, folder: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    wait_until(lambda: text(browser, "#title") == "Finding 1", "the first finding")
    wait_until(lambda: pictures_are_there(browser), "its pictures")
    press(browser, "a")
    wait_until(lambda: "name" in text(browser, "#trouble"), "the request for a name")
    press(browser, "Ann" + Keys.ENTER)
    press(browser, "a")
    wait_until(lambda: text(browser, "#title") == "Finding 2", "the second finding")
    press(browser, Keys.ARROW_RIGHT)
    wait_until(lambda: text(browser, "#title") == "Finding 3", "the third finding")
    press(browser, Keys.ARROW_LEFT)
    wait_until(lambda: text(browser, "#title") == "Finding 2", "the second again")
    browser.find_element("css selector", "#remark").send_keys("a <b>joint</b>")
    press(browser, Keys.ENTER)
    press(browser, "r")
    wait_until(lambda: text(browser, "#progress") == "2 of 3 reviewed", "two reviews")
    metrics = {"width": 390, "height": 780, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    wait_until(lambda: pictures_are_there(browser), "the pictures on a phone")
    wide = "return document.documentElement.scrollWidth <= innerWidth"
    assert browser.execute_script(wide), "the page does not fit a phone"
    browser.find_element("css selector", "#reject").click()
    wait_until(lambda: text(browser, "#progress") == "3 of 3 reviewed", "three reviews")
    with SurveyReader(folder) as survey:
        verdicts = [found.verdict for found in survey.findings()]
        [review] = survey.reviews(2)
    assert verdicts == [ReviewVerdict.ACCEPTED, ReviewVerdict.REJECTED, ReviewVerdict.REJECTED]
    assert (review.by, review.remark) == ("Ann", "a <b>joint</b>")
