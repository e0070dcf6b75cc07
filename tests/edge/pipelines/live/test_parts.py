"""The parts of a live scan: gaps, the route, throttling, and measuring in the background."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crackscan.core.pictures import read_picture
from crackscan.edge.capture import Source
from crackscan.edge.capture.condition import Gap
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import BoundingBox, Finding
from crackscan.edge.device.health import Health
from crackscan.edge.measurement.scale import ScaleEstimator, ScaleSettings
from crackscan.edge.pipelines.live.gaps import GapNotes, GapParameters
from crackscan.edge.pipelines.live.measurer import (
    GIVEN_UP,
    MeasurementTask,
    Measurer,
    MeasurerParameters,
    ViewMeasurement,
)
from crackscan.edge.pipelines.live.route import RouteSampler
from crackscan.edge.pipelines.live.throttle import Throttle
from crackscan.edge.positioning import NO_GEOTAG, Geotag, Position
from crackscan.edge.positioning.clock import Clock, ClockSource, Instant
from crackscan.edge.survey import Note, NoteKind

SAMPLES = Path(__file__).parents[4] / "samples"


def instant(at_s: float) -> Instant:
    return Instant(at_s, 1_800_000_000 + at_s, ClockSource.GPS)


def frame(width: int = 640, height: int = 480, index: int = 0) -> Frame:
    rgb = np.zeros((height, width, 3), np.uint8)
    return Frame(rgb, index, f"camera 0#{index}", "0", float(index), float(index))


def noted(*seen: tuple[float, str]) -> list[tuple[str, float, float]]:
    """What is noted of frames: (text, when it began, seconds)."""
    notes: list[Note] = []
    gaps = GapNotes(notes.append)
    for at_s, why in seen:
        gaps.note_frame(why, instant(at_s), at_s)
    gaps.end_gap()
    assert all(note.kind is NoteKind.GAP for note in notes)
    return [(note.text, note.at.monotonic_s, note.seconds) for note in notes]


def test_a_gap_lasts_from_its_first_frame_to_the_next_good_one() -> None:
    assert noted((1, ""), (2, "too fast"), (3, "too fast"), (4, "covered"), (5, ""), (6, "")) == [
        ("too fast", 2, 3)
    ]
    assert noted((1, "too fast"), (1.5, ""), (2, "too fast"), (2.5, "")) == [], (
        "short ones are not noted"
    )
    assert noted((1, "covered"), (4, "covered")) == [("covered", 1, 3)], "the scan ended in it"


def test_a_long_gap_is_noted_in_parts_that_follow_each_other() -> None:
    parts = noted(*((float(at_s), "paused") for at_s in range(150)), (150.0, ""))
    assert sum(seconds for _, _, seconds in parts) == 150 and len(parts) == 3
    assert all(seconds <= GapParameters().longest_s for _, _, seconds in parts)
    assert [began for _, began, _ in parts] == [0, 60, 120]


class Lost(Source):
    kind = "camera"

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(())


def test_a_gap_of_the_source_is_noted_once_with_its_time() -> None:
    notes: list[Note] = []
    gaps, source, clock = GapNotes(notes.append), Lost("0"), Clock()
    began_s = time.monotonic() - 100
    source.gaps.append(Gap(began_s, 30.0, "camera 0 gave no picture for 5 s"))
    for _ in range(2):
        gaps.note_source_gaps(source, clock)
    [note] = notes
    assert (note.text, note.seconds) == ("camera 0 gave no picture for 5 s", 30.0)
    assert note.at.monotonic_s == began_s and note.at.wall_s == pytest.approx(time.time() - 100, 1)


def geotag(lat: float, age_s: float) -> Geotag:
    return Geotag(Position(lat, 9.25, "gpsd", age_s))


def test_a_fix_is_recorded_once_and_a_stale_one_never() -> None:
    route = RouteSampler()
    assert route.sample_point(instant(10), NO_GEOTAG) is None
    assert route.sample_point(instant(10), geotag(47.5, 0.2)) is not None
    assert route.sample_point(instant(10.5), geotag(47.5, 0.7)) is None, "the same fix, older"
    assert route.sample_point(instant(11.5), geotag(47.5001, 0.1)) is not None
    assert route.sample_point(instant(12), geotag(47.5002, 0.1)) is None, (
        "not more than one a second"
    )
    assert route.sample_point(instant(20), geotag(47.5001, 0.1)) is None, "it rests"
    assert route.sample_point(instant(42), geotag(47.5001, 0.1)) is not None


def rest_s(throttle: Throttle, since_s: float = 0.0) -> float:
    """How long the next frame waits, if the last one began some seconds ago."""
    return throttle.next_due_s(100.0 - since_s, 100.0) - 100.0


def test_a_hot_machine_scans_more_slowly_and_says_so_until_it_has_cooled_down() -> None:
    messages: list[str] = []
    throttle = Throttle(messages.append)
    for _ in range(3):
        throttle.update_health(Health(85.0, None))
    assert throttle.message == "slowed down: the processor has 85 °C"
    assert 0.3 < rest_s(throttle) < 5
    for _ in range(20):
        throttle.update_health(Health(60.0, None))
    assert throttle.message == "" and rest_s(throttle) == 0
    assert messages == [
        "scanning more slowly: the processor has 85 °C",
        "scanning at full speed again",
    ]


def test_no_more_frames_are_scanned_than_wanted() -> None:
    throttle = Throttle(print, most_fps=50)
    assert rest_s(throttle, since_s=0.005) == pytest.approx(0.015)
    assert rest_s(throttle, since_s=0.03) <= 0, "a slow frame makes the next one wait no longer"


def test_a_slow_machine_scans_at_a_lower_resolution_and_says_so() -> None:
    messages: list[str] = []
    throttle = Throttle(messages.append, least_fps=4)
    large = frame(1280, 960)
    changes = [throttle.note_duration(0.5, throttle.resize_frame(large)) for _ in range(100)]
    assert sum(changes) == 2 == throttle.halvings and not any(changes[:14])
    assert throttle.resize_frame(large).rgb.shape == (240, 320, 3)
    assert throttle.message == "1/4 resolution"
    assert messages[0] == "scanning at 1/2 of the resolution: a frame took 500 ms"
    fast = Throttle(messages.append, least_fps=4)
    assert not any(fast.note_duration(0.1, large) for _ in range(100))
    assert fast.resize_frame(large) is large


def task(number: int, index: int) -> MeasurementTask:
    rgb = read_picture(SAMPLES / "cracked-patch-upright.jpg")[:224, :224]
    shown = replace(frame(index=index), rgb=np.ascontiguousarray(rgb))
    cells = tuple((row, col) for row in range(14) for col in range(14))
    finding = Finding(BoundingBox(0, 0, 224, 224), cells, 0, 0.9, 0.9, 0.9)
    return MeasurementTask(number, finding, shown, NO_GEOTAG)


def until(met: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 60
    while not met():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_findings_are_measured_in_the_background() -> None:
    done: list[tuple[int, ViewMeasurement]] = []
    scaling = ScaleEstimator.from_settings(
        ScaleSettings.parse(None, None, None, False, "0,0,100,0,50")
    )
    measurer = Measurer(16, scaling, lambda one, measured: done.append((one.number, measured)))
    measurer.add_task(task(7, 0))
    until(lambda: bool(done))
    measurer.close(10)
    [(number, measured)] = done
    assert number == 7 and measured.measures.width_median is not None and measured.lines
    assert measured.scale is not None and measured.scale.mm_per_px == pytest.approx(0.5, rel=0.1)


def test_too_many_findings_are_recorded_without_measures() -> None:
    done: dict[int, str] = {}
    measurer = Measurer(
        16,
        ScaleEstimator.from_settings(ScaleSettings()),
        lambda one, measured: done.update({one.number: measured.measures.why}),
        MeasurerParameters(most_bytes=4 * 224 * 224 * 3),
    )
    began_s = time.monotonic()
    for number in range(60):
        measurer.add_task(task(number, number))
    measurer.close(60)
    assert time.monotonic() - began_s < 50
    assert set(done) == set(range(60)), "each is reported"
    given_up = [number for number, why in done.items() if why == GIVEN_UP]
    assert given_up and done[59] != GIVEN_UP, "the newest are measured"
