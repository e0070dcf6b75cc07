"""A frame's cost by its pixels, and by the number of cracks that it shows."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from time import thread_time

import numpy as np
import numpy.typing as npt

from crackscan.benchmarks.growth.values import Point, time_curve
from crackscan.core.pictures import RGB, decode_picture
from crackscan.edge.appliance.bench.wall import STEP_PX, encoded_frames
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Rule, find_cracks
from crackscan.edge.detection.multiscale import ScaleDetection, merge_scales
from crackscan.edge.inference.model import Model
from crackscan.edge.tracking.wall_tracker import WallTracker

SIZES = ((160, 128), (320, 240), (640, 480), (1280, 720), (1920, 1080), (4000, 3000), (8000, 6000))
APART, TOGETHER = 8, 3
"""Cells from one spot of a crazed wall to the next: so far apart that a moving camera's pieces are
not joined to one crack, and the least at which a photograph's are two."""
FRAME = (1280, 720)
PHOTOGRAPH = (8000, 6000)


def by_pixels(model: Model, sizes: Iterable[tuple[int, int]], times: int) -> list[Point]:
    """The crack map of a picture, for pictures of several sizes."""
    points = []
    for width, height in sizes:
        rgb = decode_picture(encoded_frames(width, height)[0], Path("wall.jpg"))
        run = partial(_time_map, model, rgb)
        points.append(time_curve("crack map, by pixels", width * height, run, times, thread_time))
    return points


def _time_map(model: Model, rgb: RGB, _: int) -> object:
    return model.crack_map(rgb)


def by_reductions(size: tuple[int, int], times: int) -> list[Point]:
    """Decoding a photograph at a whole, a half, a quarter and an eighth of its size."""
    data = encoded_frames(*size)[0]
    return [
        time_curve(
            "decode a photograph, by reduction",
            reduction,
            partial(_time_decode, data, reduction),
            times,
            thread_time,
        )
        for reduction in (1, 2, 4, 8)
    ]


def _time_decode(data: bytes, reduction: int, _: int) -> object:
    return decode_picture(data, Path("wall.jpg"), reduction)


def crazed_map(rows: int, columns: int, count: int, apart: int) -> npt.NDArray[np.float32]:
    """A crack map with `count` separate, sure spots, or as many as there is room for."""
    cells = np.full((rows, columns), 0.01, np.float32)
    places = [(r, c) for r in range(1, rows, apart) for c in range(1, columns, apart)]
    at = np.linspace(0, len(places) - 1, min(count, len(places))).round().astype(int)
    for row, column in (places[i] for i in at):
        cells[row, column : column + 2] = 0.999
    return cells


def by_cracks_live(rule: Rule, counts: Iterable[int], times: int) -> list[Point]:
    """Findings and their identities in a frame of a moving camera: all stages but the model.

    The camera pans slowly, and the cracks lie still on the wall.
    """
    width, height = FRAME
    pictures = [decode_picture(one, Path("wall.jpg")) for one in encoded_frames(width, height)]
    way = [*range(len(pictures) // 2 + 1), *range(len(pictures) // 2 - 1, 0, -1)]
    rows, columns = -(-height // rule.cell_px), -(-width // rule.cell_px)
    past = -(-max(way) * STEP_PX // rule.cell_px)
    points = []
    for count in counts:
        wall = crazed_map(rows + past, columns + past, count, APART)
        tracker = WallTracker(rule)

        def scan(
            number: int, wall: npt.NDArray[np.float32] = wall, tracker: WallTracker = tracker
        ) -> int:
            moved_px = way[number % len(way)] * STEP_PX
            top, left = round(moved_px / 2 / rule.cell_px), round(moved_px / rule.cell_px)
            cells = wall[top : top + rows, left : left + columns]
            frame = _make_frame(pictures[number % len(pictures)], number)
            registered = tracker.register_frame(frame)
            found = find_cracks(cells, frame, rule)
            tracker.track_cracks(registered, cells)
            return len(found)

        found = scan(0)
        points.append(
            time_curve("live frame without the model, by findings", found, scan, times, thread_time)
        )
    return points


def by_cracks_photograph(rule: Rule, counts: Iterable[int], times: int) -> list[Point]:
    """Findings of a photograph of 48 megapixels, merged over two scales."""
    width, height = PHOTOGRAPH
    shape = -(-height // rule.cell_px), -(-width // rule.cell_px)
    blank = np.broadcast_to(np.zeros(3, np.uint8), (height, width, 3))
    points = []
    for count in counts:
        cells = crazed_map(*shape, count, TOGETHER)

        def scan(_: int, cells: npt.NDArray[np.float32] = cells) -> int:
            findings = find_cracks(cells, _make_frame(blank, 0), rule)
            labels = np.zeros(shape, np.int32)
            for number, finding in enumerate(findings, 1):
                rows, columns = np.array(finding.cells).T
                labels[rows, columns] = number
            surest = max((finding.probability for finding in findings), default=0.0)
            likely = cells >= rule.cell
            detection = ScaleDetection(labels, tuple(findings), likely, cells, surest)
            return len(merge_scales([detection], width, height, rule.cell_px))

        points.append(
            time_curve(
                "photograph without the model, by findings", scan(0), scan, times, thread_time
            )
        )
    return points


def _make_frame(rgb: RGB, number: int) -> Frame:
    return Frame(rgb, number, f"wall#{number}", "wall", number / 15, number / 15)
