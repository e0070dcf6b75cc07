"""Makes surveys without a model, for the tests of report, review and comparison."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from crackscan.core.picture_writing import encode_jpeg
from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.measurement.width import measure_crack
from crackscan.edge.positioning import Geotag, Position
from crackscan.edge.positioning.clock import ClockSource, Instant
from crackscan.edge.survey import (
    Measurement,
    Measurements,
    Scale,
    ScannedPicture,
    Sighting,
    Survey,
    SurveyInfo,
)

SAMPLES = Path(__file__).parents[3] / "samples"
WALL_S = 1_800_000_000.0
SCALE = Scale(0.1, 0.05, "distance")
INFO = SurveyInfo("north face", "Mill Bridge", "pi-7", "photos", "crack-s", "3")


def make_instant(at_s: float, origin: ClockSource = ClockSource.GPS) -> Instant:
    return Instant(100.0 + at_s, WALL_S + at_s, origin)


def make_geotag(east: float = 0.0, north: float = 0.0) -> Geotag:
    """A position about that many metres east and north of the corner of the bridge."""
    return Geotag(Position(47.5 + north / 111_200, 9.25 + east / 75_200, "gpsd", 0.4, 2.5))


def draw_wall(width_px: float = 4.0, to: int = 420, shift: tuple[int, int] = (0, 0)) -> RGB:
    """A wall of real texture with one dark crack, 640x480; `shift` moves the camera, in pixels."""
    tile = read_picture(SAMPLES / "patches/negative/00635.jpg")[:224, :224]
    half = np.concatenate([tile, tile[:, ::-1]], axis=1)
    whole = np.concatenate([half, half[::-1]], axis=0)
    wall = cv2.resize(np.concatenate([whole, whole], axis=1), (1200, 800))
    random = np.random.default_rng(7)
    for x, y, r in random.integers((0, 0, 2), (1200, 800, 9), (120, 3)).tolist():
        cv2.circle(wall, (x, y), r, (int(90 + 9 * r),) * 3, -1, cv2.LINE_AA)
    across = np.linspace(80, to, 60)
    x, t = 280 + across, (across - 80) / 280
    y = 160 + 200 + 40 * np.sin(5 * t) + 60 * t
    points = np.rint(np.stack([x, y], 1) * 16).astype(np.int32)[:, None]
    big = cv2.resize(wall, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    cv2.polylines(big, [points * 2], False, (30, 30, 30), round(2 * width_px), cv2.LINE_AA, 4)
    wall = cv2.GaussianBlur(cv2.resize(big, (1200, 800), interpolation=cv2.INTER_AREA), (0, 0), 0.7)
    left, top = 280 + shift[0], 160 + shift[1]
    return np.ascontiguousarray(wall[top : top + 480, left : left + 640])


def measure_finding(rgb: RGB, cells: np.ndarray, **changes: Any) -> Sighting:
    """What a scan would record of the crack in some cells of a picture."""
    found = measure_crack(rgb, cells)
    spread = found.width
    rows, cols = np.nonzero(cells)
    height, width = rgb.shape[:2]
    plain = Sighting(
        first=make_instant(1),
        last=make_instant(1),
        frame="wall.jpg",
        frame_index=0,
        frame_width=width,
        frame_height=height,
        box=BoundingBox(
            int(cols.min()) * 16,
            int(rows.min()) * 16,
            min((int(cols.max()) + 1) * 16, width),
            min((int(rows.max()) + 1) * 16, height),
        ),
        cells=tuple((int(r), int(c)) for r, c in zip(rows, cols, strict=True)),
        area_px=len(rows) * 256,
        probability=0.97,
        peak=0.99,
        mean=0.8,
        scale=SCALE,
        geotag=make_geotag(),
        measures=Measurements(
            Measurement(found.length_px, found.length_uncertainty_px) if found.branches else None,
            *(
                None
                if one.value_px is None or one.uncertainty_px is None
                else Measurement(one.value_px, one.uncertainty_px)
                for one in (spread.median, spread.percentile95, spread.maximum)
            ),
            spread.maximum_at,
            str(spread.median.not_measurable or ""),
        ),
        lines=tuple(branch.line for branch in found.branches),
    )
    return replace(plain, **changes)


def find_crack_cells(rgb: RGB, shift: tuple[int, int] = (0, 0)) -> np.ndarray:
    """The cells (bool) of the crack that `draw_wall` draws, with the same shift of the camera."""
    cells = np.zeros((-(-rgb.shape[0] // 16), -(-rgb.shape[1] // 16)), bool)
    for x in range(90, 500, 4):
        if rgb.shape[1] > x - shift[0] >= 0:
            column = rgb[:, x - shift[0]].astype(int).sum(axis=1)
            row = int(column.argmin())
            if column[row] < 250:
                cells[row // 16, (x - shift[0]) // 16] = True
    return cells


def make_sighting(number: int, width_px: float | None, **changes: Any) -> Sighting:
    """A finding of a given width, without lines or picture."""
    width = None if width_px is None else Measurement(width_px, 0.1 * width_px)
    measures = Measurements(
        Measurement(100.0, 3.0), width, width, width, None, "" if width else "no contrast"
    )
    plain = Sighting(
        first=make_instant(number),
        last=make_instant(number),
        frame=f"p{number:05d}.jpg",
        frame_index=number,
        frame_width=640,
        frame_height=480,
        box=BoundingBox(32, 32, 64, 64),
        cells=((2, 2), (2, 3)),
        area_px=512,
        probability=0.9,
        peak=0.95,
        mean=0.8,
        geotag=make_geotag(number % 100, number // 100),
        scale=SCALE,
        measures=measures,
    )
    return replace(plain, **changes)


def make_survey(
    folder: Path,
    findings: Sequence[tuple[Sighting, RGB | None]],
    empty: Sequence[str] = (),
    info: SurveyInfo = INFO,
) -> Path:
    """A closed survey with these findings, each with its picture, and with empty pictures."""
    with Survey.create(folder, info, {"threshold": 0.71}, '{"name": "crack-s"}') as survey:
        for sighting, rgb in findings:
            number = survey.add_finding(sighting)
            if rgb is not None:
                survey.add_picture(encode_jpeg(rgb), sighting.frame, sighting.first, number)
        for name in empty:
            survey.add_scanned(ScannedPicture(name, make_instant(2)))
    return folder
