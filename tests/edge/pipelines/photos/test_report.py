"""The report of a survey of photographs shows a crack as sharply as there is a picture of it."""

import base64
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from photographing import CRACKED, INTACT, NotingPool, jpeg, run, sample

from crackscan.core.pictures import RGB
from crackscan.edge.pipelines.photos.drawing import COPY_PX
from crackscan.edge.reporting.finding_drawing import draw_finding
from crackscan.edge.reporting.report.figures import embed_finding, replace_close_up
from crackscan.edge.reporting.survey_pictures import SurveyPictures
from crackscan.edge.survey import StoredFinding, SurveyReader


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One large photograph with one crack, and its survey."""
    folder = tmp_path_factory.mktemp("flight")
    wall = np.concatenate([sample(CRACKED), *[sample(INTACT)] * 9], axis=1)
    (folder / "a.jpg").write_bytes(jpeg(np.ascontiguousarray(wall)))
    assert wall.shape[1] > COPY_PX
    assert run(folder, folder / "visit", NotingPool()).findings
    return folder


def first(flight: Path) -> tuple[StoredFinding, str | None]:
    with SurveyReader(flight / "visit") as survey:
        found = next(survey.findings())
        return found, survey.close_up(found.id)


def test_the_photograph_itself_is_shown_while_it_is_there(flight: Path) -> None:
    found, _ = first(flight)
    width = found.sighting.frame_width
    there = SurveyPictures(flight / "visit", flight).read_frame(found)
    gone = SurveyPictures(flight / "visit", None).read_frame(found)
    assert there is not None and gone is not None
    assert there.shape[1] == width and gone.shape[1] == COPY_PX
    drawn = draw_finding(there, found.sighting, None)
    assert drawn.has_lines


def test_the_records_close_up_is_shown_when_the_photograph_is_gone(flight: Path) -> None:
    found, path = first(flight)
    pictures = SurveyPictures(flight / "visit", None)
    copy = pictures.read_frame(found)
    close = pictures.read_kept(path)
    assert copy is not None and close is not None
    figures = replace_close_up(embed_finding(copy, found.sighting, None), close)
    shown = decoded(figures.close_up)
    assert figures.is_partial and max(shown.shape) <= 960
    size = shown.shape[1], shown.shape[0]
    expected = cv2.resize(close, size, interpolation=cv2.INTER_AREA)
    assert np.abs(shown.astype(float) - expected).mean() < 8


def decoded(uri: str) -> RGB:
    data = base64.b64decode(re.sub(r"^data:image/jpeg;base64,", "", uri))
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
