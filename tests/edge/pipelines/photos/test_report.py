"""The report of a survey of photographs shows a crack as sharply as there is a picture of it."""

import base64
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from photographing import CRACKED, INTACT, AloneCrew, jpeg, run, sample

from crackscan.core.pictures import RGB
from crackscan.edge.pipelines.photos.drawing import COPY_PX
from crackscan.edge.reporting.report.pictures import (
    Pictures,
    draw_finding,
    figures_of,
    with_close_up,
)
from crackscan.edge.survey import StoredFinding, SurveyReader


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One large photograph with one crack, and its survey."""
    folder = tmp_path_factory.mktemp("flight")
    wall = np.concatenate([sample(CRACKED), *[sample(INTACT)] * 9], axis=1)
    (folder / "a.jpg").write_bytes(jpeg(np.ascontiguousarray(wall)))
    assert wall.shape[1] > COPY_PX
    assert run(folder, folder / "visit", AloneCrew()).findings
    return folder


def first(flight: Path) -> tuple[StoredFinding, str | None]:
    with SurveyReader(flight / "visit") as survey:
        found = next(survey.findings())
        return found, survey.close_up(found.id)


def test_the_photograph_itself_is_shown_while_it_is_there(flight: Path) -> None:
    found, _ = first(flight)
    width = found.sighting.frame_width
    there = Pictures(flight / "visit", flight).of_finding(found.picture, "a.jpg", width)
    gone = Pictures(flight / "visit", None).of_finding(found.picture, "a.jpg", width)
    assert there is not None and gone is not None
    assert there.shape[1] == width and gone.shape[1] == COPY_PX
    drawn = draw_finding(there, found.sighting, None)
    assert drawn.has_lines


def test_the_records_close_up_is_shown_when_the_photograph_is_gone(flight: Path) -> None:
    found, path = first(flight)
    pictures = Pictures(flight / "visit", None)
    copy = pictures.of_finding(found.picture, "a.jpg", found.sighting.frame_width)
    close = pictures.of_survey(path)
    assert copy is not None and close is not None
    figures = with_close_up(figures_of(copy, found.sighting, None), close)
    shown = decoded(figures.close_up)
    assert figures.part and max(shown.shape) <= 960
    size = shown.shape[1], shown.shape[0]
    expected = cv2.resize(close, size, interpolation=cv2.INTER_AREA)
    assert np.abs(shown.astype(float) - expected).mean() < 8


def decoded(uri: str) -> RGB:
    data = base64.b64decode(re.sub(r"^data:image/jpeg;base64,", "", uri))
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
