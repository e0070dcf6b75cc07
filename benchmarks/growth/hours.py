"""Hours of one survey: what a frame costs while a camera goes along a wall without an end."""

import time
from collections.abc import Callable

import numpy as np

from crackscan.benchmarks.growth.values import Point
from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.appliance.bench.wall import STEP_PX
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Rule
from crackscan.edge.device.health import resident_mb
from crackscan.edge.inference.self_test import CRACKED, INTACT, SAMPLES
from crackscan.edge.tracking.wall_tracker import WallTracker

WIDTH, HEIGHT, CELL_PX = 640, 480, 16
FRAMES_PER_S = 5
MARKS = 24
"""Points per curve."""
APART = 40
"""Cells along the wall from one crack to the next."""


def by_hours(rule: Rule, hours: float, watch: Callable[[int], None]) -> list[Point]:
    """Processor time of a frame, all stages but the model, and memory, along a survey.

    The camera gives 5 frames a second and moves 6 px from one to the next, so that in an hour it
    passes 170 cracks, each of them once.
    """
    wall, period = _make_wall()
    tracker = WallTracker(rule)
    frames = round(hours * 3600 * FRAMES_PER_S)
    each = max(frames // MARKS, 1)
    taken_ms: list[float] = []
    points: list[Point] = []
    found = 0
    for number in range(frames):
        frame = _cut_frame(wall, number * STEP_PX % period, number)
        cells = _crack_map(number)
        began_s = time.thread_time()
        result = tracker.track_cracks(tracker.register_frame(frame), cells)
        taken_ms.append((time.thread_time() - began_s) * 1000)
        found += len(result.update.confirmed)
        if len(taken_ms) == each:
            minutes = round((number + 1) / FRAMES_PER_S / 60)
            middle, late = (float(one) for one in np.percentile(taken_ms, (50, 99)))
            held_mb = resident_mb() or 0.0
            points.append(Point("live frame without the model, by minutes", minutes, middle, late))
            points.append(
                Point("memory of a live scan, by minutes", minutes, held_mb, held_mb, "MB")
            )
            taken_ms.clear()
            watch(number + 1)
    passed = frames * STEP_PX // CELL_PX // APART
    assert abs(found - passed) <= 3 + passed // 50, (found, passed)
    return points


def _make_wall() -> tuple[RGB, int]:
    """A wall that repeats itself, more than a frame longer than its period in px."""
    cracked, intact = read_picture(SAMPLES / CRACKED), read_picture(SAMPLES / INTACT)
    row = np.hstack([cracked, cracked[:, ::-1], intact, intact[:, ::-1]])
    block = np.vstack([row, row[::-1]])
    times = -(-HEIGHT // block.shape[0]), 1 + -(-WIDTH // block.shape[1]), 1
    return np.tile(block, times)[:HEIGHT], block.shape[1]


def _cut_frame(wall: RGB, left: int, number: int) -> Frame:
    rgb = np.ascontiguousarray(wall[:, left : left + WIDTH])
    at_s = number / FRAMES_PER_S
    return Frame(rgb, number, f"wall#{number}", "wall", at_s, at_s)


def _crack_map(number: int) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    """The crack map of a frame: a short crack at equal distances along the wall."""
    first = number * STEP_PX / CELL_PX
    cells = np.full((HEIGHT // CELL_PX, WIDTH // CELL_PX), 0.01, np.float32)
    for column in range(cells.shape[1]):
        if round(first + column) % APART == 0:
            cells[12:18, column] = 0.999
    return cells
