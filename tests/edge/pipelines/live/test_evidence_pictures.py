"""The stored picture of a finding is the camera's full-resolution one, with its lines in place."""

import sys
from pathlib import Path

import numpy as np
import pytest

from crackscan.core.pictures import read_picture
from crackscan.edge.capture import open_source
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import BoundingBox, Finding
from crackscan.edge.measurement.scale import ScaleEstimator, ScaleSettings
from crackscan.edge.measurement.values import LineArray
from crackscan.edge.pipelines.live.recorder import Recorder
from crackscan.edge.positioning import NO_GEOTAG
from crackscan.edge.positioning.clock import Clock, ClockSource, Instant
from crackscan.edge.reporting.finding_drawing import draw_finding
from crackscan.edge.survey import Survey, SurveyInfo, SurveyReader, SurveyWriter
from crackscan.edge.survey.values import Sighting
from crackscan.edge.tracking.track import BestView, FrameStamp, Track, TrackState, TrackUpdate

sys.path.insert(0, str(Path(__file__).parents[2] / "capture"))
from pi_double import install

sys.path.pop(0)


def best(frame: Frame, quality: float) -> Track:
    box = BoundingBox(64, 64, 128, 96)
    finding = Finding(box, ((4, 4), (5, 7)), 512, 0.9, 0.95, 0.9)
    now = FrameStamp.of_frame(frame)
    view = BestView(now, finding, quality)
    return Track(1, TrackState.CONFIRMED, now, now, 3, 0.9, 0.95, view)


def test_a_finding_is_stored_in_full_resolution_with_its_box_in_frame_px(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch)
    survey = Survey.create(tmp_path / "s", SurveyInfo("s"), {}, "{}", Clock())
    writer = SurveyWriter(survey)
    recorder = Recorder(
        writer, Clock(), 16, ScaleEstimator.from_settings(ScaleSettings()), lambda _: None
    )
    with open_source("picamera:0#width=320") as source:
        frames = iter(source)
        first, better = next(frames), next(frames)
    for frame, quality in ((first, 1.0), (better, 2.0)):
        track = best(frame, quality)
        new = (track,) if frame is first else ()
        update = TrackUpdate(((track, track.best.finding),), new, (track,))
        recorder.record_frame(frame, NO_GEOTAG, update)
    at = Clock().now()
    writer.add_picture(writer.picture_of(better), "snapshot", at)
    recorder.end_tracks(())
    recorder.close(10.0)
    writer.close()
    with SurveyReader(tmp_path / "s") as record:
        [found] = record.findings()
    assert found.picture is not None
    picture = read_picture(tmp_path / "s" / found.picture)
    assert picture.shape == (768, 1024, 3)
    assert better.full is not None
    assert np.abs(picture.astype(int) - better.full().astype(int)).mean() < 4, "the better frame's"
    sighting = found.sighting
    assert (sighting.frame_width, sighting.frame_height) == (320, 240)
    assert sighting.box == BoundingBox(64, 64, 128, 96)
    sizes = [read_picture(path).shape for path in (tmp_path / "s" / "frames").glob("*.jpg")]
    assert set(sizes) == {(768, 1024, 3)}


@pytest.mark.parametrize("times", [1, 4])
def test_the_lines_lie_on_the_crack_in_a_picture_of_any_fineness(times: int) -> None:
    frame = np.full((240 * times, 320 * times, 3), 200, np.uint8)
    frame[:, 100 * times : 104 * times] = 20
    line: LineArray = np.array([[101.5, y, 4, 0.2] for y in range(60, 120)], np.float32)
    at = Instant(0.0, 0.0, ClockSource.NTP)
    box = BoundingBox(96, 64, 112, 112)
    sighting = Sighting(at, at, "f", 0, 320, 240, box, ((4, 6),), 256, 0.9, 0.9, 0.9, lines=(line,))
    drawn = draw_finding(frame, sighting, None)
    assert max(drawn.close_up.shape) <= 960 and drawn.has_lines
    row = drawn.close_up[drawn.close_up.shape[0] // 2].astype(int)
    coloured = np.flatnonzero(np.ptp(row, axis=1) > 60)
    dark = np.flatnonzero(row.max(axis=1) < 120)
    assert len(coloured) and len(dark)
    both = np.concatenate([coloured, dark])
    assert abs(coloured.mean() - (both.min() + both.max()) / 2) <= 0.02 * len(row)
    overview = drawn.overview.astype(int)
    row = overview[overview.shape[0] * 90 // 240]
    yellow = np.flatnonzero((row[:, 0] > 200) & (row[:, 2] < 80))
    assert abs(yellow.mean() / len(row) - 102 / 320) < 0.01
