"""A record with many findings: what one more costs, and what a question costs."""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from crackscan.benchmarks.growth.values import Point, time_curve
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.positioning import Geotag, Position
from crackscan.edge.positioning.clock import ClockSource, Instant
from crackscan.edge.survey import (
    GeoBox,
    Measurement,
    Measurements,
    Scale,
    Sighting,
    Survey,
    SurveyInfo,
    SurveyReader,
    Which,
)

BATCH = 5000
APART_S = 4.0
"""Between findings, so that a million of them are 46 days of scanning."""
ASKED = 20
"""Findings that a question for a time or a place is about: a screenful."""


def by_findings(folder: Path, counts: Iterable[int], times: int) -> list[Point]:
    """Cost of an insertion, synced to the disk, and of questions, at several sizes of a record."""
    points: list[Point] = []
    done = 0
    with Survey.create(folder / "survey", SurveyInfo("growth"), {}, "{}") as survey:
        for count in sorted(counts):
            while done < count:
                with survey.transaction():
                    for number in range(done, min(done + BATCH, count)):
                        survey.add_finding(make_finding(number))
                done = min(done + BATCH, count)
            more = [make_finding(done + number) for number in range(times + 1)]
            points.append(
                time_curve("insert a finding", done, partial(_insert_findings, survey, more), times)
            )
            done += times + 1
            points += _time_queries(survey.folder, done, times)
            out = partial(_take_out, survey, done)
            points.append(time_curve("take a replaced picture out", done, out, times))
    return points


def _insert_findings(survey: Survey, more: Sequence[Sighting], number: int) -> object:
    return survey.add_finding(more[number])


def _take_out(survey: Survey, done: int, number: int) -> object:
    """A picture's findings go, as they do before it is scanned again."""
    return survey.forget_scanned(make_finding(done - 1 - number).frame)


def make_finding(number: int) -> Sighting:
    """A finding as a scan records it, measured, with its position."""
    rng = np.random.default_rng(number)
    at = Instant(number * APART_S, 1.7e9 + number * APART_S, ClockSource.GPS)
    row, column = (int(one) for one in rng.integers(2, 28, 2))
    cells = tuple((row + step, column + step // 2) for step in range(12))
    x = np.arange(40, dtype=np.float32)
    line = np.stack([16 * column + x, 16 * row + 2 * x, 2 + 0 * x, 0.3 + 0 * x], 1)
    figure = Measurement(2.0, 0.3)
    return Sighting(
        first=at,
        last=at,
        frame=f"camera 0#{number * 60}",
        frame_index=number * 60,
        frame_width=640,
        frame_height=480,
        box=BoundingBox(16 * column, 16 * row, 16 * column + 112, 16 * row + 192),
        cells=cells,
        area_px=len(cells) * 256,
        probability=0.9,
        peak=0.99,
        mean=0.9,
        frames_seen=20,
        geotag=Geotag(Position(*position_on_wall(number), "gpsd", 0.5)),
        scale=Scale(0.2, 0.05, "laser"),
        measures=Measurements(figure, figure, figure, figure, (100.0, 100.0)),
        lines=(line,),
    )


def position_on_wall(number: int) -> tuple[float, float]:
    """Latitude and longitude: along walls 0.01 degrees long, one after the other."""
    return 52.0 + (number // 1000) * 1e-5, 13.0 + (number % 1000) * 1e-5


def _time_queries(folder: Path, count: int, times: int) -> list[Point]:
    rng = np.random.default_rng(count)
    numbers = rng.integers(0, max(count - ASKED, 1), times + 1).tolist()

    with SurveyReader(folder) as reader:

        def by_time(i: int) -> int:
            since = 1.7e9 + numbers[i] * APART_S
            return len(list(reader.findings(Which(from_s=since, to_s=since + ASKED * APART_S))))

        def by_place(i: int) -> int:
            south, west = position_on_wall(numbers[i])
            box = GeoBox(south - 1e-6, west - 1e-6, south + 1e-6, west + ASKED * 1e-5)
            return len(list(reader.findings(Which(box=box))))

        def onwards(i: int) -> int:
            return len(list(islice(reader.findings(Which(after=numbers[i])), ASKED)))

        return [
            time_curve(
                "ask for a finding by its number",
                count,
                lambda i: reader.finding(numbers[i] + 1),
                times,
            ),
            time_curve(f"ask for {ASKED} findings by time", count, by_time, times),
            time_curve(f"ask for {ASKED} findings by place", count, by_place, times),
            time_curve(f"ask for the next {ASKED} findings", count, onwards, times),
        ]
